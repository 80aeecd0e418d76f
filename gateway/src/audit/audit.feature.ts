/** Serves the audit trail to those who may read it. Every other feature writes it through audit.ts. */
import type { Feature } from '../feature.ts';
import { auditRoutes, type AuditRouteTools } from './audit.routes.ts';
import { closeReadings } from './record-reading.ts';

/** Until a head is signed, new rows are only chained, and the database's owner could rewrite them unnoticed. */
const HEAD_EVERY_SECONDS = 300;
const READINGS_EVERY_SECONDS = 60;

export function auditFeature(tools: AuditRouteTools): Feature {
  return {
    routes: [auditRoutes(tools)],
    clocks: [
      {
        name: 'audit-heads',
        everySeconds: HEAD_EVERY_SECONDS,
        run: (signal) => tools.auditHeads.advance(signal),
      },
      { name: 'audit-readings', everySeconds: READINGS_EVERY_SECONDS, run: () => closeReadings(tools) },
    ],
  };
}
