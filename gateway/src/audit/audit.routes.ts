/**
 * `/audit`: the events page by page, whether the chain is intact, and the heads that prove it. For `auditor` and
 * `admin`; a site sees only its own rows. Reading the trail is itself an event (record-reading.ts).
 */
import { z } from '@hono/zod-openapi';
import { AUDIT_KINDS } from '#shared/protocol/audit-events.ts';
import { auditHeadSchema, auditVerdictSchema } from '#shared/protocol/audit-head.ts';
import { auditPageSchema, auditPeopleSchema, auditRowSchema } from '#shared/protocol/audit-page.ts';
import { uidSchema } from '#shared/protocol/forms.ts';
import type { Db } from '../database/database.ts';
import { streamEvents } from '../http/event-stream.ts';
import { instantSchema, isInTime } from '../http/instant.ts';
import { callerOf, createRouter, defineRoute, jsonResponse, type Router } from '../http/route.ts';
import type { Log } from '../observability/log.ts';
import type { AuditHeads } from './audit-heads.ts';
import { findEvents, type AuditFilter } from './find-events.ts';
import { nameFields } from './name-fields.ts';
import { areReadingsPending, recordReading } from './record-reading.ts';
import { CSV_HEADERS, saveEvents } from './save-events.ts';
import { caseAsked, studyAsked, type StudyAsked } from './subjects.ts';
import { verifyAudit } from './verify-audit.ts';

/** A larger page would take too long to read and to show. */
const PAGE_LIMIT = 1_000;
const PAGE_DEFAULT = 100;
/** A person reads these events, and each comes with names for the ids in it. */
const EVENTS_LIMIT = 200;
const EVENTS_DEFAULT = 50;

const READERS = ['auditor', 'admin'] as const;

const rowSchema = z.object(auditRowSchema.shape).openapi('AuditRow');

