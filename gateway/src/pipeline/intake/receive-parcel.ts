/**
 * tus 1.0 at `/upload/files`: a parcel comes in, in pieces, over a network that comes and goes. @tus/server speaks the protocol; here is what
 * it does not have: whose parcel it is, creation that can be repeated, checksums, room on the disk, and answers that say what to do.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Readable } from 'node:stream';
import { Server } from '@tus/server';
import { INSTANCE_BYTES_LIMIT, type ParcelMetadata } from '#shared/protocol/manifest.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { StorageFull } from '../../ports/blobs/blobs.ts';
import { clearWaiting, findStudy, setWaiting } from '../study.store.ts';
import { auditStudy, enqueueStage, type PipelineTools } from '../tools.ts';
import { createCutBody, type CutBody } from './cut-body.ts';
import { createParcelLocker } from './parcel-locker.ts';
import { checkAnnounced, reserveRoom } from './parcel-room.ts';
import { ParcelSpool, type ParcelRequest } from './parcel-spool.ts';
import {
  deleteUnfinished, findDeviceParcel, findParcel, findUpload, insertParcel, moveParcel, setAsideDamaged, type OwnedParcel,
} from '../parcel.store.ts';
import { findPolicy } from '../policies.ts';
import { CHECKSUM_ALGORITHMS, parseUploadChecksum } from './upload-checksum.ts';

/** A week: a tablet that was in a drawer over the weekend goes on where it was; the room is not taken for ever. */
const EXPIRES_AFTER_MS = 7 * 24 * 3600 * 1000;
/** How long a request that another one replaces may take to let go: enough to write what it holds. */
const LOCK_DRAIN_MS = 300;
/** One instance, and the headers around it. */
const PARCEL_BYTES_LIMIT = INSTANCE_BYTES_LIMIT + 64 * 1024;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export type ParcelReceiver = {
  /** Any tus request of this account; `socket` is its body where the server gives it. Throws Problem; what has no code of ours is answered as tus does. */
  handle(request: Request, accountId: string, socket?: Readable): Promise<Response>;
  /** A parcel is complete: verify takes over. As often as one likes. */
  arrived(parcelId: string): Promise<void>;
};

