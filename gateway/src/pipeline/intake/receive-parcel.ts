/**
 * tus 1.0 at `/upload/files`: a parcel comes in, in pieces, over a network that comes and goes. @tus/server
 * speaks the protocol; here is what it does not have: whose parcel it is, creation that can be repeated,
 * checksums, room on the disk, and answers that say what to do.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Readable } from 'node:stream';
import { Server } from '@tus/server';
import { Problem } from '#shared/protocol/problem.ts';
import { sealedSize } from '#shared/transfer/seal.ts';
import { StorageFull } from '../../ports/blobs/blobs.ts';
import { removeParcelBlobs, tailOf } from '../parcel-blobs.ts';
import { deleteUnfinished, findParcel, moveParcel, plainBytes, type OwnedParcel } from '../parcel.store.ts';
import { isOwnedBy, type UploadOwner } from '../upload-owner.ts';
import { clearWaiting, setWaiting } from '../study.store.ts';
import { auditStudy } from '../audit-study.ts';
import type { PipelineTools } from '../pipeline-tools.ts';
import { enqueueStage } from '../stages.ts';
import { findOrCreateParcel, isUuid, PARCEL_BYTES_LIMIT, StudyStorageFull } from './create-parcel.ts';
import { createCutBody, LET_GO_WITHIN_MS, type CutBody } from './cut-body.ts';
import { createParcelLocker } from './parcel-locker.ts';
import { parcelOffset, ParcelSpool, type ParcelRequest, type SealingKeys } from './parcel-spool.ts';
import { CHECKSUM_ALGORITHMS, parseUploadChecksum } from './upload-checksum.ts';

/**
 * How long a request that another one replaces may take to let go: it takes what still flows in, and writes
 * what it holds.
 */
const LOCK_DRAIN_MS = LET_GO_WITHIN_MS + 300;

const TUS_VERSION = { 'Tus-Resumable': '1.0.0' } as const;

export type ParcelReceiver = {
  /**
   * Any tus request of who reaches these uploads; `socket` is its body where the server gives it. Throws
   * Problem; what has no code of ours is answered as tus does.
   */
  handle(request: Request, owner: UploadOwner, socket?: Readable): Promise<Response>;
  /** A parcel is complete: verify takes over. As often as one likes. */
  arrived(parcelId: string): Promise<void>;
  /** Something of this upload is being received by this gateway at this moment. */
  isReceiving(uploadId: string): boolean;
};

export type ParcelSettings = {
  /** How long an unfinished parcel is kept. */
  readonly expiresAfterMs: number;
  readonly sealing: SealingKeys;
};

