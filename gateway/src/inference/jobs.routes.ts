/**
 * `/jobs`: what was asked of the models, how far it is, as a list, one by one and as a stream; cancelled or
 * tried again.
 */
import { z } from '@hono/zod-openapi';
import { streamSSE } from 'hono/streaming';
import type { Role } from '#shared/protocol/api.ts';
import { jobSchema, type Job } from '#shared/protocol/inference.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import {
  callerOf,
  createRouter,
  defineRoute,
  jsonResponse,
  type Caller,
  type GatewayContext,
  type Router,
} from '../http/route.ts';
import { silence } from '../http/wait-or-wake.ts';
import { describeError } from '../observability/log.ts';
import { reachesAll } from '../results/result-reach.ts';
import type { InferenceTools } from './inference-tools.ts';
import {
  endJob,
  findJob,
  listJobs,
  lockJob,
  renewJob,
  requireRoom,
  toShownJobs,
  type JobRow,
} from './job.store.ts';
import { JOB_QUEUE } from './run-job.ts';

const ASKERS: readonly Role[] = ['technician', 'radiologist', 'researcher', 'admin'];
/** A page of the screen; who wants more names a smaller period. */
const LIST_LIMIT = 200;
const KEEP_ALIVE_MS = 15_000;
/** Of all callers together; each costs a query at every change of its job. */
const STREAMS_LIMIT = 256;

const shown = z.object(jobSchema.shape).openapi('Job');
const byId = z.object({ id: z.uuid() });
const own = { roles: ASKERS, tags: ['inference'] as string[] };

const list = defineRoute({
  ...own,
  method: 'get',
  path: '/jobs',
  summary: 'The caller’s jobs; with `all=1` everybody’s, for who reaches them',
  request: {
    query: z.object({
      all: z.enum(['0', '1']).optional(),
      limit: z.coerce.number().int().min(1).max(LIST_LIMIT).default(50),
    }),
  },
  responses: { 200: jsonResponse(z.object({ jobs: z.array(shown) }), 'The newest first.') },
});
const read = defineRoute({
  ...own,
  method: 'get',
  path: '/jobs/{id}',
  problems: ['not-found'],
  summary: 'One job',
  request: { params: byId },
  responses: { 200: jsonResponse(shown, 'As it is now.') },
});
const cancel = defineRoute({
  ...own,
  method: 'delete',
  path: '/jobs/{id}',
  problems: ['not-found', 'job-ended'],
  summary: 'Cancel a job: what waits at once, what runs in a moment',
  request: { params: byId },
  responses: { 200: jsonResponse(shown, 'It is cancelled; results that it had already stay.') },
});
const retry = defineRoute({
  ...own,
  method: 'post',
  path: '/jobs/{id}/retry',
  problems: ['not-found', 'job-not-ended'],
  summary: 'Run a job again that failed or was cancelled',
  request: { params: byId },
  responses: {
    202: jsonResponse(
      shown,
      'It waits again. Of a file that was sent with it nothing is kept: send it again.',
    ),
  },
});
const events = defineRoute({
  ...own,
  method: 'get',
  path: '/jobs/{id}/events',
  problems: ['not-found'],
  summary: 'Server-sent events: `job`, until it has ended',
  request: { params: byId },
  responses: { 200: { description: 'A stream', content: { 'text/event-stream': { schema: z.string() } } } },
});

/** The stream of one job, for `GET /events?job=` too. @throws Problem not-found, rate-limited. */
export type StreamJob = (c: GatewayContext, id: string) => Promise<Response>;

