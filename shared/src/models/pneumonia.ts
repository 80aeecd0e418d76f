/**
 * The pneumonia model's answer for a chest film: calibrated probabilities, a score, and a map of the areas that raised
 * it. This code does not check whether the film suits the model.
 */
import type { GreyPicture } from '../pixels/picture.ts';
import { toSquare } from '../pixels/to-square.ts';
import { CARDS, sideOf, type ModelCard } from './card.ts';
import type { RunModel } from './model.ts';
import { indexOfMost, outputsOf, squaresTensor } from './tensors.ts';

/** The side of the class activation maps, in cells. */
export const CAM_SIDE = 20;
const CAM_CELLS = CAM_SIDE * CAM_SIDE;

export interface PneumoniaScore {
  readonly probabilities: readonly { readonly name: string; readonly probability: number }[];
  /** 1 − p(normal). */
  readonly score: number;
  /** Class activation maps, one per class, each 20 × 20 and row-major. The mean of a map is the logit of its class. */
  readonly cam: Float32Array;
  /** The sum of the maps of all classes but normal: the evidence for pneumonia of any kind. 20 × 20. */
  readonly map: Float32Array;
  /** Column and row of the cell where `map` is largest, in the order used by the models' expected outputs. */
  readonly camPeak: readonly [column: number, row: number];
}

/** Throws what `run` throws, and RangeError for an answer that does not match the card. */
export async function scorePneumonia(
  picture: GreyPicture,
  run: RunModel,
  signal?: AbortSignal,
  card: ModelCard = CARDS.pneumonia,
): Promise<PneumoniaScore> {
  const side = sideOf(card);
  const classes = card.classes ?? [];
  const lengths = { probabilities: classes.length, cam: classes.length * CAM_CELLS };
  const { probabilities, cam } = await outputsOf(
    run,
    squaresTensor(toSquare(picture, side), side),
    lengths,
    signal,
  );
  const map = new Float32Array(CAM_CELLS);
  for (let at = CAM_CELLS; at < cam.length; at += 1) map[at % CAM_CELLS]! += cam[at]!;
  const peak = indexOfMost(map);
  return {
    probabilities: classes.map((name, index) => ({ name, probability: probabilities[index]! })),
    score: Math.min(1, Math.max(0, 1 - probabilities[0]!)),
    cam,
    map,
    camPeak: [peak % CAM_SIDE, Math.floor(peak / CAM_SIDE)],
  };
}
