/** Decides whether coding makes the upload faster, or only the device warmer. */

interface CodingRates {
  /** The measured speed of the link; null: unknown or offline. */
  readonly linkBytesPerSecond: number | null;
  /**
   * How many bytes of instances (before coding) the device codes per second with all its coding workers; null: not
   * measured yet.
   */
  readonly codeBytesPerSecond: number | null;
  /** Coded bytes divided by uncoded bytes. It is not known in advance; CT and MR have 0.2 to 0.5. */
  readonly expectedRatio: number;
}

/** Assumed for a device that has coded nothing yet. The slowest tablet that we know is three times as fast. */
const ASSUMED_CODE_BYTES_PER_SECOND = 10 * 1024 * 1024;

/** How fast a gateway restores and compares on one core, which also does all its other work. */
const RESTORED_BYTES_PER_SECOND = 40 * 1024 * 1024;

/** Coding must save at least a tenth of the time, because rates are measured only roughly. */
const LEAST_GAIN = 0.9;

/**
 * Coding, sending and restoring run in parallel, so the slowest of them sets the pace. True if that pace beats sending
 * uncoded bytes, or if the speed of the link is unknown: an offline device has time to code.
 */
export function codingPays({ linkBytesPerSecond, codeBytesPerSecond, expectedRatio }: CodingRates): boolean {
  if (linkBytesPerSecond === null) return true;
  const secondsUncoded = 1 / linkBytesPerSecond;
  const secondsCoded = Math.max(
    1 / (codeBytesPerSecond ?? ASSUMED_CODE_BYTES_PER_SECOND),
    expectedRatio / linkBytesPerSecond,
    1 / RESTORED_BYTES_PER_SECOND,
  );
  return secondsCoded < LEAST_GAIN * secondsUncoded;
}
