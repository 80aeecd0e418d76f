/**
 * The UIDs of the sample study. The destination of a study is fixed when it is first promised. Therefore an
 * administrator's sample is a different study for each destination, but the same study whenever it is sent to that
 * destination again.
 */

/** The UUID of the study that the first visitor sends. */
export const FIRST_SAMPLE = 'c5c0a5b4-0f6e-4a53-8f0e-6b1a40d90000';

/**
 * PS3.5 §B.2: a UID derived from a UUID. Its last digits number the parts of the study, beginning with the study
 * itself (0).
 */
export function sampleUid(uuid: string, count: number): string {
  const first = BigInt(`0x${uuid.replaceAll('-', '')}`) & ~0xffffn;
  return `2.25.${first + BigInt(count)}`;
}
