/** Blobs of parcels that nobody needs any more. */
import type { Db } from '../../database/database.ts';
import type { Blobs } from '../../ports/blobs/blobs.ts';
import { usedBlobs } from './instance.store.ts';
import { parcelOf } from './parcel-blobs.ts';
import { parcelStates } from './parcel.store.ts';

type BlobTools = { readonly db: Db; readonly blobs: Blobs };

/**
 * First, blobs whose parcel is gone: rows are made before their blobs, so a blob
 * without a row will never get one. Second, blobs of a verified parcel in which no instance has its place: coded bytes
 * that were restored, the tail of a sealed parcel, the output of a killed run.
 */
export async function orphanBlobs({ blobs, db }: BlobTools): Promise<readonly string[]> {
  const ids = await blobs.ids();
  const states = await parcelStates(db);
  const used = await usedBlobs(db);
  return ids.filter((id) => {
    const state = states.get(parcelOf(id));
    return state === undefined || (state === 'verified' && !used.has(id));
  });
}

export async function sweepBlobs(tools: BlobTools): Promise<void> {
  for (const id of await orphanBlobs(tools)) await tools.blobs.remove(id);
}