const list = defineRoute({
  method: 'get',
  path: '/audit',
  operationId: 'listAuditRows',
  roles: READERS,
  tags: ['audit'],
  summary: 'The rows in the order of the chain',
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

/** The cursor of a page: the time and the number of the last event on the page before. */
const place = z
  .string()
  .regex(/^\d{1,15}~\d{1,15}$/, 'the cursor of the page before')
  .transform((text) => {
    const [ms = '', seq = ''] = text.split('~');
    return { at: new Date(Number(ms)), seq: Number(seq) };
  })
  .refine(({ at }) => isInTime(at), 'not a page');

const eventsQuery = z.object({
  from: instantSchema.optional(),
  to: instantSchema.optional().openapi({ description: 'Not included.' }),
  person: z.uuid().optional().openapi({ description: 'Did it, or had it done to their account.' }),
  kind: z.enum(AUDIT_KINDS).optional(),
  outcome: z.enum(['failed']).optional().openapi({ description: 'Minor and serious failures alone.' }),
  study: uidSchema
    .or(z.uuid())
    .optional()
    .openapi({ description: 'A Study Instance UID, or the `study.id` of an answer.' }),
  case: z.coerce
    .number()
    .int()
    .min(1)
    .max(999_999_999)
    .or(z.uuid())
    .optional()
    .openapi({ description: 'Its number or its id.' }),
  device: z.uuid().optional().openapi({ description: 'Did it, or its right to send began or ended.' }),
  before: place.optional().openapi({ description: 'The `next` of the page before.' }),
  limit: z.coerce.number().int().min(1).max(EVENTS_LIMIT).default(EVENTS_DEFAULT),
  format: z
    .enum(['csv'])
    .optional()
    .openapi({ description: 'All of them as CSV, which is itself an event. Without `before` and `limit`.' }),
});

const events = defineRoute({
  method: 'get',
  path: '/audit/events',
  roles: READERS,
  tags: ['audit'],
  summary: 'The events that are looked for, the newest first, with names for their ids',
  request: { query: eventsQuery },
  responses: {
    200: {
      description: 'A page, or the CSV.',
      content: {
        'application/json': { schema: auditPageSchema.extend({ rows: z.array(rowSchema) }) },
        'text/csv': { schema: z.string() },
      },
    },
  },
});

const people = defineRoute({
  method: 'get',
  path: '/audit/people',
  operationId: 'listAuditPeople',
  roles: READERS,
  tags: ['audit'],
  summary: 'Everybody of the site who may be behind an event',
  responses: { 200: jsonResponse(auditPeopleSchema, 'By name.') },
});

/** The protocol's schema, under the name that it has in the API contract. */
const verdictSchema = z.discriminatedUnion('kind', [...auditVerdictSchema.options]).openapi('AuditVerdict');

const verify = defineRoute({
  method: 'get',
  path: '/audit/verify',
  operationId: 'verifyAudit',
  summary: 'Check the whole chain of the trail',
  roles: READERS,
  tags: ['audit'],
  responses: {
    200: jsonResponse(
      verdictSchema,
      'Whole, with the last row that a signed head proves; or the first row that cannot be believed.',
    ),
  },
});

const verifyEvents = defineRoute({
  method: 'get',
  path: '/audit/verify/events',
  operationId: 'streamAuditVerification',
  roles: READERS,
  tags: ['audit'],
  summary: 'The same as server-sent events: `progress` with `checked` and `of`, then `verdict`',
  responses: { 200: { description: 'A stream', content: { 'text/event-stream': { schema: z.string() } } } },
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

type Row = {
  readonly seq: number;
  readonly at: Date;
  readonly event: string;
  readonly fields: Record<string, unknown>;
  readonly hash: string;
};
const toShown = ({ seq, at, event, fields, hash }: Row) => ({
  ...{ seq, at: at.toISOString() },
  ...{ event, fields, hash },
});

export type AuditRouteTools = {
  readonly db: Db;
  readonly now: () => Date;
  readonly log: Log;
  readonly auditHeads: AuditHeads;
};

export function auditRoutes(tools: AuditRouteTools): Router {
  const { db, auditHeads } = tools;
  const router = createRouter();
  router.openapi(list, async (c) => {
    const { after, limit } = c.req.valid('query');
    await recordReading(tools, callerOf(c), null, 'trail');
    const rows = await db
      .selectFrom('audit')
      .selectAll()
      .where('site_id', '=', callerOf(c).siteId)
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(limit)
      .execute();
    return c.json({ rows: rows.map(toShown), next: rows.length < limit ? null : rows.at(-1)!.seq }, 200);
  });
  router.openapi(heads, async (c) => {
    const { after, limit } = c.req.valid('query');
    const page = await auditHeads.page(after, limit);
    const read = await Promise.all(
      page.heads.map(async (jws) => ({ jws, head: await auditHeads.read(jws) })),
    );
    const shown = read.flatMap(({ jws, head }) => (head === null ? [] : [{ ...head, jws }]));
    return c.json({ heads: shown, next: page.next }, 200);
  });
  addEvents(router, tools);
  addVerifying(router, tools);
  return router;
}

function addEvents(router: Router, tools: AuditRouteTools): void {
  const { db } = tools;
  router.openapi(events, async (c) => {
    const caller = callerOf(c);
    const { before, limit, format, ...asked } = c.req.valid('query');
    const { filter, study } = await toFilter(db, caller.siteId, asked);
    if (format === 'csv') return c.body(await saveEvents(tools, filter, caller.id), 200, CSV_HEADERS);
    await recordReading(tools, caller, null, 'trail');
    const found = await findEvents(db, filter, before ?? null, limit + 1);
    const rows = found.slice(0, limit);
    const last = rows.at(-1);
    const next = found.length > limit && last ? `${last.at.getTime()}~${last.seq}` : null;
    const newest = await db
      .selectFrom('audit')
      .select('seq')
      .orderBy('seq', 'desc')
      .limit(1)
      .executeTakeFirst();
    const names = await nameFields(db, caller.siteId, rows);
    const readingsPending = await areReadingsPending(db, caller.siteId);
    const page = { rows: rows.map(toShown), next, names, newest: newest?.seq ?? 0, study, readingsPending };
    return c.json(page, 200);
  });

  router.openapi(people, async (c) => {
    const rows = await db
      .selectFrom('account')
      .select(['id', 'username', 'disabled_at'])
      .where('site_id', '=', callerOf(c).siteId)
      .orderBy('username')
      .execute();
    const shown = rows.map(({ id, username, disabled_at }) => ({
      id,
      username,
      disabled: disabled_at !== null,
    }));
    return c.json({ people: shown }, 200);
  });
}

type Asked = Omit<z.infer<typeof eventsQuery>, 'before' | 'limit' | 'format'>;

async function toFilter(
  db: Db,
  siteId: string,
  { to, study: asked, case: of, ...same }: Asked,
): Promise<{ filter: AuditFilter; study: StudyAsked['shown'] }> {
  const study = asked === undefined ? undefined : await studyAsked(db, siteId, asked);
  const caseId = of === undefined ? undefined : await caseAsked(db, siteId, of);
  return {
    filter: { ...same, siteId, until: to, study: study?.filter, caseId },
    study: study?.shown ?? null,
  };
}

function addVerifying(router: Router, tools: AuditRouteTools): void {
  const { db, auditHeads, log } = tools;
  router.openapi(verify, async (c) => {
    await recordReading(tools, callerOf(c), null, 'trail');
    return c.json(await verifyAudit(db, auditHeads), 200);
  });
  router.openapi(verifyEvents, async (c) => {
    await recordReading(tools, callerOf(c), null, 'trail');
    return streamEvents(c, log, async (stream) => {
      const gone = new AbortController();
      stream.onAbort(() => gone.abort());
      const tell = (event: string, data: unknown) => stream.writeSSE({ event, data: JSON.stringify(data) });
      const verdict = await verifyAudit(db, auditHeads, {
        signal: gone.signal,
        onProgress: (progress) => tell('progress', progress),
      });
      if (verdict !== 'called-off') await tell('verdict', verdict);
    });
  });
}
