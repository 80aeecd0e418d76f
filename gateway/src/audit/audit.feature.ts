/** The audit trail, for those who read it. Every other feature writes it through audit.ts. */
import type { Db } from '../database/database.ts';
import type { Feature } from '../feature.ts';
import { auditRoutes } from './audit.routes.ts';

export function auditFeature(tools: { readonly db: Db }): Feature {
  return { routes: [auditRoutes(tools)] };
}
