/**
 * The gate: recognises the kind of an image, and whether a chest film is turned or inverted. The other models get only
 * upright chest films that are not inverted. The gate says nothing about findings.
 */
import type { GreyPicture } from '../pixels/picture.ts';
import { toSquare } from '../pixels/to-square.ts';
import { CARDS, sideOf, type ModelCard } from './card.ts';
import type { RunModel } from './model.ts';
import { indexOfMost, outputsOf, squaresTensor } from './tensors.ts';

/** From the card: "CXR with probability ≥ 0.8, else they stay silent". */
const CHEST_FILM = { name: 'CXR', least: 0.8 };
/**
 * If the probability is below `sure`, turned and inverted copies are tried, and one is accepted from `turned` on. On
 * the 72 chest films of the evaluation set, the film itself has at least 0.919 and a copy at most 0.905 (upside down);
 * no copy of the 40 other images reaches 0.75.
 */
const COPIES = { sure: 0.95, turned: 0.9 };

/** The position of a chest film: a clockwise turn by `degrees` makes it upright. */
export interface Turn {
  readonly degrees: 0 | 90 | 180 | 270;
  readonly isInverted: boolean;
}

export interface ImageKind {
  readonly probabilities: ReadonlyMap<string, number>;
  readonly kind: string;
  readonly probability: number;
  /** An upright chest film that is not inverted: the other models may examine it. */
  readonly isChestFilm: boolean;
  /** Null: the picture is not a chest film, or is neither turned nor inverted. */
  readonly turn: Turn | null;
}

const TURNS: readonly Turn[] = [false, true].flatMap((isInverted) =>
  ([0, 90, 180, 270] as const)
    .map((degrees) => ({ degrees, isInverted }))
    .filter((turn) => turn.degrees !== 0 || turn.isInverted),
);

/**
 * Runs the model once, and again on seven copies unless the first answer is clearly a chest film. Throws whatever `run`
 * throws.
 */
export async function imageKind(
  picture: GreyPicture,
  run: RunModel,
  signal?: AbortSignal,
  card: ModelCard = CARDS['image-kind'],
): Promise<ImageKind> {
  const side = sideOf(card);
  const classes = card.classes ?? [];
  const square = toSquare(picture, side);
  const { probabilities } = await outputsOf(
    run,
    squaresTensor(square, side),
    { probabilities: classes.length },
    signal,
  );
  const most = indexOfMost(probabilities);
  const chest = classes.indexOf(CHEST_FILM.name);
  const turn =
    probabilities[chest]! < COPIES.sure
      ? await findTurn({ square, side, asItIs: probabilities[chest]!, classes }, run, signal)
      : null;
  return {
    probabilities: new Map(classes.map((name, index) => [name, probabilities[index]!])),
    kind: classes[most]!,
    probability: probabilities[most]!,
    isChestFilm: probabilities[chest]! >= CHEST_FILM.least && turn === null,
    turn,
  };
}

interface Asked {
  readonly square: Float32Array;
  readonly side: number;
  /** The probability of a chest film for the unchanged picture. */
  readonly asItIs: number;
  readonly classes: readonly string[];
}

async function findTurn(
  { square, side, asItIs, classes }: Asked,
  run: RunModel,
  signal?: AbortSignal,
): Promise<Turn | null> {
  const copies = new Float32Array(TURNS.length * square.length);
  for (const [index, turn] of TURNS.entries()) copies.set(turned(square, side, turn), index * square.length);
  const { probabilities } = await outputsOf(
    run,
    squaresTensor(copies, side),
    { probabilities: TURNS.length * classes.length },
    signal,
  );
  const chest = TURNS.map(
    (_, index) => probabilities[index * classes.length + classes.indexOf(CHEST_FILM.name)]!,
  );
  const best = indexOfMost(chest);
  return chest[best]! >= COPIES.turned && chest[best]! > asItIs ? TURNS[best]! : null;
}

/**
 * The square after a clockwise turn, inverted if the turn says so. Turning the square gives the same result as turning
 * the picture first.
 */
export function turned(square: Float32Array, side: number, { degrees, isInverted }: Turn): Float32Array {
  const last = side - 1;
  return Float32Array.from(square, (_, at) => {
    const y = Math.floor(at / side);
    const x = at % side;
    const [row, column] =
      degrees === 90
        ? [last - x, y]
        : degrees === 180
          ? [last - y, last - x]
          : degrees === 270
            ? [x, last - y]
            : [y, x];
    const value = square[row * side + column]!;
    return isInverted ? 1 - value : value;
  });
}
