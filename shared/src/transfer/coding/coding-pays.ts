/** Whether coding makes the upload faster, or only the device warmer. */

interface CodingRates {
  /** Measured; null: unknown or offline. */
  readonly linkBytesPerSecond: number | null;
  /**
   * Bytes of instances (not of what comes out) that the device codes, with all the workers that it gives to
   * it; null: not measured yet.
   */
  readonly codeBytesPerSecond: number | null;
  /** Coded bytes to bytes. Unknown: CT and MR have 0.2 to 0.5. */
  readonly expectedRatio: number;
}

/**
 * The assumption for a device that has coded nothing yet: the slowest tablet that we know is three times as
 * fast.
 */
const ASSUMED_CODE_BYTES_PER_SECOND = 10 * 1024 * 1024;

/** The speed at which a gateway restores and compares on one core, shared with all its other work. */
const RESTORED_BYTES_PER_SECOND = 40 * 1024 * 1024;

/** Coding must save a tenth of the time: rates are measured roughly. */
const LEAST_GAIN = 0.9;

/**
 * Coding, sending and restoring run side by side, so the slowest of them sets the pace. True when that pace
 * beats sending the bytes as they are; also when the link is not known: a device that is offline has the
 * time.
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
