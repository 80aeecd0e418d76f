/**
 * `/jobs`: lists the models' jobs, shows one, and streams its changes. Here a job can also be cancelled or tried
 * again.
 */
import { z } from '@hono/zod-openapi';
import type { SSEStreamingApi } from 'hono/streaming';
import type { Role } from '#shared/protocol/api.ts';
import { jobSchema, type Job } from '#shared/protocol/inference.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import { streamEvents } from '../http/event-stream.ts';
import {
  callerOf,
  createRouter,
  defineRoute,
  jsonResponse,
  type Caller,
  type GatewayContext,
  type Router,
} from '../http/route.ts';
import { waitOrWake } from '../http/wait-or-wake.ts';
import { reachesAll } from '../findings/result-reach.ts';
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
/** The jobs on one page of the app. */
const LIST_LIMIT = 200;
const KEEP_ALIVE_MS = 15_000;
/** Streams of all callers together. Each stream costs a query at every change of its job. */
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
  operationId: 'cancelJob',
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
  operationId: 'streamJobEvents',
  problems: ['not-found'],
  summary: 'Server-sent events: `job`, until it has ended',
  request: { params: byId },
  responses: { 200: { description: 'A stream', content: { 'text/event-stream': { schema: z.string() } } } },
});

/** Streams one job; `GET /events?job=` uses it too. @throws Problem not-found, rate-limited. */
export type StreamJob = (c: GatewayContext, id: string) => Promise<Response>;

export function jobRoutes(tools: InferenceTools): { readonly router: Router; readonly streamJob: StreamJob } {
  const router = createRouter();
  const streamJob = createJobStream(tools);
  serveReading(router, tools);
  serveChanges(router, tools);
  router.openapi(events, (c) => streamJob(c, c.req.valid('param').id));
  return { router, streamJob };
}

/** @throws Problem not-found, also when the job is not the caller's. */
async function reached({ db }: InferenceTools, caller: Caller, id: string): Promise<JobRow> {
  const job = await findJob(db, id);
  if (
    job === undefined ||
    job.site_id !== caller.siteId ||
    !(job.account_id === caller.id || reachesAll(caller))
  )
    throw new Problem('not-found');
  return job;
}

async function jobNow({ db }: InferenceTools, id: string): Promise<Job> {
  return (await toShownJobs(db, [(await findJob(db, id))!]))[0]!;
}

function serveReading(router: Router, tools: InferenceTools): void {
  const { db } = tools;
  router.openapi(list, async (c) => {
    const caller = callerOf(c);
    const { all, limit } = c.req.valid('query');
    const accountId = all === '1' && reachesAll(caller) ? null : caller.id;
    const rows = await listJobs(db, caller.siteId, accountId, limit);
    return c.json({ jobs: await toShownJobs(db, rows) }, 200);
  });
  router.openapi(read, async (c) => {
    const job = await reached(tools, callerOf(c), c.req.valid('param').id);
    return c.json((await toShownJobs(db, [job]))[0]!, 200);
  });
}

function serveChanges(router: Router, tools: InferenceTools): void {
  router.openapi(cancel, async (c) => {
    const caller = callerOf(c);
    const job = await reached(tools, caller, c.req.valid('param').id);
    if (job.account_id !== caller.id && !caller.roles.includes('admin')) throw new Problem('not-found');
    await cancelJob(tools, caller, job);
    return c.json(await jobNow(tools, job.id), 200);
  });
  router.openapi(retry, async (c) => {
    const caller = callerOf(c);
    const { id } = await reached(tools, caller, c.req.valid('param').id);
    await retryJob(tools, caller, id);
    return c.json(await jobNow(tools, id), 202);
  });
}

const saidOf = ({ id: jobId, study_instance_uid: studyInstanceUID }: JobRow, { id: accountId }: Caller) => ({
  ...{ jobId, studyInstanceUID, accountId },
});

/** @throws Problem job-ended. */
async function cancelJob(tools: InferenceTools, caller: Caller, job: JobRow): Promise<void> {
  const now = tools.now();
  await tools.db.transaction().execute(async (trx) => {
    if (!(await endJob(trx, job.id, { state: 'cancelled', error: null }, now)))
      throw new Problem('job-ended');
    await recordAudit(trx, caller.siteId, { event: 'inference-cancelled', ...saidOf(job, caller) }, now);
  });
  if (job.wrapped_key !== null) await tools.inputs.destroy(job.id, job.wrapped_key);
  tools.changes.emit(job.id);
}

/** @throws Problem job-not-ended, rate-limited. */
async function retryJob(tools: InferenceTools, caller: Caller, id: string): Promise<void> {
  const now = tools.now();
  await tools.db.transaction().execute(async (trx) => {
    const job = await lockJob(trx, id);
    const isEnded = job?.state === 'failed' || job?.state === 'cancelled';
    if (!isEnded || job.kind === 'file') throw new Problem('job-not-ended');
    if (job.account_id !== null) await requireRoom(trx, job.account_id, 1);
    await renewJob(trx, id, now);
    await tools.jobs.enqueue(trx, JOB_QUEUE, { jobId: id }, { key: id, priority: job.priority });
    await recordAudit(trx, caller.siteId, { event: 'inference-retried', ...saidOf(job, caller) }, now);
  });
  tools.changes.emit(id);
}

function createJobStream(tools: InferenceTools): StreamJob {
  let streams = 0;
  return async (c, id) => {
    await reached(tools, callerOf(c), id);
    if (streams >= STREAMS_LIMIT) throw new Problem('rate-limited', undefined, { 'Retry-After': '15' });
    return streamEvents(c, tools.log, async (stream) => {
      streams += 1;
      try {
        await tellUntilEnded(stream, tools, id);
      } finally {
        streams -= 1;
      }
    });
  };
}

/** Writes the job now and after each change, until it has ended or the caller has gone. */
async function tellUntilEnded(stream: SSEStreamingApi, tools: InferenceTools, id: string): Promise<void> {
  let wake = (): void => undefined;
  let isChanged = true;
  const changed = (): void => {
    isChanged = true;
    wake();
  };
  const unsubscribe = tools.changes.subscribe((one) => {
    if (one === id) changed();
  }, changed);
  stream.onAbort(() => wake());
  try {
    while (!stream.aborted && !stream.closed) {
      if (isChanged) {
        isChanged = false;
        const job = await jobNow(tools, id);
        await stream.writeSSE({ event: 'job', data: JSON.stringify(job) });
        if (job.finishedAt !== null) return;
      } else {
        await stream.write(': still here\n\n');
      }
      if (!isChanged)
        await waitOrWake(KEEP_ALIVE_MS, (resolve) => {
          wake = resolve;
        });
    }
  } finally {
    unsubscribe();
  }
}
