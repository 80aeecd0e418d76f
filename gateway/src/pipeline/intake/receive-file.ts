/**
 * tus 1.0 at `/upload/files` for other clients: a single instance or a ZIP, as it lies on the sender's disk. The
 * gateway opens the file once it is complete (gateway/src/foreign). The protocol is as in the intake of parcels, with a
 * spool of its own: the offset is what lies there, the newest request wins, and bytes before a cut are kept.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Readable } from 'node:stream';
import { DataStore, ERRORS, Server, Upload } from '@tus/server';
import { Problem } from '#shared/protocol/problem.ts';
import { isArchiveName } from '#shared/ingest/archive-name.ts';
import type { Role } from '#shared/protocol/api.ts';
import { policyNamed, reasonSaid } from '../../policies/policies.ts';
import { BlobDamaged, checkRoom, StorageFull } from '../../ports/blobs/blobs.ts';
import { findFile, POLICY_HEADER, type FileForm, type SentFile } from '../stores/sent-file.store.ts';
import { isOwnedBy, type Sender } from '../stores/upload-owner.ts';
import { createBodyPlaces } from './body-places.ts';
import { LOCK_DRAIN_MS, type CutBody } from './cut-body.ts';
import {
  createFile,
  fileKey,
  handOverFile,
  removeUnfinishedFile,
  type FileSpoolTools,
} from '../spool/file-spool.ts';
import { createParcelLocker } from './parcel-locker.ts';
import { taken } from './parcel-spool.ts';
import { throwFailure } from './tus-failure.ts';
import { withoutCors } from './without-cors.ts';
import { parseUploadChecksum, type Checksum } from './upload-checksum.ts';

/** Places as for parcels, but fewer at once: a client that is not ours sends one file after the other. */
const PLACES = { atOnce: 64, ofOne: 16 };

const CREATED = 201;

type FileSender = Sender & { readonly siteId: string; readonly roles: readonly Role[] };

export type FileReceiver = {
  /** The request creates a file, not a parcel. */
  isCreation(request: Request): boolean;
  /** Throws Problem. */
  create(request: Request, sender: FileSender, socket?: Readable): Promise<Response>;
  /** `id`: the id of a file (`isFileId`). Throws Problem. */
  resume(request: Request, sender: Sender, id: string, socket?: Readable): Promise<Response>;
};
type FileSettings = {
  /** How long an unfinished file is kept. */
  readonly uploadExpiresHours: number;
  /** The policy for files that name none. */
  readonly policy: string;
};

type FileRequest = {
  readonly file: SentFile;
  readonly sender: Sender;
  readonly body: CutBody;
  readonly checksum: Checksum | null;
  readonly contentLength: number | null;
  failure: unknown;
};

type Current = AsyncLocalStorage<FileRequest>;
type Receiving = { readonly tools: FileSpoolTools; readonly server: Server; readonly current: Current };

export function createFileReceiver(tools: FileSpoolTools, settings: FileSettings): FileReceiver {
  const current: Current = new AsyncLocalStorage();
  const receiving = { tools, current, server: createServer(tools, current) };
  const inPlace = createBodyPlaces(PLACES);
  return {
    isCreation: ({ headers }) => {
      const named = metadataOf(headers);
      return named.has('filename') && !named.has('upload');
    },
    create: (request, sender, socket) =>
      inPlace({ request, sender, source: socket ?? request.body }, async (body) => {
        const file = await announce(tools, request.headers, sender, settings);
        const answer = await speak(receiving, request, { file, sender, body });
        if (answer.status === CREATED) answer.headers.set(POLICY_HEADER, file.policy_name);
        return answer;
      }),
    resume(request, sender, id, socket) {
      const source = request.method === 'PATCH' ? (socket ?? request.body) : null;
      return inPlace({ request, sender, source }, async (body) => {
        const file = await findOwn(tools, id, sender);
        const answer = await speak(receiving, request, { file, sender, body });
        // The last PATCH was stored, but the process died before it answered.
        if (request.method === 'HEAD' && (await tools.blobs.size(file.id)) === file.bytes)
          await handOverFile(tools, file.id, sender);
        return answer;
      });
    },
  };
}

/**
 * Another sender's file is treated as missing. The body of a STOW-RS request, and an association's file, cannot be
 * continued.
 */
async function findOwn({ db }: FileSpoolTools, id: string, sender: Sender): Promise<SentFile> {
  const file = await findFile(db, id, null);
  if (file === undefined || !isOwnedBy(sender, file) || ['parts', 'association'].includes(file.form.kind))
    throw new Problem('not-found');
  return file;
}

/** tus 1.0 Creation: pairs of a key and a value in base64. */
function metadataOf(headers: Headers): ReadonlyMap<string, string> {
  return new Map(
    (headers.get('upload-metadata') ?? '').split(',').map((pair): [string, string] => {
      const [key = '', value = ''] = pair.trim().split(/ +/);
      return [key, Buffer.from(value, 'base64').toString()];
    }),
  );
}

