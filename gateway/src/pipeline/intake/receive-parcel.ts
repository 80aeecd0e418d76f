/**
 * tus 1.0 at `/upload/files`: receives a parcel in pieces, over a network that comes and goes. @tus/server
 * speaks the protocol; this file adds ownership of parcels, repeatable creation, checksums, room on the disk,
 * and answers that say what to do.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Readable } from 'node:stream';
import { Server } from '@tus/server';
import { Problem } from '#shared/protocol/problem.ts';
import { sealedSize } from '#shared/transfer/seal.ts';
import { tokenEnded } from '../../http/route.ts';
import { StorageFull } from '../../ports/blobs/blobs.ts';
import { applyPlan, type ApplyTools } from '../plan/apply-plan.ts';
import { removeUnfinished, tailOf } from '../stores/parcel-blobs.ts';
import { accountOf, findParcel, plainBytes, type OwnedParcel } from '../stores/parcel.store.ts';
import type { PipelineTools, SealingKeys } from '../plan/pipeline-tools.ts';
import { setWaiting } from '../stores/study.store.ts';
import { isCarried, isCarrier } from '../stores/carrier.store.ts';
import { isOwnedBy, maySend, type Sender } from '../stores/upload-owner.ts';
import { createBodyPlaces, type InPlace } from './body-places.ts';
import { findOrCreateParcel, isUuid, PARCEL_BYTES_LIMIT, StudyStorageFull } from './create-parcel.ts';
import { createCutBody, LOCK_DRAIN_MS, type CutBody } from './cut-body.ts';
import { createParcelLocker } from './parcel-locker.ts';
import { parcelOffset, ParcelSpool, type ParcelRequest } from './parcel-spool.ts';
import { throwFailure } from './tus-failure.ts';
import { CHECKSUM_ALGORITHMS, parseUploadChecksum } from './upload-checksum.ts';
import { withoutCors } from './without-cors.ts';

/** Methods whose body is read. A DELETE's body is ignored; a HEAD has none. */
export const BRINGS_BYTES = new Set(['POST', 'PATCH']);

const TUS_VERSION = { 'Tus-Resumable': '1.0.0' } as const;

export type ParcelReceiver = {
  /**
   * Answers any tus request of this sender; `socket` is its body where the server provides it. Throws Problem. A
   * failure without a code of ours is answered as tus does.
   */
  handle(request: Request, sender: Sender, socket?: Readable): Promise<Response>;
  /**
   * A parcel is complete: verify takes over. Repeatable. `sender`: who says that it is complete; null: the gateway
   * itself. @throws Problem not-authenticated where the sender's right has ended; not-found where the right of the
   * device has ended for which the sender carries.
   */
  arrived(parcelId: string, sender: Sender | null): Promise<void>;
  /** Whether this gateway is receiving anything of this upload right now. */
  isReceiving(uploadId: string): boolean;
};

type ParcelSettings = {
  /** How long an unfinished parcel is kept. */
  readonly expiresAfterMs: number;
  readonly sealing: SealingKeys;
  /** Places for requests with a body; by default the gateway's own. */
  readonly inPlace?: InPlace | undefined;
};

type IntakeTools = ApplyTools & Pick<PipelineTools, 'locks' | 'newId'>;

/** State that the requests share. */
type Intake = {
  readonly tools: IntakeTools;
  readonly settings: ParcelSettings;
  readonly server: Server;
  /** The parcel of the current request. */
  readonly current: AsyncLocalStorage<ParcelRequest>;
  /** How many requests with a body are in progress here for each upload. */
  readonly receiving: Map<string, number>;
};

/** A tus request, and its sender. */
type Asked = { readonly request: Request; readonly body: CutBody; readonly sender: Sender };

export function createParcelReceiver(tools: IntakeTools, settings: ParcelSettings): ParcelReceiver {
  const current = new AsyncLocalStorage<ParcelRequest>();
  const server = createServer(tools, settings.sealing, current);
  const { inPlace = createBodyPlaces() } = settings;
  const intake: Intake = { tools, settings, server, current, receiving: new Map() };
  return {
    arrived: (parcelId, sender) => handOver(tools, parcelId, sender),
    isReceiving: (uploadId) => intake.receiving.has(uploadId),
    async handle(request, sender, socket) {
      const { method } = request;
      if (method === 'OPTIONS') return describeServer(server, request);
      const source = BRINGS_BYTES.has(method) ? (socket ?? request.body) : null;
      const answer = method === 'POST' ? create : resume;
      return inPlace({ request, sender, source }, (body) => answer(intake, { request, body, sender }));
    },
  };
}

