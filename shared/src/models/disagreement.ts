/** Two runtimes, one model, one picture: do the device and the gateway say the same? */
import type { z } from 'zod';
import type { disagreementSchema } from '../protocol/inference.ts';
import type { ModelId } from './model.ts';

/** The model of the score in a device's triage; the others that run there answer without one. */
export const SCORED_ON_DEVICE: ModelId = 'pneumonia';

/**
 * The difference between runtimes that the models' expected outputs allow. A larger difference means other
 * pixels or a broken runtime.
 */
export const SCORE_TOLERANCE = 0.002;

/**
 * Null where they agree. Where only one of them gave a score the difference is 1, as far apart as scores can
 * be.
 */
export function disagreement(
  device: number | null,
  gateway: number | null,
  tolerance: number = SCORE_TOLERANCE,
): z.infer<typeof disagreementSchema> | null {
  if (device === null && gateway === null) return null;
  const difference = device === null || gateway === null ? 1 : Math.abs(device - gateway);
  return difference > tolerance ? { device, gateway, difference } : null;
}
