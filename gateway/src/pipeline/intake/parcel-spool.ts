/**
 * The tus data store: parcels as encrypted blobs. The blob's size is the offset, so there is nothing beside it that could say otherwise
 * after a crash. What a request needs to know of its parcel travels beside it (`ParcelRequest`), for @tus/server passes only the id.
 */
import type { AsyncLocalStorage } from 'node:async_hooks';
import type { Readable } from 'node:stream';
import { DataStore, ERRORS, Upload } from '@tus/server';
import { parcelKey } from '../../ports/blobs/blob-cipher.ts';
import { StorageFull, type Blobs } from '../../ports/blobs/blobs.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { StudyKeys } from '../study-key.ts';
import type { OwnedParcel } from '../parcel.store.ts';
import type { CutBody } from './cut-body.ts';
import { checkRoom } from './parcel-room.ts';
import type { Checksum } from './upload-checksum.ts';

export type ParcelRequest = {
  readonly parcel: OwnedParcel;
  readonly checksum: Checksum | null;
  /** Content-Length; null where the client did not say. */
  readonly contentLength: number | null;
  readonly body: CutBody;
  /** What went wrong, for the answer: @tus/server keeps only a status and a text. */
  failure: unknown;
};

export type SpoolTools = {
  readonly blobs: Blobs;
  readonly keys: StudyKeys;
  readonly request: AsyncLocalStorage<ParcelRequest>;
  readonly expiresAfterMs: number;
  readonly removed: (parcel: OwnedParcel) => Promise<void>;
};

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
    // tus 1.0 Expiration: Upload-Expires is reckoned from here.
    upload.creation_date = this.#parcel(upload.id).parcel.created_at.toISOString();
    return upload;
  }

  override async getUpload(id: string): Promise<Upload> {
    const { parcel } = this.#parcel(id);
    const offset = await this.#tools.blobs.size(id);
    if (offset === null) throw ERRORS.FILE_NO_LONGER_EXISTS;
    return new Upload({ id, size: parcel.bytes, offset, metadata: { upload: parcel.upload_id, parcel: parcel.device_parcel_id }, creation_date: parcel.created_at.toISOString() });
  }

  /** Reads the request's own body: the stream that @tus/server passes on is empty (see `speak`). */
  override async write(_stream: Readable, id: string, offset: number): Promise<number> {
    const request = this.#parcel(id);
    const { parcel, checksum, contentLength } = request;
    const studyKey = parcel.wrapped_key === null ? null : this.#tools.keys.unwrap(parcel.study_id, parcel.wrapped_key);
    if (studyKey === null) throw ERRORS.FILE_NO_LONGER_EXISTS;
    const key = parcelKey(studyKey, id);
    const left = parcel.bytes - offset;
    const append = async (): Promise<number> => {
      // Other programs write on this disk too: what was free when the parcel was announced may be gone.
      await checkRoom(this.#tools.blobs, Math.min(contentLength ?? left, left));
      return this.#tools.blobs.append(id, key, offset, taken(request.body, left, checksum));
    };
    const written = await append().catch((error: unknown) => {
      if (error instanceof StorageFull) request.failure = error;
      throw error;
    });
    const whole = contentLength === null ? !request.body.isCut() : written === contentLength;
    if (checksum !== null && whole && !checksum.matches()) {
      await this.#tools.blobs.truncate(id, offset);
      throw new Problem('checksum-mismatch');
    }
    return offset + written;
  }

  override async remove(id: string): Promise<void> {
    const { parcel } = this.#parcel(id);
    // What was verified has its place here: only an unfinished parcel is the device's to take back.
    if (parcel.state !== 'receiving') throw ERRORS.INVALID_TERMINATION;
    await this.#tools.removed(parcel);
  }

  override getExpiration(): number {
    return this.#tools.expiresAfterMs;
  }
}

/** Hashes what passes. Throws where more comes than was announced. */
async function* taken(body: AsyncIterable<Uint8Array>, room: number, checksum: Checksum | null): AsyncGenerator<Uint8Array> {
  let left = room;
  for await (const piece of body) {
    left -= piece.length;
    if (left < 0) throw ERRORS.ERR_SIZE_EXCEEDED;
    checksum?.hash.update(piece);
    yield piece;
  }
}
