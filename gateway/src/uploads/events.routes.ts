/**
 * `GET /events`: one stream per device, for all its studies. Each event is the whole status of one upload, so a missed
 * event does no harm. At most four a second for one upload. Clients read it with `fetch`, because EventSource cannot
 * send a token.
 */
import { z } from '@hono/zod-openapi';
import type { SSEStreamingApi } from 'hono/streaming';
import type { Role } from '#shared/protocol/api.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { streamEvents } from '../http/event-stream.ts';
import { callerOf, createRouter, defineRoute, type GatewayContext, type Router } from '../http/route.ts';
import { waitOrWake } from '../http/wait-or-wake.ts';
import { findUpload } from '../pipeline/stores/parcel.store.ts';
import { isCarrier } from '../pipeline/stores/carrier.store.ts';
import { ownerOf, type UploadOwner } from '../pipeline/stores/upload-owner.ts';
import type { PipelineTools } from '../pipeline/plan/pipeline-tools.ts';
import { uploadIds, uploadStatuses } from './upload-status.ts';

const READERS: readonly Role[] = ['technician', 'radiologist', 'researcher', 'auditor', 'admin'];
/** Four a second: nobody sees a progress bar move more often, and each event costs a query. */
const INTERVAL_MS = 250;
/** Proxies end a connection that is silent for 30 to 60 s. */
const KEEP_ALIVE_MS = 15_000;
/**
 * Streams per account: there is one per device, and a clinic's tablets may share an account. Each costs a query at
 * every change of a study.
 */
const STREAMS_LIMIT = 64;
/** When a stream begins, it reports this many of the newest uploads. */
const OPENING_LIMIT = 50;

const route = defineRoute({
  method: 'get',
  path: '/events',
  operationId: 'streamEvents',
  roles: READERS,
  uploadRight: true,
  problems: ['upload-not-found', 'not-found'],
  tags: ['upload'],
  summary:
    'Server-sent events: `study`, with the status of an upload; with `job` those of an inference job alone',
  request: { query: z.object({ upload: z.uuid().optional(), job: z.uuid().optional() }) },
  responses: { 200: { description: 'A stream', content: { 'text/event-stream': { schema: z.string() } } } },
});

type EventTools = Pick<PipelineTools, 'db' | 'changes' | 'log' | 'now'>;

/** `streamJob`: answers with the stream of an inference job; the inference feature provides it. */
export function eventRoutes(
  tools: EventTools,
  streamJob: (c: GatewayContext, id: string) => Promise<Response>,
): Router {
  const router = createRouter();
  const open = countStreams();
  router.openapi(route, async (c) => {
    const caller = callerOf(c);
    const owner = ownerOf(caller);
    const { upload, job } = c.req.valid('query');
    if (job !== undefined) {
      // A device's right to send reaches uploads and nothing else.
      if (caller.scope !== 'session') throw new Problem('not-allowed');
      return streamJob(c, job);
    }
    if (upload !== undefined && !(await mayFollow(tools, upload, owner)))
      throw new Problem('upload-not-found');
    open.check(caller.id);
    return streamEvents(c, tools.log, async (stream) => {
      open.add(caller.id, 1);
      try {
        await tellUploads(stream, { owner, upload }, tools);
      } finally {
        open.add(caller.id, -1);
      }
    });
  });
  return router;
}

async function mayFollow(
  tools: Pick<EventTools, 'db' | 'now'>,
  upload: string,
  owner: UploadOwner,
): Promise<boolean> {
  return (await findUpload(tools.db, upload, owner)) !== undefined || isCarrier(tools, owner, upload);
}

/** Counts each account's open streams. */
function countStreams(): { check(accountId: string): void; add(accountId: string, by: 1 | -1): void } {
  const open = new Map<string, number>();
  return {
    check(accountId) {
      if ((open.get(accountId) ?? 0) >= STREAMS_LIMIT)
        throw new Problem('rate-limited', undefined, { 'Retry-After': '15' });
    },
    add(accountId, by) {
      const now = (open.get(accountId) ?? 0) + by;
      if (now > 0) open.set(accountId, now);
      else open.delete(accountId);
    },
  };
}

/** The uploads that a stream reports: all of the owner's, or one of them. */
type Told = { readonly owner: UploadOwner; readonly upload: string | undefined };

/** Studies in one query: while a reader is slow, all studies of a site may have changed. */
const STUDIES_AT_ONCE = 500;

/** What has changed since it was last reported. */
type Pending = {
  readonly studies: Set<string>;
  /** Changes may have been missed: every upload is reported, as when the stream opens. */
  isAnyChanged: boolean;
  wake(): void;
};

async function tellUploads(
  stream: SSEStreamingApi,
  { owner, upload }: Told,
  tools: EventTools,
): Promise<void> {
  const pending: Pending = { studies: new Set(), isAnyChanged: true, wake: () => undefined };
  const unsubscribe = listen(pending, tools);
  stream.onAbort(() => pending.wake());
  const tell = createTeller(stream, upload, tools);
  try {
    while (!stream.aborted && !stream.closed) {
      if (pending.isAnyChanged) {
        pending.isAnyChanged = false;
        await tell(await knownUploads(tools, { owner, upload }));
      }
      // A reader that leaves during a query wakes nothing.
      const isIdle = pending.studies.size === 0 && !pending.isAnyChanged && !stream.aborted;
      if (isIdle) await untilWoken(pending, KEEP_ALIVE_MS);
      if (stream.aborted) return;
      if (pending.studies.size === 0) {
        if (!pending.isAnyChanged) await stream.write(': still here\n\n');
        continue;
      }
      const studies = [...pending.studies].slice(0, STUDIES_AT_ONCE);
      for (const study of studies) pending.studies.delete(study);
      const where = { owner, orCarried: true, studyIds: studies } as const;
      await tell(await uploadIds(tools, where, OPENING_LIMIT * studies.length));
      await waitOrWake(INTERVAL_MS, () => undefined);
    }
  } finally {
    unsubscribe();
  }
}

/** The uploads to report where any may have changed: those that the caller may follow at this time. */
async function knownUploads(tools: EventTools, { owner, upload }: Told): Promise<readonly string[]> {
  if (upload === undefined) return uploadIds(tools, { owner, orCarried: true }, OPENING_LIMIT);
  return (await mayFollow(tools, upload, owner)) ? [upload] : [];
}

function listen(pending: Pending, { changes }: EventTools): () => void {
  return changes.subscribe(
    (studyId) => {
      pending.studies.add(studyId);
      pending.wake();
    },
    () => {
      pending.isAnyChanged = true;
      pending.wake();
    },
  );
}

function untilWoken(pending: Pending, ms: number): Promise<void> {
  return waitOrWake(ms, (resolve) => {
    pending.wake = resolve;
  });
}

/** Writes the status of each of the uploads that the stream reports. */
function createTeller(
  stream: SSEStreamingApi,
  only: string | undefined,
  { db, now }: EventTools,
): (uploadIds: readonly string[]) => Promise<void> {
  let id = now().getTime();
  return async (uploadIds) => {
    const wanted = only === undefined ? uploadIds : uploadIds.filter((uploadId) => uploadId === only);
    for (const status of await uploadStatuses(db, wanted)) {
      id += 1;
      await stream.writeSSE({ event: 'study', id: String(id), data: JSON.stringify(status) });
    }
  };
}
