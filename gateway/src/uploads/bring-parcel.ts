/**
 * A parcel that the gateway makes itself: results, and instances of files that it has opened. As with tus, the row
 * comes first, then the bytes under the study's key, then the message that the parcel is complete.
 */
import { createBoundary, parcelPieces, type PackedInstance } from '#shared/transfer/parcel.ts';
import { removeUnfinished } from '../pipeline/stores/parcel-blobs.ts';
import { insertParcel } from '../pipeline/stores/parcel.store.ts';
import type { InstanceBytes } from '#shared/transfer/instance-bytes.ts';
import type { PipelineTools } from '../pipeline/plan/pipeline-tools.ts';
import { lockStudy } from '../pipeline/stores/study.store.ts';
import { parcelKey } from '../ports/blobs/blob-cipher.ts';
import type { HeldBlob } from '../ports/blobs/blobs.ts';
import type { Arrivals } from './complete-upload.ts';

/** A parcel is written in one go. What a killed run left behind is swept after this long. */
const PARCEL_EXPIRES_AFTER_MS = 3600 * 1000;

export type BringTools = Pick<PipelineTools, 'db' | 'blobs' | 'keys' | 'now' | 'newId'> & {
  /** The parcel is complete: verify takes over. `places`: where each instance begins in it. */
  readonly arrived: (parcelId: string, places: readonly BroughtPlace[]) => ReturnType<Arrivals['arrived']>;
};

export type BroughtPlace = Pick<PackedInstance, 'sopInstanceUID' | 'digest'> & { readonly offset: number };

/** Throws where the disk is full, or the study's key is gone. */
export async function bringParcel(
  tools: BringTools,
  uploadId: string,
  parcelId: string,
  parts: readonly PackedInstance[],
): Promise<void> {
  const tell = await writeParcel(tools, uploadId, parcelId, parts);
  await tell();
}

/**
 * Writes the parcel, and returns the second step, which says that it is complete. The memory of `parts` is not read
 * between the two.
 */
export async function writeParcel(
  tools: BringTools,
  uploadId: string,
  parcelId: string,
  parts: readonly PackedInstance[],
): Promise<() => Promise<void>> {
  const { pieces, offsets, size } = parcelPieces(createBoundary(), parts);
  const studyKey = await insertRow(tools, uploadId, parcelId, size);
  await tools.blobs.create(parcelId);
  await tools.blobs.append(parcelId, parcelKey(studyKey, parcelId), 0, inPieces(pieces));
  const places = parts.map(({ sopInstanceUID, digest }, at) => ({
    ...{ sopInstanceUID, digest },
    offset: offsets[at]!,
  }));
  return async () => void (await tools.arrived(parcelId, places));
}

type Adopted = {
  readonly from: HeldBlob;
  readonly size: number;
  readonly places: readonly BroughtPlace[];
};

/** Makes a parcel of bytes that are already here. False: that is not possible, or verify would have to check it. */
export async function adoptParcel(
  tools: Pick<BringTools, 'db' | 'blobs' | 'keys' | 'now' | 'newId'>,
  uploadId: string,
  { from, size, places }: Adopted,
  takeOpened: (parcelId: string, places: readonly BroughtPlace[]) => Promise<boolean>,
): Promise<boolean> {
  const parcelId = tools.newId();
  const studyKey = await insertRow(tools, uploadId, parcelId, size);
  const isHere = await tools.blobs.adopt(parcelId, parcelKey(studyKey, parcelId), from);
  if (isHere && (await takeOpened(parcelId, places))) return true;
  await removeUnfinished(tools, [parcelId]);
  return false;
}

/** The size of a piece, as in a blob's stream. Each piece takes as much memory once more while it is written. */
const PIECE_BYTES = 256 * 1024;

async function* inPieces(pieces: readonly InstanceBytes[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof Blob) yield* piece.stream();
    else for (let at = 0; at < piece.length; at += PIECE_BYTES) yield piece.subarray(at, at + PIECE_BYTES);
  }
}

/**
 * Inserts the parcel's row, and returns the study's key. Intake made the key with the promise, and keeps it while
 * instances are awaited.
 */
async function insertRow(
  tools: Pick<BringTools, 'db' | 'keys' | 'now' | 'newId'>,
  uploadId: string,
  parcelId: string,
  bytes: number,
): Promise<Uint8Array> {
  return tools.db.transaction().execute(async (trx) => {
    const upload = await trx
      .selectFrom('upload')
      .select(['study_id', 'site_id'])
      .where('id', '=', uploadId)
      .executeTakeFirstOrThrow();
    const study = await lockStudy(trx, upload.study_id);
    const key = study?.wrapped_key ? tools.keys.unwrap(study.id, study.wrapped_key) : null;
    if (key === null) throw new Error('the key of the study went while its instances were on their way');
    const expiresAt = new Date(tools.now().getTime() + PARCEL_EXPIRES_AFTER_MS);
    await insertParcel(trx, {
      id: parcelId,
      site_id: upload.site_id,
      upload_id: uploadId,
      study_id: upload.study_id,
      device_parcel_id: tools.newId(),
      bytes,
      expires_at: expiresAt,
      seal_key_id: null,
      seal_enc: null,
    });
    return key;
  });
}
