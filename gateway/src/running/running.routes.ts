/** The gateway's health, version and metrics. Health and version are public, and reveal nothing else. */
import { z } from '@hono/zod-openapi';
import { accepts } from 'hono/accepts';
import type { Db } from '../database/database.ts';
import { healthSchema, type START_WAITS, versionSchema } from '#shared/protocol/api.ts';
import { METRICS_PERIODS, modelMetricsSchema } from '#shared/protocol/inference.ts';
import { PROTOCOL_VERSION } from '#shared/protocol/limits.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { callerOf, createRouter, defineRoute, jsonResponse, type Router } from '../http/route.ts';
import { modelMetrics } from '../models/model-use.store.ts';
import type { PacsState } from './is-up.ts';
import type { Metrics } from '../observability/metrics.ts';

const health = z.object(healthSchema.shape).openapi('Health');
const alive = z.object({ status: z.literal('ok') });
const everybody = { method: 'get', roles: 'public', tags: ['running'] } as const;

/** RFC 3339 allows the year 0, but the database's calendar does not. */
const day = z.iso.date().refine((text) => text >= '1970', 'a day since 1970');
const routes = {
  health: defineRoute({
    ...everybody,
    path: '/health',
    summary: 'Whether the gateway and its parts work',
    tags: ['running'],
    responses: {
      200: jsonResponse(
        health,
        'It works; `degraded` while the PACS does not answer, the disk is full, or the certificate could not be renewed.',
      ),
      503: jsonResponse(
        health,
        'It starts (`waitsFor` says what is missing), stops, or its database does not answer.',
      ),
    },
  }),
  live: defineRoute({
    ...everybody,
    path: '/health/live',
    summary: 'Whether the process answers',
    tags: ['running'],
    responses: { 200: jsonResponse(alive, 'The process answers.') },
  }),
  ready: defineRoute({
    ...everybody,
    path: '/health/ready',
    summary: 'Whether it takes studies',
    tags: ['running'],
    problems: ['not-ready', 'storage-full'],
    responses: {
      200: jsonResponse(alive, 'It takes studies. A PACS that is down does not matter: they wait.'),
    },
  }),
  version: defineRoute({
    ...everybody,
    path: '/version',
    summary: 'Its version, and the editions that it speaks',
    tags: ['running'],
    responses: {
      200: jsonResponse(z.object(versionSchema.shape).openapi('Version'), 'The version that runs here.'),
    },
  }),
  metrics: defineRoute({
    method: 'get',
    path: '/metrics',
    operationId: 'getMetrics',
    roles: ['auditor', 'admin'],
    keys: ['metrics'],
    tags: ['running'],
    summary:
      'How busy it is; with `Accept: application/json` how each version of each model does, for a while (`from`, `to`: days in UTC)',
    request: {
      query: z.object({
        from: day.optional(),
        to: day.optional(),
        by: z.enum(METRICS_PERIODS).default('day'),
      }),
    },
    responses: {
      200: {
        description: 'Prometheus exposition format, or the models’ performance and history.',
        content: {
          'text/plain': { schema: z.string() },
          'application/json': { schema: z.object(modelMetricsSchema.shape).openapi('ModelMetrics') },
        },
      },
    },
  }),
};

/** The step of the start that the gateway is waiting for, or the state afterwards. */
export type Phase = (typeof START_WAITS)[number] | 'running' | 'stopping';

export type RunningTools = {
  readonly db: Db;
  readonly isDatabaseUp: () => Promise<boolean>;
  readonly now: () => Date;
  readonly metrics: Metrics;
  readonly pacsState: () => Promise<PacsState>;
  readonly isFull: () => Promise<boolean>;
  /** Null: no TLS. */
  readonly certificate: { state(): 'none' | 'ok' | 'not-renewed' } | null;
  readonly phase: () => Phase;
  readonly version: string;
  readonly profileEdition: string;
};

export function runningRoutes({
  db,
  now,
  metrics,
  isDatabaseUp,
  pacsState,
  isFull,
  certificate,
  phase,
  version,
  profileEdition,
}: RunningTools): Router {
  const router = createRouter();

  router.openapi(routes.health, async (c) => {
    const [isAnswering, pacs, isOut] = await Promise.all([isDatabaseUp(), pacsState(), isFull()]);
    const parts = {
      database: isAnswering ? 'ok' : 'failing',
      pacs,
      disk: isOut ? 'full' : 'ok',
      certificate: certificate?.state() ?? 'none',
    } as const;
    const at = phase();
    if (!isAnswering) return c.json({ status: 'failing' as const, ...parts }, 503);
    if (at === 'stopping') return c.json({ status: at, ...parts }, 503);
    if (at !== 'running') return c.json({ status: 'starting' as const, waitsFor: at, ...parts }, 503);
    const isWell = pacs === 'ok' && !isOut && parts.certificate !== 'not-renewed';
    return c.json({ status: isWell ? ('ok' as const) : ('degraded' as const), ...parts }, 200);
  });
  router.openapi(routes.live, (c) => c.json({ status: 'ok' as const }, 200));
  router.openapi(routes.ready, async (c) => {
    if (await isFull()) throw new Problem('storage-full');
    if (phase() !== 'running' || !(await isDatabaseUp()))
      throw new Problem('not-ready', undefined, { 'Retry-After': '1' });
    return c.json({ status: 'ok' as const }, 200);
  });
  router.openapi(routes.version, (c) =>
    c.json({ name: 'relaypacs', version, protocolVersion: PROTOCOL_VERSION, profileEdition }, 200),
  );
  router.openapi(routes.metrics, async (c) => {
    c.header('Vary', 'Accept');
    if (
      accepts(c, {
        header: 'Accept',
        supports: ['text/plain', 'application/json'],
        default: 'text/plain',
      }) === 'application/json'
    ) {
      return c.json(await modelMetrics(db, callerOf(c).siteId, c.req.valid('query'), now()), 200);
    }
    const { text, contentType } = await metrics.render();
    return c.text(text, 200, { 'Content-Type': contentType });
  });
  return router;
}
