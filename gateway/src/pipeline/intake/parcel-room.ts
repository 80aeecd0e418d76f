/**
 * Room for parcels: how much an upload may announce, and whether the disk has room for it. A parcel that is announced
 * and not yet written counts as written, because eight parcels must not be promised the room of one.
 *
 * This does not free space, and knows nothing of other programs on the same disk: the next PATCH notices the space that
 * they take meanwhile.
 */
import { sql } from 'kysely';
import { Problem } from '#shared/protocol/problem.ts';
import type { Trx } from '../../database/database.ts';
import { checkRoom, StorageFull, type Blobs } from '../../ports/blobs/blobs.ts';
import { tailOf } from '../stores/parcel-blobs.ts';
import {
  largestOpenParcels,
  openParcels,
  plainBytes,
  promisedBytes,
  sumOpenParcels,
} from '../stores/parcel.store.ts';

/** Allowance for a boundary and the headers of one part, which take some 300 bytes. */
const PART_OVERHEAD_BYTES = 1024;
/** Allowance for a part that was not promised (verify ignores it): so small that even many such parts fill no disk. */
const PARCEL_OVERHEAD_BYTES = 64 * 1024;
/**
 * The target size of a parcel (PROTOCOL). A parcel is sent whole even when only one of its instances is still needed.
 */
const WHOLE_PARCEL_BYTES = 16 * 1024 ** 2;
/**
 * A device sends a few at once, and finds each again by its own id. With a lower limit, a device that was interrupted
 * often would wait for its own unfinished parcels.
 */
const OPEN_PARCELS_LIMIT = 64;
/** For all devices of an account together: 200 tablets with five each. Parcels of a byte cost rows and files too. */
export const OPEN_PARCELS_OF_ACCOUNT = 1_024;
/**
 * How many parcels, the largest first, have their written bytes looked up. This happens only where the disk is nearly
 * full.
 */
const LOOKED_UP_LIMIT = 256;

/**
 * Throws where an upload may not announce a parcel of this length. `body-too-large`: it never promised so much.
 * `upload-not-found`: it promised enough, but the rest arrived meanwhile; init then tells the device that nothing of
 * the parcel is needed. StorageFull: its unfinished parcels together announce more than it needs, with an allowance for
 * what an interrupted device left. `again`: bytes of the parcel that this one replaces. For a sealed parcel both
 * lengths are as opened. The space for restoring coded instances is not counted here: verify asks for it.
 */
export async function checkAnnounced(
  trx: Trx,
  uploadId: string,
  bytes: number,
  again: number,
): Promise<void> {
  const { count, needed, all } = await promisedBytes(trx, uploadId);
  const overhead = PARCEL_OVERHEAD_BYTES + count * PART_OVERHEAD_BYTES;
  if (bytes > all + overhead)
    throw new Problem('body-too-large', 'The parcel is larger than everything that the upload promised.');
  if (bytes > Math.max(needed, again, Math.min(all, WHOLE_PARCEL_BYTES)) + overhead)
    throw new Problem('upload-not-found', 'Most of the parcel has arrived meanwhile.');
  const open = await openParcels(trx, uploadId);
  if (open.length >= OPEN_PARCELS_LIMIT) throw new StorageFull();
  const announced = open.reduce((sum, parcel) => sum + plainBytes(parcel), 0);
  const remains = Math.min(all, OPEN_PARCELS_LIMIT * WHOLE_PARCEL_BYTES);
  if (announced + bytes > Math.max(needed, again) + remains + (open.length + 1) * overhead)
    throw new StorageFull();
}

/**
 * Throws StorageFull if the disk has no room for a parcel of this length in addition to those announced before, or if
 * the account has too many unfinished ones. The lock is held until the transaction ends, so that two creations do not
 * count the same room.
 *
 * Announced parcels count as unwritten while the room suffices even so. Otherwise the written bytes of the largest
 * parcels are looked up, so that many small parcels cause no disk access.
 */
export async function reserveRoom(
  trx: Trx,
  blobs: Blobs,
  accountId: string | null,
  bytes: number,
): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('parcel room'))`.execute(trx);
  const open = await sumOpenParcels(trx, accountId);
  if (open.ofAccount >= OPEN_PARCELS_OF_ACCOUNT) throw new StorageFull();
  if (await hasRoom(blobs, open.bytes + bytes)) return;
  let awaited = open.bytes;
  for (const parcel of await largestOpenParcels(trx, LOOKED_UP_LIMIT)) {
    const written = ((await blobs.size(parcel.id)) ?? 0) + ((await blobs.size(tailOf(parcel.id))) ?? 0);
    awaited -= Math.min(parcel.bytes, written);
  }
  await checkRoom(blobs, awaited + bytes);
}

async function hasRoom(blobs: Blobs, bytes: number): Promise<boolean> {
  try {
    await checkRoom(blobs, bytes);
    return true;
  } catch (error) {
    if (error instanceof StorageFull) return false;
    throw error;
  }
}
