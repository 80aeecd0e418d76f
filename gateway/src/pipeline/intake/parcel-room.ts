/**
 * Room for parcels: what one may announce, and whether the disk has it. A parcel that is announced and not
 * written yet counts as written: eight of them must not be promised the room of one.
 *
 * It does not make room, and it cannot ask other programs on the same disk: the next PATCH notices the space
 * that they take meanwhile.
 */
import { sql } from 'kysely';
import { Problem } from '#shared/protocol/problem.ts';
import type { Trx } from '../../database/database.ts';
import { checkRoom, StorageFull, type Blobs } from '../../ports/blobs/blobs.ts';
import { tailOf } from '../parcel-blobs.ts';
import {
  largestOpenParcels,
  openParcels,
  plainBytes,
  promisedBytes,
  sumOpenParcels,
} from '../parcel.store.ts';

/** Boundary and the headers of one part have some 300 bytes. */
const PART_OVERHEAD_BYTES = 1024;
/**
 * Allowance for a part that nobody promised (ignored by verify): so small that even many of them fill no
 * disk.
 */
const PARCEL_OVERHEAD_BYTES = 64 * 1024;
/**
 * The target size of a parcel (PROTOCOL): one travels whole, also when only one of its instances is still
 * needed.
 */
const WHOLE_PARCEL_BYTES = 16 * 1024 ** 2;
/**
 * A device sends a few at once, and finds each again under its own name. With fewer, a device that was
 * interrupted often would wait for its own remains.
 */
const OPEN_PARCELS_LIMIT = 64;
/** All devices of an account together: 200 tablets with five each. Parcels of a byte cost rows and files too. */
export const OPEN_PARCELS_OF_ACCOUNT = 1_024;
/** Parcels, the largest first, whose written bytes are looked up; only where the disk is nearly full. */
const LOOKED_UP_LIMIT = 256;

/**
 * Throws where an upload may not announce a parcel of this length: `body-too-large` where it never promised
 * so much; `upload-not-found` where it did, and the rest arrived in the meantime: init then tells the device
 * that nothing of the parcel is needed; StorageFull where its unfinished parcels together announce more than
 * it needs, with allowance for the remains of an interrupted device. `again`: bytes of the parcel that this
 * one replaces. Of a sealed one both are meant as they are opened. The space for restoring coded instances is
 * not counted here: verify asks for it.
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
 * Throws StorageFull if the disk has no room for a parcel of this length in addition to those announced
 * before, or if the account has too many unfinished ones. Held until the transaction ends, so that two
 * creations do not see the same room.
 *
 * Announced parcels count as unwritten while the room suffices even so. Where it does not, what is written of
 * the largest is looked up: however many small ones there are, they cost no look at the disk.
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
