/**
 * `GET /events`: one stream a device, for all its studies. Each event is the whole status of one upload, so
 * that one that was missed harms nothing; at most four a second for one upload. Read with `fetch`, for
 * EventSource cannot send a token.
 */
import { z } from '@hono/zod-openapi';
import { streamSSE } from 'hono/streaming';
import type { Role } from '#shared/protocol/api.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { callerOf, createRouter, defineRoute, type GatewayContext, type Router } from '../http/route.ts';
import { silence } from '../http/wait-or-wake.ts';
import { findUpload } from '../pipeline/parcel.store.ts';
import { describeError } from '../observability/log.ts';
import { ownerOf, type UploadOwner } from '../pipeline/upload-owner.ts';
import type { PipelineTools } from '../pipeline/pipeline-tools.ts';
import { uploadIds, uploadStatus } from './upload-status.ts';

const READERS: readonly Role[] = ['technician', 'radiologist', 'researcher', 'auditor', 'admin'];
/** Four a second: a bar that moves more often is not seen; each costs a query. */
const INTERVAL_MS = 250;
/** Proxies end a connection that is silent for 30 to 60 s. */
const KEEP_ALIVE_MS = 15_000;
/** How late a stream notices that its account was disabled; a request notices at once. */
const ACCOUNT_AGAIN_MS = 15_000;
/**
 * One stream a device (DESIGN §4), and a clinic's tablets may share an account; each costs a query at every
 * change of any study.
 */
const STREAMS_LIMIT = 64;
/** What was opened lately is told when the stream begins. */
const OPENING_LIMIT = 50;

const route = defineRoute({
  method: 'get',
  path: '/events',
  roles: READERS,
  uploadRight: true,
  problems: ['upload-not-found', 'not-found'],
  summary:
    'Server-sent events: `study`, with the status of an upload; with `job` those of an inference job alone',
  request: { query: z.object({ upload: z.uuid().optional(), job: z.uuid().optional() }) },
  responses: { 200: { description: 'A stream', content: { 'text/event-stream': { schema: z.string() } } } },
});

/** `streamJob`: the stream of an inference job, which is told elsewhere. */
export function eventRoutes(
  tools: PipelineTools,
  streamJob: (c: GatewayContext, id: string) => Promise<Response>,
): Router {
  const router = createRouter();
  const open = new Map<string, number>();
  const count = (accountId: string, by: 1 | -1): void => {
    const now = (open.get(accountId) ?? 0) + by;
    if (now > 0) open.set(accountId, now);
    else open.delete(accountId);
  };
  router.openapi(route, async (c) => {
    const caller = callerOf(c);
    const owner = ownerOf(caller);
    const { upload, job } = c.req.valid('query');
    if (job !== undefined) {
      // A device's right to send reaches uploads and nothing else.
      if (caller.scope !== 'session') throw new Problem('not-allowed');
      return streamJob(c, job);
    }
    if (upload !== undefined && (await findUpload(tools.db, upload, owner)) === undefined)
      throw new Problem('upload-not-found');
    if ((open.get(caller.id) ?? 0) >= STREAMS_LIMIT)
      throw new Problem('rate-limited', undefined, { 'Retry-After': '15' });
    c.header('Cache-Control', 'no-store');
    // nginx gathers answers otherwise.
    c.header('X-Accel-Buffering', 'no');
    return streamSSE(c, async (stream) => {
      count(caller.id, 1);
      let lookedAt = tools.now().getTime();
      const mayGoOn = async (): Promise<boolean> => {
        const now = tools.now().getTime();
        if (now - lookedAt < ACCOUNT_AGAIN_MS) return true;
        lookedAt = now;
        return isEnabled(tools, owner);
      };
      const changed = new Set<string>();
      // As at the opening: whatever it is, it is told.
      let isAnyChanged = true;
      let wake = (): void => undefined;
      const unsubscribe = tools.changes.subscribe(
        (studyId) => {
          changed.add(studyId);
          wake();
        },
        () => {
          isAnyChanged = true;
          wake();
        },
      );
      stream.onAbort(() => wake());
      let id = tools.now().getTime();
      const tell = async (uploadId: string): Promise<void> => {
        const status = await uploadStatus(tools.db, uploadId, false);
        if (status !== null)
          await stream.writeSSE({ event: 'study', id: String((id += 1)), data: JSON.stringify(status) });
      };
      try {
        while (!stream.aborted && !stream.closed) {
          if (isAnyChanged) {
            isAnyChanged = false;
            for (const known of upload === undefined
              ? await uploadIds(tools.db, { owner }, OPENING_LIMIT)
              : [upload])
              await tell(known);
          }
          if (changed.size === 0 && !isAnyChanged)
            await silence(KEEP_ALIVE_MS, (resolve) => (wake = resolve));
          if (stream.aborted || !(await mayGoOn())) return;
          if (changed.size === 0) {
            if (!isAnyChanged) await stream.write(': still here\n\n');
            continue;
          }
          const studies = [...changed];
          changed.clear();
          for (const studyId of studies) {
            const own = await uploadIds(tools.db, { owner, studyId }, OPENING_LIMIT);
            for (const uploadId of own) if (upload === undefined || upload === uploadId) await tell(uploadId);
          }
          await silence(INTERVAL_MS, () => undefined);
        }
      } catch (error) {
        // Hono would print it, or send its message to the caller; a device that finds its stream ended asks
        // anew.
        tools.log({ event: 'unexpected-error', where: 'events', ...describeError(error) });
      } finally {
        unsubscribe();
        count(caller.id, -1);
      }
    });
  });
  return router;
}

/** The account is not disabled, and the device's right has not ended. */
async function isEnabled(tools: PipelineTools, { accountId, deviceId }: UploadOwner): Promise<boolean> {
  const account = await tools.db
    .selectFrom('account')
    .select('id')
    .where('id', '=', accountId)
    .where('disabled_at', 'is', null)
    .executeTakeFirst();
  if (account === undefined || deviceId === null) return account !== undefined;
  return (
    (await tools.db
      .selectFrom('device')
      .select('id')
      .where('id', '=', deviceId)
      .where('revoked_at', 'is', null)
      .executeTakeFirst()) !== undefined
  );
}
