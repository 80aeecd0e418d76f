/**
 * The size of each parcel. The first ones are small, so that the wire is busy at once; then 16 MiB: a tus
 * upload that is lost costs little, and its headers weigh nothing. The last ones are small again: the gateway
 * verifies a parcel once all of it has come, several travel at once, and the wait after the last byte should
 * be short. A larger instance travels alone.
 */

const MIB = 1024 * 1024;
const PARCEL_BYTES = 16 * MIB;
const FIRST_BYTES: readonly number[] = [2 * MIB, 4 * MIB, 8 * MIB];
/** Smaller ones would be round trips. */
const LEAST_BYTES = 2 * MIB;
/** A parcel takes a fourth of what is left: three travel at once and share the link, so they arrive together. */
const SHARE = 4;

/**
 * The limit of the nth parcel of a study (from 0), of which `left` bytes are in no parcel yet. Bytes of
 * instances, before any coding.
 */
export function parcelLimitBytes(nth: number, left: number): number {
  // No rest of a few bytes is left behind.
  const share = left < 1.5 * LEAST_BYTES ? left : Math.max(LEAST_BYTES, left / SHARE);
  return Math.min(FIRST_BYTES[nth] ?? PARCEL_BYTES, share);
}
