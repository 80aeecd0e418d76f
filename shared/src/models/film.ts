/**
 * Whether a chest film should be repeated before the patient leaves, because it is turned, inverted, blurred, or cuts
 * off the lungs; and where to mark the reason on the picture. The check is coarse on purpose: people stop reading a
 * warning that was wrong twice. It only measures; a person decides.
 */
import type { GreyPicture } from '../pixels/picture.ts';
import { toSquare } from '../pixels/to-square.ts';
import type { FilmFinding } from '../protocol/inference.ts';
import type { ImageKind, Turn } from './image-kind.ts';
import { fractionOf, type LungMasks } from './lung-fields.ts';

/** The edges, clockwise. */
const EDGES = ['top', 'right', 'bottom', 'left'] as const;
export type Edge = (typeof EDGES)[number];

/**
 * Where the reason is marked. `from` and `to` are fractions of the picture's width (top and bottom) or height (left and
 * right), from the left or the top.
 */
export type FilmMark =
  | { readonly finding: 'rotated'; readonly degrees: Exclude<Turn['degrees'], 0> }
  | { readonly finding: 'inverted' }
  | { readonly finding: 'blurred'; readonly sharpness: number }
  | {
      readonly finding: 'lungs-cut-off';
      /** Empty: a whole lung is missing, and its edge is not known. */
      readonly edges: readonly { readonly edge: Edge; readonly from: number; readonly to: number }[];
    };

/**
 * The faults of the film and their places. Empty for a picture that is not recognised as a chest film in any position.
 * `lungs`: masks for the picture in its present position; null: nobody looked for lungs.
 */
export function filmMarks(
  picture: GreyPicture,
  kind: Pick<ImageKind, 'isChestFilm' | 'turn'>,
  lungs: LungMasks | null,
): FilmMark[] {
  const marks: FilmMark[] = [];
  if (kind.turn && kind.turn.degrees !== 0) marks.push({ finding: 'rotated', degrees: kind.turn.degrees });
  if (kind.turn?.isInverted) marks.push({ finding: 'inverted' });
  if (!kind.isChestFilm && !kind.turn) return [];
  const sharpness = sharpnessOf(picture);
  if (sharpness !== null && sharpness < SHARP_FROM) marks.push({ finding: 'blurred', sharpness });
  const edges = lungs ? touchedEdges(lungs, kind.turn?.degrees ?? 0) : [];
  if (edges.length > 0 || (lungs && isLopsided(lungs))) marks.push({ finding: 'lungs-cut-off', edges });
  return marks;
}

export function checkFilm(
  picture: GreyPicture,
  kind: Pick<ImageKind, 'isChestFilm' | 'turn'>,
  lungs: LungMasks | null,
): FilmFinding[] {
  return filmMarks(picture, kind, lungs).map(({ finding }) => finding);
}

/** Every film is examined at this size, so that the measure does not depend on the detector. */
const SHARPNESS_SIDE = 224;
/**
 * The limit lies between sharp and blurred films. The 64 radiographs of the evaluation set measure at least 0.0082.
 * After a Gaussian blur of 2 of their 224 pixels (0.9 % of a film's width, or 3 mm of 35 cm), they measure at most
 * 0.0032. A lower limit could miss that blur. A higher one could warn about films that are soft but good.
 */
const SHARP_FROM = 0.005;
/** The margin is ignored: collimation and letters there stay sharp when the patient moves. */
const MARGIN = Math.round(0.05 * SHARPNESS_SIDE);

/**
 * Variance of the Laplacian (4 neighbours; Pech-Pacheco et al., ICPR 2000) divided by the variance of the grey values,
 * inside a margin of 5 %, at 224 × 224. Contrast and exposure cancel out. Null: the picture is smaller than that, or
 * has no contrast.
 */
function sharpnessOf(picture: GreyPicture): number | null {
  if (Math.min(picture.rows, picture.columns) < SHARPNESS_SIDE) return null;
  const side = SHARPNESS_SIDE;
  const grey = toSquare(picture, side);
  const laplacian = createVariance();
  const plain = createVariance();
  for (let y = MARGIN; y < side - MARGIN; y += 1) {
    for (let at = y * side + MARGIN; at < (y + 1) * side - MARGIN; at += 1) {
      laplacian.add(grey[at - 1]! + grey[at + 1]! + grey[at - side]! + grey[at + side]! - 4 * grey[at]!);
      plain.add(grey[at]!);
    }
  }
  return plain.value() > 1e-6 ? laplacian.value() / plain.value() : null;
}

function createVariance(): { add(value: number): void; value(): number } {
  let count = 0;
  let sum = 0;
  let squares = 0;
  return {
    add(value) {
      count += 1;
      sum += value;
      squares += value * value;
    },
    value: () => squares / count - (sum / count) ** 2,
  };
}

/**
 * On the 64 whole radiographs of the evaluation set, the smaller lung has at least 0.70 of the larger one's area. Then
 * the left or right half of these films was removed. Of the halves that are still recognised as chest films, all but
 * one have at most 0.13: the cut runs through the spine, and no lung touches an edge. A lower limit would pass a film
 * that lacks two fifths. A higher one would take a dense lung for a missing one.
 */
const SMALLER_FROM = 0.5;

function isLopsided({ right, left }: LungMasks): boolean {
  const [smaller = 0, larger = 0] = [fractionOf(right), fractionOf(left)].sort((one, other) => one - other);
  return larger > 0 && smaller < SMALLER_FROM * larger;
}

/**
 * How long the lungs must touch an edge of the upright film, as a fraction of the edge. No lung of the evaluation set
 * touches the sides. Children's apices touch the top edge along up to 0.19 and are complete; the one film with more
 * (0.44) has its apices cut off.
 */
const TOUCHES_FROM: Readonly<Record<Edge, number>> = {
  top: 0.25,
  bottom: 0.125,
  left: 0.0625,
  right: 0.0625,
};

/** `degrees`: the clockwise turn that makes the film upright. */
function touchedEdges(
  { side, right, left }: LungMasks,
  degrees: Turn['degrees'],
): { edge: Edge; from: number; to: number }[] {
  const last = side - 1;
  const cellOf: Readonly<Record<Edge, (step: number) => number>> = {
    top: (x) => x,
    bottom: (x) => last * side + x,
    left: (y) => y * side,
    right: (y) => y * side + last,
  };
  const touched = EDGES.map((edge) => {
    const steps = Array.from({ length: side }, (_, step) => step).filter(
      (step) => right[cellOf[edge](step)] || left[cellOf[edge](step)],
    );
    return {
      edge,
      length: steps.length / side,
      from: (steps[0] ?? 0) / side,
      to: ((steps.at(-1) ?? 0) + 1) / side,
    };
  });
  return touched
    .filter(({ edge, length }) => {
      const upright = EDGES[(EDGES.indexOf(edge) + degrees / 90) % EDGES.length]!;
      return length >= TOUCHES_FROM[upright];
    })
    .map(({ edge, from, to }) => ({ edge, from, to }));
}
