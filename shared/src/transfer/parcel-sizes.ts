/**
 * The size of each parcel. The first parcels are small, so that the link is busy at once. Then they have 16 MiB: losing
 * one tus upload costs little, and the headers hardly count. The last ones are small again: the gateway verifies a
 * parcel only when it is complete and several travel at once, so this keeps the wait after the last byte short. A
 * larger instance gets a parcel of its own.
 */

const MIB = 1024 * 1024;
const PARCEL_BYTES = 16 * MIB;
const FIRST_BYTES: readonly number[] = [2 * MIB, 4 * MIB, 8 * MIB];
/** With smaller parcels, round trips would take most of the time. */
const LEAST_BYTES = 2 * MIB;
/** A parcel takes a quarter of what is left. Three travel at once and share the link, so they arrive together. */
const SHARE = 4;

/**
 * The size limit of the nth parcel of a study, counted from 0. `left`: the bytes of the study that are in no parcel
 * yet. Sizes are of instances before coding.
 */
export function parcelLimitBytes(nth: number, left: number): number {
  // This avoids a last parcel of only a few bytes.
  const share = left < 1.5 * LEAST_BYTES ? left : Math.max(LEAST_BYTES, left / SHARE);
  return Math.min(FIRST_BYTES[nth] ?? PARCEL_BYTES, share);
}
