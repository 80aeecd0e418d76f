/**
 * The names of the blobs in which a parcel's bytes lie:
 *
 *   <parcel id>                  its body, in the clear under the study's key; of a sealed one, what was opened so far
 *   <parcel id>-tail             of a sealed parcel on its way: the part of a record that has come (see
 *                                intake/sealed-parcel.ts)
 *   <parcel id>-restored-<run>   coded instances as verify restored them; each run writes into a blob of its own
 *
 * All of them go when the parcel goes, and each goes as soon as nothing needs it any more.
 */
import type { Db } from '../../database/database.ts';
import type { Blobs } from '../../ports/blobs/blobs.ts';
import type { InstanceRow } from './instance.store.ts';
import { deleteUnfinished } from './parcel.store.ts';

export const tailOf = (parcelId: string): string => `${parcelId}-tail`;

/** `run`: any UUID. Eight of its digits tell two runs of verify on one parcel apart, and keep the name short enough. */
export const restoredOf = (parcelId: string, run: string): string =>
  `${parcelId}-restored-${run.slice(0, 8)}`;

/** The parcel that owns the blob. */
export const parcelOf = (blobId: string): string => blobId.replace(/-(tail|restored-[0-9a-f]+)$/, '');

/** The blob that holds the instance; null: its bytes are not here. */
export function blobOf(row: Pick<InstanceRow, 'parcel_id' | 'restored'>): string | null {
  return row.restored ?? row.parcel_id;
}

/** Removes every blob of these parcels, whether an instance still has its place there or not. */
export async function removeParcelBlobs(
  blobs: Pick<Blobs, 'remove' | 'ids'>,
  parcelIds: readonly string[],
): Promise<void> {
  if (parcelIds.length === 0) return;
  const gone = new Set(parcelIds);
  await Promise.all((await blobs.ids()).filter((id) => gone.has(parcelOf(id))).map((id) => blobs.remove(id)));
}

/** Removes those parcels that are still unfinished, with their bytes, and returns them. */
export async function removeUnfinished(
  { db, blobs }: { readonly db: Db; readonly blobs: Pick<Blobs, 'remove' | 'ids'> },
  parcelIds: readonly string[],
): Promise<readonly string[]> {
  const gone = await db.transaction().execute((trx) => deleteUnfinished(trx, parcelIds));
  await removeParcelBlobs(blobs, gone);
  return gone;
}
