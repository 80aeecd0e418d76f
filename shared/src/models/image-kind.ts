/**
 * The gate: what kind of image this is, and where a chest film lies turned or inverted, how. Only an upright,
 * not inverted chest film is shown to the other models. It knows kinds of image and nothing about findings.
 */
import type { GreyPicture } from '../pixels/picture.ts';
import { toSquare } from '../pixels/to-square.ts';
import { CARDS, sideOf, type ModelCard } from './card.ts';
import type { RunModel } from './model.ts';
import { indexOfMost, outputsOf, squaresTensor } from './tensors.ts';

/** The card: "CXR with probability ≥ 0.8, else they stay silent". */
const CHEST_FILM = { name: 'CXR', least: 0.8 };
/**
 * Turned and inverted copies are tried below `sure`, and believed from `turned` on. On the 72 chest films of
 * the evaluation set the film as it is has 0.919 or more, a copy of it at most 0.905 (upside down), and no
 * copy of the 40 other images reaches 0.75.
 */
const COPIES = { sure: 0.95, turned: 0.9 };

/** What was done to a chest film: it is upright again after a turn clockwise by `degrees`. */
export interface Turn {
  readonly degrees: 0 | 90 | 180 | 270;
  readonly isInverted: boolean;
}

export interface ImageKind {
  readonly probabilities: ReadonlyMap<string, number>;
  readonly kind: string;
  readonly probability: number;
  /** An upright chest film that is not inverted: the other models may see it. */
  readonly isChestFilm: boolean;
  /** Set where it is a chest film that was turned or inverted. */
  readonly turn: Turn | null;
}

const TURNS: readonly Turn[] = [false, true].flatMap((isInverted) =>
  ([0, 90, 180, 270] as const)
    .map((degrees) => ({ degrees, isInverted }))
    .filter((turn) => turn.degrees !== 0 || turn.isInverted),
);

/**
 * Runs the model once, and once more with seven copies where the first answer is not a clear chest film.
 * Throws what `run` throws.
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
      ? await findTurn(square, side, probabilities[chest]!, run, classes, signal)
      : null;
  return {
    probabilities: new Map(classes.map((name, index) => [name, probabilities[index]!])),
    kind: classes[most]!,
    probability: probabilities[most]!,
    isChestFilm: probabilities[chest]! >= CHEST_FILM.least && turn === null,
    turn,
  };
}

async function findTurn(
  square: Float32Array,
  side: number,
  asItIs: number,
  run: RunModel,
  classes: readonly string[],
  signal?: AbortSignal,
): Promise<Turn | null> {
  const copies = new Float32Array(TURNS.length * square.length);
  TURNS.forEach((turn, index) => copies.set(turned(square, side, turn), index * square.length));
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
 * The square after a turn clockwise, inverted where the turn says so. Turning the square is as good as
 * squaring the turned picture.
 */
export function turned(square: Float32Array, side: number, { degrees, isInverted }: Turn): Float32Array {
  const last = side - 1;
  return Float32Array.from(square, (_, at) => {
    const [y, x] = [Math.floor(at / side), at % side];
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