export function createParcelReceiver(tools: PipelineTools): ParcelReceiver {
  const current = new AsyncLocalStorage<ParcelRequest>();
  const removed = async (parcel: OwnedParcel): Promise<void> => {
    const gone = await tools.db.transaction().execute((trx) => deleteUnfinished(trx, [parcel.id]));
    for (const id of gone) await tools.blobs.remove(id);
  };
  const server = new Server({
    path: '/upload/files',
    datastore: new ParcelSpool({ blobs: tools.blobs, keys: tools.keys, request: current, expiresAfterMs: EXPIRES_AFTER_MS, removed }),
    locker: createParcelLocker(() => current.getStore()?.body.stop ?? (() => undefined)),
    lockDrainTimeout: LOCK_DRAIN_MS,
    maxSize: PARCEL_BYTES_LIMIT,
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
    if (parcel === undefined || parcel.state !== 'receiving' || (await tools.blobs.size(parcelId)) !== parcel.bytes) return;
    await tools.blobs.sync(parcelId);
    await tools.db.transaction().execute(async (trx) => {
      if (!(await moveParcel(trx, parcelId, 'receiving', 'received'))) return;
      await clearWaiting(trx, parcel.study_id, 'storage-full');
      await enqueueStage(trx, tools, 'verify', { parcelId });
      await auditStudy(trx, tools, { ...parcel, id: parcel.study_id }, 'parcel-received', { uploadId: parcel.upload_id, parcelId, bytes: parcel.bytes });
    });
    tools.changes.emit(parcel.study_id);
  }

  async function speak(incoming: Request, body: CutBody, parcel: OwnedParcel): Promise<Response> {
    const { url, method, headers } = incoming;
    // Without its body: the spool reads that itself.
    const request = new Request(url, { method, headers });
    const length = request.headers.get('content-length');
    const beside: ParcelRequest = {
      parcel, body, failure: null, checksum: parseUploadChecksum(request.headers.get('upload-checksum')), contentLength: length === null ? null : Number(length),
    };
    const response = await current.run(beside, () => server.handleWeb(request as never));
    if (response.status >= 400) await refuse(tools, beside, parcel);
    return withoutCors(response);
  }

  async function create(request: Request, body: CutBody, accountId: string): Promise<Response> {
    const parcel = await findOrCreateParcel(tools, request, accountId);
    const offset = parcel.fresh ? 0 : await tools.blobs.size(parcel.row.id);
    if (parcel.fresh || offset === null) return speak(request, body, parcel.row);
    // The answer to the first creation was lost. Its body is not read: the device goes on at the offset it is told.
    if (offset === parcel.row.bytes) await arrived(parcel.row.id);
    const headers = { 'Tus-Resumable': '1.0.0', Location: `files/${parcel.row.id}`, 'Upload-Offset': String(offset), 'Upload-Expires': parcel.row.expires_at.toUTCString() };
    return new Response(null, { status: 201, headers });
  }

  async function resume(request: Request, body: CutBody, accountId: string): Promise<Response> {
    const id = new URL(request.url).pathname.split('/').at(-1) ?? '';
    const parcel = UUID.test(id) ? await findParcel(tools.db, id) : undefined;
    // Another account's parcel is as good as none: whether it exists is not said.
    if (parcel === undefined || parcel.account_id !== accountId) throw new Problem('not-found');
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
    tools.log({ event: 'stage-finished', stage: 'intake', studyId, parcelId: id, outcome: String(response.status), ms: Math.round(performance.now() - started) });
    return response;
  }

  return {
    arrived,
    async handle(request, accountId, socket) {
      if (request.method === 'OPTIONS') {
        const response = withoutCors(await server.handleWeb(request as never));
        response.headers.set('Tus-Checksum-Algorithm', CHECKSUM_ALGORITHMS.join(','));
        return response;
      }
      // A parcel is not read back, by nobody.
      if (request.method === 'GET') throw new Problem('method-not-allowed', undefined, { Allow: 'HEAD, PATCH, DELETE, OPTIONS' });
      const body = createCutBody(request.method === 'HEAD' ? null : (socket ?? request.body));
      try {
        return await (request.method === 'POST' ? create(request, body, accountId) : resume(request, body, accountId));
      } finally {
        body.stop();
      }
    },
  };
}

/** `Upload-Metadata` (tus 1.0 Creation): comma-separated pairs of a key and a value in base64. */
function parseMetadata(header: string | null): ParcelMetadata {
  const values = new Map((header ?? '').split(',').map((pair): [string, string] => {
    const [key = '', value = ''] = pair.trim().split(/ +/);
    return [key, value];
  }));
  const read = (key: string): string => Buffer.from(values.get(key) ?? '', 'base64').toString('utf8').toLowerCase();
  const metadata = { upload: read('upload'), parcel: read('parcel') };
  if (!UUID.test(metadata.upload) || !UUID.test(metadata.parcel)) throw new Problem('invalid-request', 'Upload-Metadata names no upload and parcel.');
  return metadata;
}

async function findOrCreateParcel(tools: PipelineTools, request: Request, accountId: string): Promise<{ row: OwnedParcel; fresh: boolean }> {
  const { upload: uploadId, parcel: deviceParcelId } = parseMetadata(request.headers.get('upload-metadata'));
  const upload = await findUpload(tools.db, uploadId, accountId);
  // Without a key the study is closed: nothing of it is awaited, and init will say so.
  if (upload === undefined || upload.wrapped_key === null) throw new Problem('upload-not-found');
  const bytes = Number(request.headers.get('upload-length') ?? NaN);
  if (!Number.isSafeInteger(bytes) || bytes < 1) throw new Problem('invalid-request', 'Upload-Length is missing or no length.');
  if (bytes > PARCEL_BYTES_LIMIT) throw new Problem('body-too-large');

  const before = await findDeviceParcel(tools.db, uploadId, deviceParcelId);
  if (before !== undefined && before.damaged === 0) {
    if (before.bytes !== bytes) throw new Problem('invalid-request', 'The parcel was announced with another length.');
    return { row: before, fresh: false };
  }
  const study = await findStudy(tools.db, upload.study_id);
  if (study === undefined || findPolicy(study.policy_name, study.policy_version) === undefined) throw new Problem('policy-withdrawn');
  const id = tools.newId();
  const expires_at = new Date(tools.now().getTime() + EXPIRES_AFTER_MS);
  const fresh = await tools.db.transaction().execute(async (trx) => {
    await checkAnnounced(trx, uploadId, bytes, before?.bytes ?? 0);
    await reserveRoom(trx, tools.blobs, uploadId, bytes);
    if (before !== undefined) await setAsideDamaged(trx, before);
    return insertParcel(trx, { id, site_id: upload.site_id, upload_id: uploadId, study_id: upload.study_id, device_parcel_id: deviceParcelId, bytes, expires_at });
  }).catch((error: unknown) => (error instanceof StorageFull ? reportFull(tools, upload.study_id) : Promise.reject(error)));
  const row = await findDeviceParcel(tools.db, uploadId, deviceParcelId);
  if (row === undefined) throw new Problem('upload-not-found');
  return { row, fresh };
}

async function reportFull(tools: PipelineTools, studyId: string): Promise<never> {
  if (await setWaiting(tools.db, studyId, 'storage-full', tools.now())) tools.changes.emit(studyId);
  throw new Problem('storage-full');
}

/** Throws what has a code of ours. 409 stays as tus says it: it means "ask with HEAD" (DESIGN §4), as do the statuses of a lost connection. */
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
  for (const name of [...response.headers.keys()]) if (name.startsWith('access-control-')) response.headers.delete(name);
  return response;
}