export function createParcelReceiver(
  tools: PipelineTools,
  { expiresAfterMs, sealing }: ParcelSettings,
): ParcelReceiver {
  const current = new AsyncLocalStorage<ParcelRequest>();
  /** How many requests with a body each upload has here. */
  const receiving = new Map<string, number>();
  const removed = async (parcel: OwnedParcel): Promise<void> => {
    const gone = await tools.db.transaction().execute((trx) => deleteUnfinished(trx, [parcel.id]));
    await removeParcelBlobs(tools.blobs, gone);
  };
  const server = new Server({
    path: '/upload/files',
    datastore: new ParcelSpool({
      blobs: tools.blobs,
      keys: tools.keys,
      sealing,
      request: current,
      now: tools.now,
      removed,
    }),
    locker: createParcelLocker(() => {
      const body = current.getStore()?.body;
      return (because) => (because === 'lost' ? body?.stop() : body?.letGo());
    }, tools.locks),
    lockDrainTimeout: LOCK_DRAIN_MS,
    maxSize: sealedSize(PARCEL_BYTES_LIMIT),
    namingFunction: () => current.getStore()?.parcel.id ?? '',
    // Relative to the request: the same through `/api/`, where the prefix is gone before it comes here.
    generateUrl: (_request, { id }) => `files/${id}`,
    onResponseError: (_request, error) => {
      const request = current.getStore();
      if (request) request.failure ??= error;
      return undefined;
    },
    onUploadFinish: async (_request, upload) => {
      await arrived(upload.id);
      return {};
    },
  });

  async function arrived(parcelId: string): Promise<void> {
    const parcel = await findParcel(tools.db, parcelId);
    if (
      parcel === undefined ||
      parcel.state !== 'receiving' ||
      (await tools.blobs.size(parcelId)) !== plainBytes(parcel)
    )
      return;
    await tools.blobs.sync(parcelId);
    // The record of which it was a part is opened. Where this is not reached, expiry removes it.
    if (parcel.seal_enc !== null) await tools.blobs.remove(tailOf(parcelId));
    await tools.db.transaction().execute(async (trx) => {
      if (!(await moveParcel(trx, parcelId, 'receiving', 'received'))) return;
      await clearWaiting(trx, parcel.study_id, 'storage-full');
      await enqueueStage(trx, tools, { queue: 'verify', parcelId });
      await auditStudy(
        trx,
        tools,
        { ...parcel, id: parcel.study_id },
        { event: 'parcel-received', uploadId: parcel.upload_id, parcelId, bytes: parcel.bytes },
      );
    });
    tools.changes.emit(parcel.study_id);
  }

  async function speak(incoming: Request, body: CutBody, parcel: OwnedParcel): Promise<Response> {
    const { url, method, headers } = incoming;
    // Without its body: the spool reads that itself.
    const request = new Request(url, { method, headers });
    const length = request.headers.get('content-length');
    const beside: ParcelRequest = {
      parcel,
      body,
      failure: null,
      checksum: parseUploadChecksum(request.headers.get('upload-checksum')),
      contentLength: length === null ? null : Number(length),
    };
    const { upload_id: uploadId } = parcel;
    if (method !== 'HEAD') receiving.set(uploadId, (receiving.get(uploadId) ?? 0) + 1);
    const response = await current
      .run(beside, () => server.handleWeb(request as never))
      .finally(() => {
        if (method !== 'HEAD') receiving.set(uploadId, (receiving.get(uploadId) ?? 0) - 1);
        if (receiving.get(uploadId) === 0) receiving.delete(uploadId);
      });
    if (response.status >= 400) await refuse(tools, beside, parcel);
    const offset = response.headers.get('upload-offset');
    // tus 1.0 Expiration: "This header MUST be included in every PATCH response if the upload is going to
    // expire."
    if (method !== 'DELETE' && offset !== String(parcel.bytes))
      response.headers.set('Upload-Expires', parcel.expires_at.toUTCString());
    return withoutCors(response);
  }

  async function create(request: Request, body: CutBody, owner: UploadOwner): Promise<Response> {
    const parcel = await findOrCreateParcel(tools, { expiresAfterMs, sealing }, request, owner).catch(
      (error: unknown) =>
        error instanceof StudyStorageFull ? reportFull(tools, error.studyId) : Promise.reject(error),
    );
    if (parcel.fresh || (await parcelOffset(tools, parcel.row)) === null)
      return speak(request, body, parcel.row);
    // The answer to the first creation was lost, and the request itself may still be writing: as every
    // question, this one takes the parcel from it and learns where it ends. Its own body is not read: the
    // device goes on at the offset it is told.
    const { id } = parcel.row;
    const answer = await speak(
      new Request(new URL(`/upload/files/${id}`, request.url), { method: 'HEAD', headers: TUS_VERSION }),
      createCutBody(null),
      parcel.row,
    );
    if (answer.status >= 400) return answer;
    const headers = new Headers({ ...TUS_VERSION, Location: `files/${id}` });
    for (const name of ['Upload-Offset', 'Upload-Expires'])
      if (answer.headers.has(name)) headers.set(name, answer.headers.get(name)!);
    if (headers.get('upload-offset') === String(parcel.row.bytes)) await arrived(id);
    return new Response(null, { status: 201, headers });
  }

  async function resume(request: Request, body: CutBody, owner: UploadOwner): Promise<Response> {
    const id = new URL(request.url).pathname.split('/').at(-1) ?? '';
    const parcel = isUuid(id) ? await findParcel(tools.db, id) : undefined;
    // A parcel out of owner is as good as none: whether it exists is not said.
    if (parcel === undefined || !isOwnedBy(owner, parcel)) throw new Problem('not-found');
    if (request.method !== 'PATCH') {
      const response = await speak(request, body, parcel);
      // The last PATCH was stored, and the process died before it said so.
      if (request.method === 'HEAD' && parcel.state === 'receiving') await arrived(id);
      return response;
    }
    const started = performance.now();
    const { study_id: studyId } = parcel;
    tools.log({ event: 'stage-started', stage: 'intake', studyId, parcelId: id });
    const response = await speak(request, body, parcel);
    tools.log({
      event: 'stage-finished',
      stage: 'intake',
      studyId,
      parcelId: id,
      outcome: String(response.status),
      ms: Math.round(performance.now() - started),
    });
    return response;
  }

  return {
    arrived,
    isReceiving: (uploadId) => receiving.has(uploadId),
    async handle(request, owner, socket) {
      if (request.method === 'OPTIONS') {
        const response = withoutCors(await server.handleWeb(request as never));
        response.headers.set('Tus-Checksum-Algorithm', CHECKSUM_ALGORITHMS.join(','));
        return response;
      }
      // A parcel is not read back, by nobody.
      if (request.method === 'GET')
        throw new Problem('method-not-allowed', undefined, { Allow: 'HEAD, PATCH, DELETE, OPTIONS' });
      const body = createCutBody(request.method === 'HEAD' ? null : (socket ?? request.body));
      try {
        return await (request.method === 'POST'
          ? create(request, body, owner)
          : resume(request, body, owner));
      } finally {
        body.stop();
      }
    },
  };
}

async function reportFull(tools: PipelineTools, studyId: string): Promise<never> {
  if (await setWaiting(tools.db, studyId, 'storage-full', tools.now())) tools.changes.emit(studyId);
  throw new Problem('storage-full');
}

/**
 * Throws what has a code of ours. 409 stays as tus says it: it means "ask with HEAD" (DESIGN §4), as do the
 * statuses of a lost connection.
 */
async function refuse(tools: PipelineTools, request: ParcelRequest, parcel: OwnedParcel): Promise<void> {
  const { failure } = request;
  if (failure instanceof StorageFull) await reportFull(tools, parcel.study_id);
  if (failure instanceof Problem) throw failure;
  const status = (failure as { status_code?: number } | null)?.status_code;
  if (status === 404 || status === 410) throw new Problem('not-found');
  if (status === 413) throw new Problem('body-too-large');
  // Not one of tus's own: unexpected, and for the log.
  if (status === undefined && failure !== null) throw failure;
}

/** Which origins may call is decided in one place, and not here. */
function withoutCors(response: Response): Response {
  for (const name of [...response.headers.keys()])
    if (name.startsWith('access-control-')) response.headers.delete(name);
  return response;
}
