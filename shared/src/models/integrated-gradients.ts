/**
 * Integrated gradients (Sundararajan, Taly, Yan, ICML 2017) of the log odds of pneumonia, from the zero image (the mean
 * grey) to the picture: how much each pixel raised or lowered the log odds. Completeness: the sum of the attributions
 * must equal the difference of the log odds at both ends.
 *
 * [Note: Why the steps are not even] Along the path the gradient jumps thousands of times (ReLU, maxima), so the error
 * of the sum falls only with 1 ÷ steps: 1024 even steps (3 s) still miss 1e-3. The model returns its output with its
 * gradient, so the error of each trapezoid is known. Halving the 16 worst intervals repeatedly reaches 1 % or 1e-3 on
 * every radiograph of the evaluation set.
 */
import type { GreyPicture } from '../pixels/picture.ts';
import { toSquare } from '../pixels/to-square.ts';
import { CARDS, sideOf, type ModelCard } from './card.ts';
import type { RunModel } from './model.ts';
import { outputsOf, squaresTensor } from './tensors.ts';

/** The number of even intervals to begin with. Fewer blur the map; more cost 3 ms each. */
const DEFAULT_STEPS = 64;
/** The most gradients in one explanation. */
const GRADIENTS_LIMIT = 640;
const HALVED_AT_ONCE = 16;
/** The pictures in one run: 8 × 160² values keep the model's memory below 100 MB. */
const BATCH = 8;
/** The aim is stricter than the promise (1 % or 1e-3), because float32 sums differ between machines. */
const COMPLETENESS = { relative: 0.01, absolute: 1e-3, aim: 0.8 };

export interface Attributions {
  /** `side` × `side`; positive speaks for pneumonia. */
  readonly attributions: Float32Array;
  readonly side: number;
  readonly sum: number;
  /** log odds(picture) − log odds(zero image). */
  readonly difference: number;
  /** How many gradients were computed. */
  readonly gradients: number;
}

/** A point of the path: its log odds, their gradient, and the gradient's product with the picture. */
interface Point {
  readonly alpha: number;
  readonly logOdds: number;
  readonly gradient: Float32Array;
  readonly slope: number;
}

/** Whether the sum equals the difference to within 1 % or 1e-3, whichever is more. */
export function isComplete({ sum, difference }: Pick<Attributions, 'sum' | 'difference'>): boolean {
  return Math.abs(sum - difference) <= completenessTolerance(difference);
}

function completenessTolerance(difference: number): number {
  return Math.max(COMPLETENESS.absolute, COMPLETENESS.relative * Math.abs(difference));
}

interface GradientOptions {
  /** The number of even intervals to begin with, 8 to 512. */
  readonly steps?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly card?: ModelCard;
}

/** Throws whatever `run` throws, the signal's reason, and RangeError for another number of steps. */
export async function integratedGradients(
  picture: GreyPicture,
  runGradient: RunModel,
  { steps = DEFAULT_STEPS, signal, card = CARDS['pneumonia-gradient'] }: GradientOptions = {},
): Promise<Attributions> {
  if (!Number.isInteger(steps) || steps < 8 || steps > 512) throw new RangeError('steps');
  const side = sideOf(card);
  const image = normalised(toSquare(picture, side));
  const pointsAt = (alphas: readonly number[]) => evaluate({ image, side }, alphas, runGradient, signal);
  let points = await pointsAt(Array.from({ length: steps + 1 }, (_, step) => step / steps));
  const difference = points.at(-1)!.logOdds - points[0]!.logOdds;
  for (;;) {
    const sum = intervals(points).reduce((total, { area }) => total + area, 0);
    const isEnough = Math.abs(sum - difference) <= COMPLETENESS.aim * completenessTolerance(difference);
    if (isEnough || points.length + HALVED_AT_ONCE > GRADIENTS_LIMIT) break;
    const worst = intervals(points)
      .sort((one, other) => other.error - one.error)
      .slice(0, HALVED_AT_ONCE);
    points = [...points, ...(await pointsAt(worst.map(({ middle }) => middle)))].sort(
      (one, other) => one.alpha - other.alpha,
    );
  }
  const attributions = weigh(image, points);
  return {
    attributions,
    side,
    sum: attributions.reduce((sum, value) => sum + value, 0),
    difference,
    gradients: points.length,
  };
}

/** The trapezoid over each interval, and its error: how far it is from the difference of the outputs at both ends. */
function intervals(points: readonly Point[]): { area: number; error: number; middle: number }[] {
  return points.slice(1).map((to, index) => {
    const from = points[index]!;
    const area = ((from.slope + to.slope) / 2) * (to.alpha - from.alpha);
    return { area, error: Math.abs(area - (to.logOdds - from.logOdds)), middle: (from.alpha + to.alpha) / 2 };
  });
}

/** attribution = picture · ∫ gradient dα, by the trapezoidal rule. */
function weigh(image: Float32Array, points: readonly Point[]): Float32Array {
  const integral = new Float64Array(image.length);
  points.forEach(({ alpha, gradient }, index) => {
    const weight = ((points[index + 1]?.alpha ?? alpha) - (points[index - 1]?.alpha ?? alpha)) / 2;
    for (let at = 0; at < integral.length; at += 1) integral[at]! += weight * gradient[at]!;
  });
  return Float32Array.from(integral, (value, at) => value * image[at]!);
}

async function evaluate(
  { image, side }: { readonly image: Float32Array; readonly side: number },
  alphas: readonly number[],
  run: RunModel,
  signal?: AbortSignal,
): Promise<Point[]> {
  const points: Point[] = [];
  for (let first = 0; first < alphas.length; first += BATCH) {
    signal?.throwIfAborted();
    const some = alphas.slice(first, first + BATCH);
    const scaled = new Float32Array(some.length * image.length);
    for (const [index, alpha] of some.entries())
      scaled.set(
        image.map((value) => alpha * value),
        index * image.length,
      );
    const answer = await outputsOf(
      run,
      squaresTensor(scaled, side),
      { log_odds: some.length, gradient: scaled.length },
      signal,
    );
    points.push(
      ...some.map((alpha, index) => {
        const gradient = answer.gradient.slice(index * image.length, (index + 1) * image.length);
        return {
          alpha,
          logOdds: answer.log_odds[index]!,
          gradient,
          slope: gradient.reduce((sum, value, at) => sum + value * image[at]!, 0),
        };
      }),
    );
  }
  return points;
}

/** From the card: "(x − mean) ÷ (standard deviation + 0.001), per image". */
function normalised(square: Float32Array): Float32Array {
  const mean = square.reduce((sum, value) => sum + value, 0) / square.length;
  const variance = square.reduce((sum, value) => sum + (value - mean) ** 2, 0) / square.length;
  return square.map((value) => (value - mean) / (Math.sqrt(variance) + 0.001));
}
