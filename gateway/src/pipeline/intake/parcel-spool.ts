/**
 * The tus data store: parcels as encrypted blobs. The offset follows from what lies there (the blob's size for a parcel
 * in the clear; for a sealed one see sealed-parcel.ts), so no other record can contradict it after a crash. The facts
 * that a request needs about its parcel are passed separately (`ParcelRequest`), because @tus/server passes only the
 * id.
 */
import type { AsyncLocalStorage } from 'node:async_hooks';
import type { Readable } from 'node:stream';
import { DataStore, ERRORS, Upload } from '@tus/server';
import { parcelKey } from '../../ports/blobs/blob-cipher.ts';
import { BlobDamaged, checkRoom, StorageFull, type BlobKey, type Blobs } from '../../ports/blobs/blobs.ts';
import { createOpener } from '#shared/transfer/seal.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { StudyKeys } from '../stores/study-key.ts';
import type { OwnedParcel } from '../stores/parcel.store.ts';
import type { SealingKeys } from '../plan/pipeline-tools.ts';
import type { Sender } from '../stores/upload-owner.ts';
import type { CutBody } from './cut-body.ts';
import {
  readSealedState,
  sealedOffset,
  toSealedParcel,
  writeSealed,
  type SealedParcel,
} from './sealed-parcel.ts';
import type { Checksum } from './upload-checksum.ts';

/**
 * A killed process loses the bytes of this time. Writing more often would write each record of a slow link many times,
 * in small parts.
 */
const KEEP_TAIL_MS = 250;

export type ParcelRequest = {
  readonly parcel: OwnedParcel;
  readonly checksum: Checksum | null;
  /** Content-Length; null where the client did not send it. */
  readonly contentLength: number | null;
  readonly body: CutBody;
  readonly sender: Sender;
  /** The cause of the failure, for the answer; @tus/server keeps only a status and a text. */
  failure: unknown;
};

type SpoolTools = {
  readonly blobs: Blobs;
  readonly keys: StudyKeys;
  readonly sealing: SealingKeys;
  readonly request: AsyncLocalStorage<ParcelRequest>;
  readonly now: () => Date;
  readonly removed: (parcel: OwnedParcel) => Promise<void>;
};

/**
 * The key of the parcel's study. Throws the error that tus answers with 410: without the key the parcel cannot be
 * read.
 */
function studyKeyOf(keys: StudyKeys, parcel: OwnedParcel): Uint8Array {
  const key = parcel.wrapped_key === null ? null : keys.unwrap(parcel.study_id, parcel.wrapped_key);
  if (key === null) throw ERRORS.FILE_NO_LONGER_EXISTS;
  return key;
}

/**
 * How many bytes of the parcel have been received, counted as it is sent. Null: there is no such blob. Throws like
 * `studyKeyOf`.
 */
export async function parcelOffset(
  { blobs, keys }: Pick<SpoolTools, 'blobs' | 'keys'>,
  parcel: OwnedParcel,
): Promise<number | null> {
  // Verify removes blobs that it no longer needs, so the size cannot be read from them.
  if (parcel.state !== 'receiving') return parcel.bytes;
  if (parcel.seal_enc === null) return blobs.size(parcel.id);
  const sealed = toSealedParcel(parcel.id, parcel.bytes, studyKeyOf(keys, parcel));
  const state = await readSealedState(blobs, sealed);
  return state === null ? null : sealedOffset(sealed, state);
}

export class ParcelSpool extends DataStore {
  readonly #tools: SpoolTools;

  constructor(tools: SpoolTools) {
    super();
    this.#tools = tools;
    this.extensions = ['creation', 'creation-with-upload', 'termination', 'expiration', 'checksum'];
  }

