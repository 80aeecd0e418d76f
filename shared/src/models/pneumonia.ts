/**
 * The pneumonia model's answer on a chest film: calibrated probabilities, a score, and a map of the places
 * that raised it. Does not check whether the film suits the model.
 */
import type { GreyPicture } from '../pixels/picture.ts';
import { toSquare } from '../pixels/to-square.ts';
import { CARDS, sideOf, type ModelCard } from './card.ts';
import type { RunModel } from './model.ts';
import { indexOfMost, outputsOf, squaresTensor } from './tensors.ts';

/** Cells of a side of the class activation maps. */
export const CAM_SIDE = 20;
const CAM_CELLS = CAM_SIDE * CAM_SIDE;

export interface PneumoniaScore {
  readonly probabilities: readonly { readonly name: string; readonly probability: number }[];
  /** 1 − p(normal). */
  readonly score: number;
  /**
   * Class activation maps of the classes, each 20 × 20, row-major: the mean of a map is its class's logit.
   */
  readonly cam: Float32Array;
  /** The maps of all classes but normal, summed: the evidence for pneumonia of any kind. 20 × 20. */
  readonly map: Float32Array;
  /**
   * Column and row of the cell where `map` is largest: the order in which the models' expected outputs name
   * it.
   */
  readonly camPeak: readonly [column: number, row: number];
}

/** Throws what `run` throws, and RangeError for an answer that is not the card's. */
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
