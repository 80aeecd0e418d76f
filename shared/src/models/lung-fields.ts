/**
 * Finds the lungs: the model's mask, its two largest parts as right and left lung, and how much of them a map marks.
 */
import type { GreyPicture } from '../pixels/picture.ts';
import { toSquare } from '../pixels/to-square.ts';
import { CARDS, sideOf, type ModelCard } from './card.ts';
import { turned, type Turn } from './image-kind.ts';
import type { RunModel } from './model.ts';
import { outputsOf, squaresTensor } from './tensors.ts';

/** From the card: "threshold 0.5". */
const LUNG_FROM = 0.5;

/**
 * Masks of 0 and 1, `side` × `side` over the whole picture. The patient's right lung is on the picture's left. A lung
 * that was not found is all 0.
 */
export interface LungMasks {
  readonly side: number;
  readonly right: Uint8Array;
  readonly left: Uint8Array;
}

export interface LungFields extends LungMasks {
  /** The probability of lung for each of `side` × `side` pixels of the picture stretched to a square. */
  readonly mask: Float32Array;
  /** The fraction of the whole picture that is lung: every pixel at 0.5 or more, small parts included. */
  readonly fraction: number;
}

/** Throws what `run` throws, and RangeError for an answer that does not match the card. */
export async function lungFields(
  picture: GreyPicture,
  run: RunModel,
  signal?: AbortSignal,
  card: ModelCard = CARDS['lung-fields'],
): Promise<LungFields> {
  const side = sideOf(card);
  const { mask } = await outputsOf(
    run,
    squaresTensor(toSquare(picture, side), side),
    { mask: side * side },
    signal,
  );
  const parts = connectedParts(mask, side)
    .sort((one, other) => other.length - one.length)
    .slice(0, 2);
  const [right, left] = sidesOf(parts, side);
  return {
    side,
    mask,
    fraction: mask.reduce((count, value) => count + (value >= LUNG_FROM ? 1 : 0), 0) / mask.length,
    right: maskOf(right, side),
    left: maskOf(left, side),
  };
}

/**
 * The lungs of a turned or inverted film: searched on the upright film, and returned for the film in its own position.
 * `find` is `lungFields` with its model. Null: the film is not turned, or no model is available.
 */
export async function lungsOfTurned(
  picture: GreyPicture,
  turn: Turn | null,
  find: (upright: GreyPicture) => Promise<LungMasks | null>,
): Promise<LungMasks | null> {
  if (turn === null) return null;
  const square = sideOf(CARDS['lung-fields']);
  const grey = turned(toSquare(picture, square), square, turn);
  const found = await find({ rows: square, columns: square, grey });
  if (found === null) return null;
  const { side, right, left } = found;
  const back: Turn = { degrees: ((360 - turn.degrees) % 360) as Turn['degrees'], isInverted: false };
  const asItIs = (mask: Uint8Array) => Uint8Array.from(turned(Float32Array.from(mask), side, back));
  return { side, right: asItIs(right), left: asItIs(left) };
}

/**
 * Decides which part is which lung. Of two parts, the one whose centre is further left is the right lung; a single part
 * is judged by the half of the picture that it is in.
 */
function sidesOf(
  parts: readonly (readonly number[])[],
  side: number,
): [right: readonly number[], left: readonly number[]] {
  const middles = parts.map((part) => part.reduce((sum, at) => sum + (at % side), 0) / part.length);
  const [first = [], second = []] = parts;
  const firstIsRight = parts.length === 2 ? middles[0]! < middles[1]! : (middles[0] ?? 0) < side / 2;
  return firstIsRight ? [first, second] : [second, first];
}

function maskOf(part: readonly number[], side: number): Uint8Array {
  const mask = new Uint8Array(side * side);
  for (const at of part) mask[at] = 1;
  return mask;
}

/** Groups of cells at 0.5 or more that share sides. */
function connectedParts(mask: Float32Array, side: number): number[][] {
  const seen = new Uint8Array(mask.length);
  const parts: number[][] = [];
  for (let start = 0; start < mask.length; start += 1) {
    if (seen[start] || mask[start]! < LUNG_FROM) continue;
    const part = [start];
    seen[start] = 1;
    for (const at of part) {
      const column = at % side;
      const beside = [at - side, at + side, column > 0 ? at - 1 : -1, column < side - 1 ? at + 1 : -1];
      for (const next of beside) {
        if (next < 0 || next >= mask.length || seen[next] || mask[next]! < LUNG_FROM) continue;
        seen[next] = 1;
        part.push(next);
      }
    }
    parts.push(part);
  }
  return parts;
}

/** A cell counts as marked from half of the map's largest value on. A map without positive values marks nothing. */
const MARKED_FROM = 0.5;

export interface MarkedLungs {
  /** The fraction of each lung that the map marks; null if that lung was not found. */
  readonly right: number | null;
  readonly left: number | null;
  /** The fraction of the marked area that lies in either lung; null: the map marks nothing. */
  readonly inside: number | null;
}

/**
 * Compares the map (`mapSide` × `mapSide`) with the lungs: each pixel of a mask takes the value of the map's cell that
 * contains it.
 */
export function markedLungs(
  map: Float32Array,
  mapSide: number,
  { side, right, left }: LungMasks,
): MarkedLungs {
  const least = MARKED_FROM * map.reduce((most, value) => Math.max(most, value), 0);
  const count = { right: 0, left: 0, rightMarked: 0, leftMarked: 0, marked: 0 };
  for (let at = 0; at < side * side; at += 1) {
    const cell =
      Math.floor((Math.floor(at / side) * mapSide) / side) * mapSide +
      Math.floor(((at % side) * mapSide) / side);
    const isMarked = least > 0 && map[cell]! >= least ? 1 : 0;
    count.marked += isMarked;
    count.right += right[at]!;
    count.left += left[at]!;
    count.rightMarked += right[at]! * isMarked;
    count.leftMarked += left[at]! * isMarked;
  }
  const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
  return {
    right: ratio(count.rightMarked, count.right),
    left: ratio(count.leftMarked, count.left),
    inside: ratio(count.rightMarked + count.leftMarked, count.marked),
  };
}

/** The fraction of the picture that a mask covers. */
export function fractionOf(mask: Uint8Array): number {
  return mask.reduce((sum, value) => sum + value, 0) / mask.length;
}
