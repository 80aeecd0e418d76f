/** `/admin/retention`: how long what is kept, what that deletes, its proofs, and legal holds. */
import { z } from '@hono/zod-openapi';
import { DAY_MS } from '#shared/day.ts';
import {
  holdsSchema,
  newHoldSchema,
  RETAINED,
  retentionDaysSchema,
  retentionSchema,
  type Retained,
  type Retention,
  type RetentionDays,
} from '#shared/protocol/retention.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import { callerOf, createRouter, defineRoute, jsonBody, jsonResponse, type Router } from '../http/route.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { countDue } from './due.ts';
import { askPacsOfHeld, heldNow, printsOfPatient } from './find-held.ts';
import { endHold, listHolds, setHold } from './hold.store.ts';
import { findProof, lastRun, listProofs, readDays, writeDays } from './retention.store.ts';
import type { RetentionTools } from './run-retention.ts';

const ADMIN = ['admin'] as const;
const READERS = ['admin', 'auditor'] as const;
export const QUEUE = 'retention';

const show = defineRoute({
  method: 'get',
  path: '/admin/retention',
  operationId: 'getRetention',
  roles: READERS,
  tags: ['admin'],
  summary: 'How long what is kept, what the next run deletes, and what was deleted',
  responses: { 200: jsonResponse(retentionSchema, 'As `PUT` takes its `days`.') },
});
const put = defineRoute({
  method: 'put',
  path: '/admin/retention',
  operationId: 'setRetention',
  roles: ADMIN,
  tags: ['admin'],
  summary: 'Set how long what is kept. A run follows at once',
  request: {
    query: z.strictObject({ plan: z.enum(['true', 'false']).default('false') }),
    body: jsonBody(retentionDaysSchema),
  },
  responses: {
    200: jsonResponse(retentionSchema, 'What is due under these days. With `plan=true` nothing was changed.'),
  },
});
const proof = defineRoute({
  method: 'get',
  path: '/admin/retention/deletions/{id}',
  operationId: 'getDeletion',
  roles: READERS,
  tags: ['admin'],
  problems: ['not-found'],
  summary: 'The signed proof of a deletion, a JWS with the key of receipts',
  request: { params: z.object({ id: z.uuid() }) },
  responses: {
    200: { description: 'The proof.', content: { 'application/jose': { schema: z.string() } } },
  },
});
const holds = defineRoute({
  method: 'get',
  path: '/admin/retention/holds',
  operationId: 'listHolds',
  roles: READERS,
  tags: ['admin'],
  summary: 'Legal holds: those in force, then those that have ended',
  responses: { 200: jsonResponse(holdsSchema, 'The newest first.') },
});
const hold = defineRoute({
  method: 'post',
  path: '/admin/retention/holds',
  operationId: 'setHold',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['not-found'],
  summary: 'Delete nothing of a study, a case or a patient until the hold is ended',
  request: { body: jsonBody(newHoldSchema) },
  responses: { 201: jsonResponse(z.object({ id: z.uuid() }), 'It is in force.') },
});
const end = defineRoute({
  method: 'post',
  path: '/admin/retention/holds/{id}/end',
  operationId: 'endHold',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['not-found'],
  summary: 'End a hold',
  request: { params: z.object({ id: z.uuid() }) },
  responses: { 204: { description: 'It has ended.' } },
});

type RouteTools = RetentionTools & { readonly jobs: Pick<Jobs, 'enqueue'> };

export function retentionRoutes(tools: RouteTools): Router {
  const { db, now, newId, jobs } = tools;
  const router = createRouter();
  router.openapi(show, async (c) => {
    const { siteId } = callerOf(c);
    return c.json(await tell(tools, siteId, await readDays(db, siteId)), 200);
  });
  router.openapi(put, async (c) => {
    const { siteId, id: by } = callerOf(c);
    const days = c.req.valid('json');
    if (c.req.valid('query').plan === 'false')
      await db.transaction().execute(async (trx) => {
        await writeDays(trx, siteId, days);
        await recordAudit(trx, siteId, { event: 'retention-set', by, days: JSON.stringify(days) }, now());
        await jobs.enqueue(trx, QUEUE, {}, { key: QUEUE });
      });
    return c.json(await tell(tools, siteId, days), 200);
  });
  router.openapi(proof, async (c) => {
    const { id } = c.req.valid('param');
    const jws = await findProof(db, callerOf(c).siteId, id);
    if (jws === undefined) throw new Problem('not-found');
    return c.body(jws, 200, {
      'content-type': 'application/jose',
      'content-disposition': `attachment; filename="${id}.deletion.jws"`,
    });
  });
  router.openapi(holds, async (c) => c.json({ holds: await listHolds(tools, callerOf(c).siteId) }, 200));
  router.openapi(hold, async (c) => {
    const { siteId, id: by } = callerOf(c);
    const id = newId();
    const asked = c.req.valid('json');
    const { subject } = asked;
    const prints = subject.of === 'patient' ? await printsOfPatient(tools, siteId, subject.patientId) : [];
    await db.transaction().execute(async (trx) => {
      await setHold(trx, tools, { ...asked, id, siteId, by, prints, at: now() });
      const event = { event: 'hold-set', holdId: id, of: asked.subject.of, by } as const;
      await recordAudit(trx, siteId, event, now());
    });
    return c.json({ id }, 201);
  });
  router.openapi(end, async (c) => {
    const { siteId, id: by } = callerOf(c);
    const { id } = c.req.valid('param');
    await db.transaction().execute(async (trx) => {
      await endHold(trx, { id, siteId, by, at: now() });
      await recordAudit(trx, siteId, { event: 'hold-ended', holdId: id, by }, now());
    });
    return c.body(null, 204);
  });
  return router;
}

/** What these days mean now. */
async function tell(tools: RouteTools, siteId: string, days: RetentionDays): Promise<Retention> {
  const { db, now } = tools;
  const told = await askPacsOfHeld(tools, siteId);
  const held = told && (await heldNow(db, tools, siteId, told));
  const kinds: Retention['kinds'] = [];
  for (const kind of RETAINED) {
    const before = days[kind] === null ? null : new Date(now().getTime() - days[kind] * DAY_MS);
    const counted = { due: 0, held: 0, unproven: 0, next: null };
    const { next, ...counts } = isOfRows(kind)
      ? held === null
        ? counted
        : await countDue(db, { kind, before, siteId, held })
      : before === null || kind === 'logs'
        ? counted
        : { ...counted, ...(await countAudit(tools, before)) };
    const nextAt = next && new Date(next.getTime() + days[kind]! * DAY_MS).toISOString();
    kinds.push({ kind, ...counts, nextAt });
  }
  const { ranAt, trouble } = await lastRun(db, siteId);
  return {
    ...{ days, kinds, ranAt, trouble: told === null ? 'holds-unknown' : trouble },
    deletions: await listProofs(db, siteId),
  };
}

const isOfRows = (kind: Retained): kind is Exclude<Retained, 'audit' | 'logs'> =>
  kind !== 'audit' && kind !== 'logs';

async function countAudit({ db }: RouteTools, before: Date): Promise<{ due: number }> {
  const { due } = await db
    .selectFrom('audit')
    .select((of) => of.fn.countAll<number>().as('due'))
    .where('at', '<', before)
    .executeTakeFirstOrThrow();
  return { due: Number(due) };
}
