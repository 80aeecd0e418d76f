/** Compares the answers of device and gateway: two runtimes, but the same model and picture. */
import type { z } from 'zod';
import type { disagreementSchema } from '../protocol/inference.ts';
import type { ModelId } from './model.ts';

/** The model that gives the score in a device's triage. The other models there answer without a score. */
export const SCORED_ON_DEVICE: ModelId = 'pneumonia';

/**
 * The difference between runtimes that the models' expected outputs allow. A larger one means different pixels or a
 * broken runtime.
 */
export const SCORE_TOLERANCE = 0.002;

/** Null: they agree. If only one of them gave a score, the difference is 1, the largest possible. */
export function disagreement(
  device: number | null,
  gateway: number | null,
  tolerance: number = SCORE_TOLERANCE,
): z.infer<typeof disagreementSchema> | null {
  if (device === null && gateway === null) return null;
  const difference = device === null || gateway === null ? 1 : Math.abs(device - gateway);
  return difference > tolerance ? { device, gateway, difference } : null;
}
