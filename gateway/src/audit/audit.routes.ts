/**
 * `/audit`: what happened, page by page, and whether the chain is whole. For `auditor` and `admin`; a site
 * sees its own rows.
 */
import { z } from '@hono/zod-openapi';
import type { Db } from '../database/database.ts';
import { callerOf, createRouter, defineRoute, jsonResponse, type Router } from '../http/route.ts';
import { verifyAudit } from './audit.ts';

/** A page is read and shown at once; more would be neither. */
const PAGE_LIMIT = 1_000;
const PAGE_DEFAULT = 100;

const READERS = ['auditor', 'admin'] as const;

const rowSchema = z
  .object({
    seq: z.number().int(),
    at: z.iso.datetime(),
    event: z.string(),
    fields: z.record(z.string(), z.unknown()),
    hash: z.string(),
  })
  .openapi('AuditRow');

const list = defineRoute({
  method: 'get',
  path: '/audit',
  roles: READERS,
  tags: ['audit'],
  request: {
    query: z.object({
      /** Rows after this one, oldest first. */
      after: z.coerce.number().int().min(0).default(0),
      limit: z.coerce.number().int().min(1).max(PAGE_LIMIT).default(PAGE_DEFAULT),
    }),
  },
  responses: {
    200: jsonResponse(
      z.object({ rows: z.array(rowSchema), next: z.number().int().nullable() }),
      'A page; `next` is the `after` of the following one.',
    ),
  },
});

const verdictSchema = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('whole'), rows: z.number().int(), head: z.string() }),
    z.object({ kind: z.literal('broken'), atSeq: z.number().int() }),
  ])
  .openapi('AuditVerdict');

const verify = defineRoute({
  method: 'get',
  path: '/audit/verify',
  roles: READERS,
  tags: ['audit'],
  responses: {
    200: jsonResponse(
      verdictSchema,
      'Whole, with the hash of its last row to be kept elsewhere; or the first row that does not follow from the one before it.',
    ),
  },
});

export function auditRoutes({ db }: { readonly db: Db }): Router {
  const router = createRouter();
  router.openapi(list, async (c) => {
    const { after, limit } = c.req.valid('query');
    const rows = await db
      .selectFrom('audit')
      .selectAll()
      .where('site_id', '=', callerOf(c).siteId)
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(limit)
      .execute();
    const shown = rows.map(({ seq, at, event, fields, hash }) => ({
      seq,
      at: at.toISOString(),
      event,
      fields,
      hash,
    }));
    return c.json({ rows: shown, next: rows.length < limit ? null : rows.at(-1)!.seq }, 200);
  });
  router.openapi(verify, async (c) => c.json(await verifyAudit(db), 200));
  return router;
}