  #parcel(id: string): ParcelRequest {
    const request = this.#tools.request.getStore();
    if (request === undefined || request.parcel.id !== id) throw ERRORS.FILE_NOT_FOUND;
    return request;
  }

  override async create(upload: Upload): Promise<Upload> {
    await this.#tools.blobs.create(this.#parcel(upload.id).parcel.id);
    return upload;
  }

  override async getUpload(id: string): Promise<Upload> {
    const { parcel } = this.#parcel(id);
    // tus 1.0 Expiration, decided by the row's date: @tus/server would use another clock.
    if (parcel.state === 'receiving' && parcel.expires_at < this.#tools.now())
      throw ERRORS.FILE_NO_LONGER_EXISTS;
    const offset = await parcelOffset(this.#tools, parcel);
    if (offset === null) throw ERRORS.FILE_NO_LONGER_EXISTS;
    return new Upload({
      id,
      size: parcel.bytes,
      offset,
      metadata: { upload: parcel.upload_id, parcel: parcel.device_parcel_id },
    });
  }

  /** Reads the request's own body: the stream that @tus/server passes on is empty (see `speak`). */
  override async write(_stream: Readable, id: string, offset: number): Promise<number> {
    const request = this.#parcel(id);
    const { parcel, contentLength } = request;
    const left = parcel.bytes - offset;
    if (left === 0) return offset;
    const studyKey = studyKeyOf(this.#tools.keys, parcel);
    try {
      // Other programs write on this disk too: space that was free when the parcel was announced may be gone.
      await checkRoom(this.#tools.blobs, Math.min(contentLength ?? left, left));
      if (parcel.seal_enc === null) return await this.#append(request, parcelKey(studyKey, id), offset);
      return await this.#open(request, parcel.seal_enc, toSealedParcel(id, parcel.bytes, studyKey));
    } catch (error) {
      if (error instanceof StorageFull) request.failure = error;
      if (!(error instanceof BlobDamaged)) throw error;
      // The disk spoiled what had come. Everything from there on is discarded, and the device asks where to continue.
      await this.#tools.blobs.truncate(id, parcelKey(studyKey, id), error.offset);
      throw new Problem('checksum-mismatch');
    }
  }

  async #append(request: ParcelRequest, key: BlobKey, offset: number): Promise<number> {
    const {
      parcel: { id, bytes },
      checksum,
      contentLength,
      body,
    } = request;
    const written = await this.#tools.blobs.append(id, key, offset, taken(body, bytes - offset, checksum));
    const whole = contentLength === null ? !body.isCut() : written === contentLength;
    if (checksum !== null && whole && !checksum.matches()) {
      await this.#tools.blobs.truncate(id, key, offset);
      throw new Problem('checksum-mismatch');
    }
    return offset + written;
  }

  /**
   * Opens the incoming bytes. Complete records are authenticated by their tags; for the bytes of an incomplete record
   * the checksum decides, if there is one.
   */
  async #open(request: ParcelRequest, enc: string, sealed: SealedParcel): Promise<number> {
    const { parcel, checksum, contentLength, body } = request;
    const { blobs, sealing } = this.#tools;
    const from = await readSealedState(blobs, sealed);
    if (from === null) throw ERRORS.FILE_NO_LONGER_EXISTS;
    const key = sealing.get(parcel.seal_key_id ?? '');
    if (key === undefined) throw new Problem('seal-key-unknown');
    const opener = await createOpener(key, enc, parcel.device_parcel_id, from.held);
    const offset = sealedOffset(sealed, from);
    let came = 0;
    let isWrong = false;
    const counted = async function* () {
      for await (const piece of taken(body, parcel.bytes - offset, checksum)) {
        came += piece.length;
        yield piece;
      }
    };
    const mayKeep = (): boolean => {
      const whole = contentLength === null ? !body.isCut() : came === contentLength;
      isWrong = checksum !== null && whole && !checksum.matches();
      return !isWrong;
    };
    const isDue = checksum === null ? every(KEEP_TAIL_MS) : () => false;
    const { state, isDamaged } = await writeSealed(blobs, sealed, from, {
      opener,
      body: counted(),
      rule: { isDue, mayKeep },
    });
    if (isDamaged || isWrong) throw new Problem('checksum-mismatch');
    return sealedOffset(sealed, state);
  }

  override async remove(id: string): Promise<void> {
    const { parcel } = this.#parcel(id);
    // Verified instances stay: a device can take back only an unfinished parcel.
    if (parcel.state !== 'receiving') throw ERRORS.INVALID_TERMINATION;
    await this.#tools.removed(parcel);
  }

  /** 0: @tus/server sends no expiry of its own; the receiver sends it. */
  override getExpiration(): number {
    return 0;
  }
}

/** True when `ms` have passed since it was last true. `clock`: in milliseconds, and never set back. */
export function every(ms: number, clock: () => number = () => performance.now()): () => boolean {
  let last = clock();
  return () => {
    const isDue = clock() - last >= ms;
    if (isDue) last = clock();
    return isDue;
  };
}

/** Passes the body on and hashes it. Throws where more bytes come than were announced. */
export async function* taken(
  body: AsyncIterable<Uint8Array>,
  room: number,
  checksum: Checksum | null,
): AsyncGenerator<Uint8Array> {
  let left = room;
  for await (const piece of body) {
    left -= piece.length;
    if (left < 0) throw ERRORS.ERR_SIZE_EXCEEDED;
    checksum?.hash.update(piece);
    yield piece;
  }
}