function createServer(
  tools: IntakeTools,
  sealing: SealingKeys,
  current: AsyncLocalStorage<ParcelRequest>,
): Server {
  return new Server({
    path: '/upload/files',
    datastore: new ParcelSpool({
      blobs: tools.blobs,
      keys: tools.keys,
      sealing,
      request: current,
      now: tools.now,
      removed: async ({ id }) => void (await removeUnfinished(tools, [id])),
    }),
    locker: createParcelLocker(() => {
      const body = current.getStore()?.body;
      return (because) => (because === 'lost' ? body?.stop() : body?.letGo());
    }, tools.locks),
    lockDrainTimeout: LOCK_DRAIN_MS,
    maxSize: sealedSize(PARCEL_BYTES_LIMIT),
    namingFunction: () => current.getStore()?.parcel.id ?? '',
    // Relative to the request, so it also holds behind `/api/`, a prefix that is stripped before the request comes
    // here.
    generateUrl: (_request, { id }) => `files/${id}`,
    onResponseError: (_request, error) => {
      const request = current.getStore();
      if (request) request.failure ??= error;
      return undefined;
    },
    onUploadFinish: async (_request, upload) => {
      await handOver(tools, upload.id, current.getStore()?.sender ?? null);
      return {};
    },
  });
}

async function describeServer(server: Server, request: Request): Promise<Response> {
  const response = withoutCors(await server.handleWeb(request as never));
  response.headers.set('Tus-Checksum-Algorithm', CHECKSUM_ALGORITHMS.join(','));
  return response;
}

/** Hands the parcel to verify, if it is complete and its sender still has the right to send it. */
async function handOver(tools: IntakeTools, parcelId: string, sender: Sender | null): Promise<void> {
  const parcel = await findParcel(tools.db, parcelId);
  if (parcel?.state !== 'receiving' || (await tools.blobs.size(parcelId)) !== plainBytes(parcel)) return;
  await tools.blobs.sync(parcelId);
  // The parcel's last record is opened. If this line is not reached, expiry removes the tail.
  if (parcel.seal_enc !== null) await tools.blobs.remove(tailOf(parcelId));
  const { upload_id: uploadId, bytes } = parcel;
  await applyPlan(tools, parcel.study_id, async ({ db }) => {
    if (sender !== null) await requireRight({ db, now: tools.now }, sender, parcel);
    return {
      outcome: 'received',
      changes: [
        { kind: 'move-parcel', parcelId, from: 'receiving', to: 'received' },
        { kind: 'stop-waiting', because: 'storage-full' },
      ],
      next: [{ queue: 'verify', parcelId, account: accountOf(parcel) }],
      // Without `by` where the gateway itself found it complete.
      audit: {
        event: 'parcel-received',
        uploadId,
        parcelId,
        bytes,
        ...(sender !== null && { by: sender.accountId }),
      },
    };
  });
}

/**
 * A parcel takes effect only while the right under which it was begun still holds: the sender's own and, if a carrier
 * brings it, that of the device whose upload it is. A carrier gets the same answer as its next request would.
 */
async function requireRight(
  tools: Pick<IntakeTools, 'db' | 'now'>,
  sender: Sender,
  parcel: OwnedParcel,
): Promise<void> {
  if (!(await maySend(tools.db, sender, tools.now()))) throw tokenEnded(sender.keyId !== undefined);
  if (isOwnedBy(sender, parcel) || (await isCarrier(tools, sender, parcel.upload_id))) return;
  throw new Problem('not-found');
}

async function create(intake: Intake, asked: Asked): Promise<Response> {
  const { tools, settings } = intake;
  const { request } = asked;
  const parcel = await findOrCreateParcel(tools, settings, request, asked.sender).catch((error: unknown) =>
    error instanceof StudyStorageFull ? reportFull(tools, error.studyId) : Promise.reject(error),
  );
  if (parcel.fresh || (await parcelOffset(tools, parcel.row)) === null)
    return speak(intake, asked, parcel.row);
  return findAgain(intake, asked, parcel.row);
}

/**
 * The answer to the first creation was lost, and that request may still be writing. Like every request, this one takes
 * the parcel over from it and learns where it ends. The body of this request is not read: the device resumes at the
 * offset that it is told.
 */
async function findAgain(intake: Intake, { request, sender }: Asked, parcel: OwnedParcel): Promise<Response> {
  const { id } = parcel;
  const head = new Request(new URL(`/upload/files/${id}`, request.url), {
    method: 'HEAD',
    headers: TUS_VERSION,
  });
  const answer = await speak(intake, { request: head, body: createCutBody(null), sender }, parcel);
  if (answer.status >= 400) return answer;
  const headers = new Headers({ ...TUS_VERSION, Location: `files/${id}` });
  for (const name of ['Upload-Offset', 'Upload-Expires'])
    if (answer.headers.has(name)) headers.set(name, answer.headers.get(name)!);
  if (headers.get('upload-offset') === String(parcel.bytes)) await handOver(intake.tools, id, sender);
  return new Response(null, { status: 201, headers });
}

