/**
 * `/audit`: what happened, page by page, whether the chain is whole, and the heads that prove it. For `auditor`
 * and `admin`; a site sees its own rows.
 */
import { z } from '@hono/zod-openapi';
import { auditHeadSchema, auditVerdictSchema } from '#shared/protocol/audit-head.ts';
import type { Db } from '../database/database.ts';
import { callerOf, createRouter, defineRoute, jsonResponse, type Router } from '../http/route.ts';
import type { AuditHeads } from './audit-heads.ts';
import { verifyAudit } from './verify-audit.ts';

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

/** The wire's schema, named in the contract. */
const verdictSchema = z.discriminatedUnion('kind', [...auditVerdictSchema.options]).openapi('AuditVerdict');

const verify = defineRoute({
  method: 'get',
  path: '/audit/verify',
  roles: READERS,
  tags: ['audit'],
  responses: {
    200: jsonResponse(
      verdictSchema,
      'Whole, with the last row that a signed head proves; or the first row that cannot be believed.',
    ),
  },
});

const heads = defineRoute({
  method: 'get',
  path: '/audit/heads',
  roles: READERS,
  tags: ['audit'],
  summary: 'The signed heads of the trail, to be kept elsewhere',
  request: {
    query: z.object({
      /** The `next` of the page before; the oldest come first. */
      after: z.coerce.number().int().min(0).default(0),
      limit: z.coerce.number().int().min(1).max(PAGE_LIMIT).default(PAGE_DEFAULT),
    }),
  },
  responses: {
    200: jsonResponse(
      z.object({
        heads: z.array(z.object({ ...auditHeadSchema.shape, jws: z.string() }).openapi('AuditHead')),
        next: z.number().int().nullable(),
      }),
      'A page, each head with the JWS that was signed; its key is in `/.well-known/jwks.json`.',
    ),
  },
});

type Tools = { readonly db: Db; readonly auditHeads: AuditHeads };

export function auditRoutes({ db, auditHeads }: Tools): Router {
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
  router.openapi(verify, async (c) => c.json(await verifyAudit(db, auditHeads), 200));
  router.openapi(heads, async (c) => {
    const { after, limit } = c.req.valid('query');
    const page = await auditHeads.page(after, limit);
    const read = await Promise.all(
      page.heads.map(async (jws) => ({ jws, head: await auditHeads.read(jws) })),
    );
    const shown = read.flatMap(({ jws, head }) => (head === null ? [] : [{ ...head, jws }]));
    return c.json({ heads: shown, next: page.next }, 200);
  });
  return router;
}