async function announce(
  tools: FileSpoolTools,
  headers: Headers,
  sender: FileSender,
  settings: FileSettings,
): Promise<SentFile> {
  const bytes = Number(headers.get('upload-length') ?? NaN);
  if (!Number.isSafeInteger(bytes) || bytes < 1)
    throw new Problem('invalid-request', 'Upload-Length is missing or no length.');
  const named = metadataOf(headers);
  const { siteId, roles } = sender;
  const name = named.get('policy') ?? sender.policy ?? settings.policy;
  const policy = await policyNamed(tools.db, siteId, name, roles);
  // The name is not kept: it may be a patient's.
  const form: FileForm = { kind: isArchiveName(named.get('filename') ?? '') ? 'archive' : 'instance' };
  const file = await createFile(tools, {
    site_id: siteId,
    account_id: sender.accountId,
    device_id: sender.deviceId,
    key_id: sender.keyId ?? null,
    form,
    policy_name: policy.name,
    policy_version: policy.version,
    reason: reasonSaid(policy, named.get('reason')),
    bytes,
    expires_at: new Date(tools.now().getTime() + settings.uploadExpiresHours * 3_600_000),
  });
  return {
    ...file,
    peer_id: null,
    ae_title: null,
    came_at: null,
    held_at: null,
    given_up: null,
    state: 'receiving',
    runs: 0,
    patients: 0,
    fatal: [],
    problem: null,
    entries: [],
    created_at: tools.now(),
  };
}

function createServer(tools: FileSpoolTools, current: Current): Server {
  return new Server({
    path: '/upload/files',
    datastore: new FileStore(tools, current),
    locker: createParcelLocker(() => {
      const body = current.getStore()?.body;
      return (because) => (because === 'lost' ? body?.stop() : body?.letGo());
    }, tools.locks),
    lockDrainTimeout: LOCK_DRAIN_MS,
    namingFunction: () => current.getStore()?.file.id ?? '',
    generateUrl: (_request, { id }) => `files/${id}`,
    onResponseError: (_request, error) => {
      const request = current.getStore();
      if (request) request.failure ??= error;
      return undefined;
    },
    onUploadFinish: async (_request, { id }) => {
      await handOverFile(tools, id, current.getStore()!.sender);
      return {};
    },
  });
}

async function speak(
  { server, current }: Receiving,
  { url, method, headers }: Request,
  of: Pick<FileRequest, 'file' | 'sender' | 'body'>,
): Promise<Response> {
  const length = headers.get('content-length');
  const beside: FileRequest = {
    ...of,
    checksum: parseUploadChecksum(headers.get('upload-checksum')),
    contentLength: length === null ? null : Number(length),
    failure: null,
  };
  // Without a body: the store reads the body itself.
  const request = new Request(url, { method, headers });
  const response = await current.run(beside, () => server.handleWeb(request as never));
  if (response.status >= 400) {
    if (beside.failure instanceof StorageFull) throw new Problem('storage-full');
    throwFailure(beside.failure);
  }
  // RFC 8288: what becomes of the file is not known yet, so the answer links to its status. The address is relative,
  // like Location.
  const status = `${method === 'POST' ? '' : '../'}${of.file.id}/status`;
  if (response.ok && method !== 'DELETE') response.headers.set('Link', `<${status}>; rel="describedby"`);
  if (of.file.state === 'receiving') response.headers.set('Upload-Expires', of.file.expires_at.toUTCString());
  return withoutCors(response);
}

class FileStore extends DataStore {
  readonly #tools: FileSpoolTools;
  readonly #current: Current;

  constructor(tools: FileSpoolTools, current: Current) {
    super();
    this.#tools = tools;
    this.#current = current;
    this.extensions = ['creation', 'creation-with-upload', 'termination', 'expiration', 'checksum'];
  }

  #request(id: string): FileRequest {
    const request = this.#current.getStore();
    if (request === undefined || request.file.id !== id) throw ERRORS.FILE_NOT_FOUND;
    return request;
  }

  override async create(upload: Upload): Promise<Upload> {
    this.#request(upload.id);
    return upload;
  }

  override async getUpload(id: string): Promise<Upload> {
    const { file } = this.#request(id);
    const size = file.bytes ?? 0;
    if (file.state === 'receiving' && file.expires_at < this.#tools.now()) throw ERRORS.FILE_NO_LONGER_EXISTS;
    const offset = file.state === 'receiving' ? await this.#tools.blobs.size(id) : size;
    if (offset === null) throw ERRORS.FILE_NO_LONGER_EXISTS;
    return new Upload({ id, size, offset });
  }

  /** Reads the request's own body: the stream that @tus/server passes on is empty (see `speak`). */
  override async write(_stream: Readable, id: string, offset: number): Promise<number> {
    const { file, checksum, contentLength, body } = this.#request(id);
    const { blobs } = this.#tools;
    const left = (file.bytes ?? 0) - offset;
    if (left === 0) return offset;
    const key = fileKey(this.#tools, file);
    try {
      await checkRoom(blobs, Math.min(contentLength ?? left, left));
      const written = await blobs.append(id, key, offset, taken(body, left, checksum));
      const whole = contentLength === null ? !body.isCut() : written === contentLength;
      if (checksum === null || !whole || checksum.matches()) return offset + written;
    } catch (error) {
      if (!(error instanceof BlobDamaged)) throw error;
      await blobs.truncate(id, key, error.offset);
      throw new Problem('checksum-mismatch');
    }
    await blobs.truncate(id, key, offset);
    throw new Problem('checksum-mismatch');
  }

  override async remove(id: string): Promise<void> {
    const { file } = this.#request(id);
    // Once a file is opened, its instances are uploads, and are taken back as such.
    const isWaiting = file.state === 'received' && file.problem !== null;
    // A DIMSE peer was told that the file is stored, so only an administrator can give it up.
    if (file.peer_id !== null || (file.state !== 'receiving' && !isWaiting)) throw ERRORS.INVALID_TERMINATION;
    await removeUnfinishedFile(this.#tools, file);
  }

  /** 0: @tus/server sends no expiry of its own; `speak` sends it. */
  override getExpiration(): number {
    return 0;
  }
}
