/**
 * `/uploads/not-taken`: the rejected instances of a script's files. Its account and administrators see them until one
 * of them leaves them out.
 */
import { z } from '@hono/zod-openapi';
import { notTakenListSchema, notTakenSchema, waitingSchema } from '#shared/protocol/not-taken.ts';
import { SENDERS } from '#shared/protocol/policy.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../../audit/audit.ts';
import {
  callerOf,
  createRouter,
  defineRoute,
  jsonResponse,
  type Caller,
  type Router,
} from '../../http/route.ts';
import type { PipelineTools } from '../../pipeline/plan/pipeline-tools.ts';
import { leaveOutWithheld } from './withheld.store.ts';
import { leaveOutNotTaken, listNotTaken, type WhoseFiles } from './not-taken.store.ts';
import { countWaiting } from './count-waiting.ts';

const shown = z.object(notTakenSchema.shape).openapi('NotTakenFile');

const list = defineRoute({
  method: 'get',
  path: '/uploads/not-taken',
  operationId: 'listNotTakenFiles',
  roles: SENDERS,
  tags: ['upload'],
  summary:
    'Files of scripts of which instances were not taken: your own, or with `all=1` (admin) everybody’s',
  request: { query: z.object({ all: z.enum(['1']).optional() }) },
  responses: {
    200: jsonResponse(
      z.object({ ...notTakenListSchema.shape, shown: z.array(shown) }),
      'The newest first, at most 100.',
    ),
  },
});
const waiting = defineRoute({
  method: 'get',
  path: '/uploads/waiting',
  operationId: 'countWaitingInstances',
  roles: SENDERS,
  tags: ['upload'],
  summary:
    'How many instances sent without a device wait for a person: your own, or with `all=1` (admin) everybody’s',
  request: { query: z.object({ all: z.enum(['1']).optional() }) },
  responses: { 200: jsonResponse(z.object(waitingSchema.shape), 'The counts.') },
});
const leaveOut = defineRoute({
  method: 'delete',
  path: '/uploads/not-taken/{id}',
  operationId: 'leaveOutNotTakenFile',
  roles: SENDERS,
  tags: ['upload'],
  problems: ['not-found'],
  summary: 'Leave out what was not taken of a file: nobody is asked for it any more',
  request: { params: z.object({ id: z.uuid() }) },
  responses: { 204: { description: 'The status of the file still says what was not taken, and why.' } },
});

const isAdmin = ({ roles }: Caller): boolean => roles.includes('admin');

export function notTakenRoutes(tools: PipelineTools): Router {
  const { db, now } = tools;
  const router = createRouter();
  router.openapi(list, async (c) => {
    const caller = callerOf(c);
    const all = c.req.valid('query').all === '1' && isAdmin(caller);
    return c.json(await listNotTaken(db, whoseOf(caller, all)), 200);
  });
  router.openapi(waiting, async (c) => {
    const caller = callerOf(c);
    const all = c.req.valid('query').all === '1' && isAdmin(caller);
    return c.json(await countWaiting(db, whoseOf(caller, all)), 200);
  });
  router.openapi(leaveOut, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    const whose = whoseOf(caller, isAdmin(caller));
    const told = await db.transaction().execute(async (trx) => {
      const waiting = (await listNotTaken(trx, whose, id)).shown[0];
      const accountId = waiting && (await leaveOutNotTaken(trx, whose, id));
      if (accountId === undefined) throw new Problem('not-found');
      const instances = waiting!.notTaken.reduce((sum, { instances: count }) => sum + count, 0);
      const studies = waiting!.studies.map(({ studyInstanceUID }) => studyInstanceUID);
      const about = { fileId: id, accountId, instances, studies, by: caller.id };
      await recordAudit(trx, caller.siteId, { event: 'not-taken-left-out', ...about }, now());
      return leaveOutWithheld(trx, tools, { fileId: id, by: caller.id });
    });
    for (const studyId of told) tools.changes.emit(studyId);
    return c.body(null, 204);
  });
  return router;
}

const whoseOf = ({ id, siteId }: Caller, all: boolean): WhoseFiles => ({
  siteId,
  accountId: all ? null : id,
});
