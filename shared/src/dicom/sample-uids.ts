/**
 * The UIDs of the sample study. Where a study goes is fixed when it is first promised, so an administrator's sample
 * is another study for each destination; sending it there again is the same study again.
 */

/** The UUID of the study that the first visitor sends. */
export const FIRST_SAMPLE = 'c5c0a5b4-0f6e-4a53-8f0e-6b1a40d90000';

/** PS3.5 §B.2: derived from a UUID; its last digits count what the study contains, from the study itself (0) on. */
export function sampleUid(uuid: string, count: number): string {
  const first = BigInt(`0x${uuid.replaceAll('-', '')}`) & ~0xffffn;
  return `2.25.${first + BigInt(count)}`;
}