async function resume(intake: Intake, asked: Asked): Promise<Response> {
  const { tools } = intake;
  const { request, sender } = asked;
  const id = new URL(request.url).pathname.split('/').at(-1) ?? '';
  const parcel = isUuid(id) ? await findParcel(tools.db, id) : undefined;
  // Another owner's parcel is treated as missing: its existence is not revealed.
  if (parcel === undefined || !(await mayReach(tools, asked, parcel))) throw new Problem('not-found');
  if (request.method === 'PATCH') return receivePiece(intake, asked, parcel);
  const response = await speak(intake, asked, parcel);
  // The last PATCH was stored, but the process died before it answered.
  if (request.method === 'HEAD' && parcel.state === 'receiving') await handOver(tools, id, sender);
  return response;
}

/** A carrier may send bytes of the parcels that its ticket names, but may not delete any. */
async function mayReach(
  tools: Pick<IntakeTools, 'db' | 'now'>,
  { request, sender }: Asked,
  parcel: OwnedParcel,
): Promise<boolean> {
  if (isOwnedBy(sender, parcel)) return true;
  if (request.method === 'DELETE' || !(await isCarrier(tools, sender, parcel.upload_id))) return false;
  const { upload_id: uploadId, device_parcel_id: id, bytes, seal_key_id: keyId, seal_enc: enc } = parcel;
  const seal = keyId === null || enc === null ? null : { keyId, enc };
  return isCarried(tools, sender, uploadId, { id, bytes, seal });
}

/** Answers a PATCH, with a line in the log before and after. */
async function receivePiece(intake: Intake, asked: Asked, parcel: OwnedParcel): Promise<Response> {
  const { log } = intake.tools;
  const of = { stage: 'intake', studyId: parcel.study_id, parcelId: parcel.id };
  const started = performance.now();
  log({ event: 'stage-started', ...of });
  let outcome = 'failed';
  try {
    const response = await speak(intake, asked, parcel);
    outcome = String(response.status);
    return response;
  } catch (error) {
    if (error instanceof Problem) outcome = error.code;
    else if (asked.body.isCut()) outcome = 'cut';
    throw error;
  } finally {
    const ms = Math.round(performance.now() - started);
    log({ event: 'stage-finished', ...of, outcome, ms });
  }
}

/** Lets @tus/server answer; throws where the failure has a code of ours. */
async function speak(
  intake: Intake,
  { request: incoming, body, sender }: Asked,
  parcel: OwnedParcel,
): Promise<Response> {
  const { url, method, headers } = incoming;
  const length = headers.get('content-length');
  const beside: ParcelRequest = {
    parcel,
    body,
    sender,
    failure: null,
    checksum: parseUploadChecksum(headers.get('upload-checksum')),
    contentLength: length === null ? null : Number(length),
  };
  // Without a body: the spool reads the body itself.
  const request = new Request(url, { method, headers });
  const answer = () => intake.current.run(beside, () => intake.server.handleWeb(request as never));
  const response = await (method === 'HEAD' ? answer() : whileReceiving(intake, parcel.upload_id, answer));
  if (response.status >= 400) await refuse(intake.tools, beside, parcel);
  const offset = response.headers.get('upload-offset');
  // tus 1.0 Expiration: "This header MUST be included in every PATCH response if the upload is going to
  // expire."
  if (method !== 'DELETE' && offset !== String(parcel.bytes))
    response.headers.set('Upload-Expires', parcel.expires_at.toUTCString());
  return withoutCors(response);
}

async function whileReceiving<T>(
  { receiving }: Intake,
  uploadId: string,
  work: () => Promise<T>,
): Promise<T> {
  receiving.set(uploadId, (receiving.get(uploadId) ?? 0) + 1);
  try {
    return await work();
  } finally {
    const left = (receiving.get(uploadId) ?? 0) - 1;
    if (left > 0) receiving.set(uploadId, left);
    else receiving.delete(uploadId);
  }
}

async function reportFull(
  tools: Pick<IntakeTools, 'db' | 'now' | 'changes'>,
  studyId: string,
): Promise<never> {
  if (await setWaiting(tools.db, studyId, 'storage-full', tools.now())) tools.changes.emit(studyId);
  throw new Problem('storage-full');
}

async function refuse(tools: IntakeTools, request: ParcelRequest, parcel: OwnedParcel): Promise<void> {
  const { failure } = request;
  if (failure instanceof StorageFull) await reportFull(tools, parcel.study_id);
  throwFailure(failure);
}