export function jobRoutes(tools: InferenceTools): { readonly router: Router; readonly streamJob: StreamJob } {
  const router = createRouter();
  const { db } = tools;

  /** @throws Problem not-found, also where it is none of the caller's. */
  async function reached(caller: Caller, id: string): Promise<JobRow> {
    const job = await findJob(db, id);
    if (
      job === undefined ||
      job.site_id !== caller.siteId ||
      !(job.account_id === caller.id || reachesAll(caller))
    )
      throw new Problem('not-found');
    return job;
  }
  const toShown = async (row: JobRow): Promise<Job> => (await toShownJobs(db, [row]))[0]!;
  const now = async (id: string): Promise<Job> => toShown((await findJob(db, id))!);

  router.openapi(list, async (c) => {
    const caller = callerOf(c);
    const { all, limit } = c.req.valid('query');
    const rows = await listJobs(
      db,
      caller.siteId,
      all === '1' && reachesAll(caller) ? null : caller.id,
      limit,
    );
    return c.json({ jobs: await toShownJobs(db, rows) }, 200);
  });
  router.openapi(read, async (c) =>
    c.json(await toShown(await reached(callerOf(c), c.req.valid('param').id)), 200),
  );

  router.openapi(cancel, async (c) => {
    const caller = callerOf(c);
    const job = await reached(caller, c.req.valid('param').id);
    if (job.account_id !== caller.id && !caller.roles.includes('admin')) throw new Problem('not-found');
    await db.transaction().execute(async (trx) => {
      if (!(await endJob(trx, job.id, { state: 'cancelled', error: null }, tools.now())))
        throw new Problem('job-ended');
      await recordAudit(
        trx,
        caller.siteId,
        { event: 'inference-cancelled', jobId: job.id, accountId: caller.id },
        tools.now(),
      );
    });
    if (job.wrapped_key !== null) await tools.inputs.destroy(job.id, job.wrapped_key);
    tools.changes.emit(job.id);
    return c.json(await now(job.id), 200);
  });

  router.openapi(retry, async (c) => {
    const caller = callerOf(c);
    const { id } = await reached(caller, c.req.valid('param').id);
    await db.transaction().execute(async (trx) => {
      const job = await lockJob(trx, id);
      const isEnded = job?.state === 'failed' || job?.state === 'cancelled';
      if (!isEnded || job.kind === 'file') throw new Problem('job-not-ended');
      if (job.account_id !== null) await requireRoom(trx, job.account_id, 1);
      await renewJob(trx, id, tools.now());
      await tools.jobs.enqueue(trx, JOB_QUEUE, { jobId: id }, { key: id, priority: job.priority });
      await recordAudit(
        trx,
        caller.siteId,
        { event: 'inference-retried', jobId: id, accountId: caller.id },
        tools.now(),
      );
    });
    tools.changes.emit(id);
    return c.json(await now(id), 202);
  });

  let streams = 0;
  const streamJob: StreamJob = async (c, id) => {
    await reached(callerOf(c), id);
    if (streams >= STREAMS_LIMIT) throw new Problem('rate-limited', undefined, { 'Retry-After': '15' });
    c.header('Cache-Control', 'no-store');
    c.header('X-Accel-Buffering', 'no');
    return streamSSE(c, async (stream) => {
      streams += 1;
      let wake = (): void => undefined;
      let isChanged = true;
      const changed = (): void => {
        isChanged = true;
        wake();
      };
      const unsubscribe = tools.changes.subscribe((one) => void (one === id && changed()), changed);
      stream.onAbort(() => wake());
      try {
        while (!stream.aborted && !stream.closed) {
          if (isChanged) {
            isChanged = false;
            const job = await now(id);
            await stream.writeSSE({ event: 'job', data: JSON.stringify(job) });
            if (job.finishedAt !== null) return;
          } else {
            await stream.write(': still here\n\n');
          }
          if (!isChanged) await silence(KEEP_ALIVE_MS, (resolve) => (wake = resolve));
        }
      } catch (error) {
        tools.log({ event: 'unexpected-error', where: 'events', ...describeError(error) });
      } finally {
        unsubscribe();
        streams -= 1;
      }
    });
  };
  router.openapi(events, (c) => streamJob(c, c.req.valid('param').id));
  return { router, streamJob };
}
