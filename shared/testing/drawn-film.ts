/**
 * Drawn pictures for the models, where no real one may lie in the repository: a chest film of ellipses and
 * stripes that the gate takes for one, and what a film can suffer. Nobody's anatomy.
 */
import { turned, type Turn } from '#shared/models/image-kind.ts';
import type { GreyPicture } from '#shared/pixels/picture.ts';
import { seededRandom } from './synthetic-study.ts';

/** From 1 inside to 0 outside, over `width`. */
const soft = (inside: number, width: number): number => 1 / (1 + Math.exp((-4 * inside) / width));
const line = (distance: number, width: number): number => Math.exp(-((distance / width) ** 2));

/**
 * A lung at `u` (0 is the middle) and `v` (0 is the top): narrow at its apex, cut straight by the diaphragm.
 */
function lungAt(u: number, v: number, middle: number, bottom: number): number {
  const along = (v - 0.12) / (bottom - 0.12);
  if (along < 0 || along > 1) return 0;
  const apex = Math.sqrt(Math.max(0, 1 - (1 - Math.min(1, along * 1.6)) ** 2));
  return soft(0.15 * apex * Math.min(1, 4 - 3.3 * along) - Math.abs(u - middle), 0.027);
}

/**
 * An upright chest film of rows × columns, the heart on the picture's right; image-kind calls it CXR with
 * 0.92 or more.
 */
export function drawnFilm(rows = 512, columns = 512, seed = 1): GreyPicture {
  const random = seededRandom(seed);
  const grey = Float32Array.from({ length: rows * columns }, (_, at) => {
    const u = (at % columns) / columns - 0.5;
    const v = Math.floor(at / columns) / rows;
    const body = soft(0.4 + 0.06 * Math.min(1, v * 2.2) - Math.max(0, 0.12 - v) * 2.2 - Math.abs(u), 0.03);
    const lung = Math.max(lungAt(u, v, -0.21, 0.74), lungAt(u, v, 0.21, 0.72));
    const heart =
      0.3 * soft(1 - ((u - 0.06) / 0.14) ** 2 - ((v - 0.6) / 0.17) ** 2, 0.5) * (u > -0.08 ? 1 : 0.3);
    const ribs = 0.09 * lung * Math.max(0, Math.sin((v + Math.abs(u) * 0.5) * 22 * Math.PI));
    const clavicles = Math.abs(u) < 0.3 ? 0.12 * line(v - 0.13 - Math.abs(u) * 0.05, 0.012) : 0;
    const abdomen = body * 0.12 * Math.min(1, Math.max(0, v - 0.72) * 8);
    const value =
      0.08 +
      0.47 * body -
      0.38 * lung +
      0.22 * line(u, 0.05) +
      heart +
      ribs +
      clavicles +
      abdomen +
      (random() - 0.5) * 0.05;
    return Math.min(1, Math.max(0, value));
  });
  return { rows, columns, grey };
}

/** Stripes: an image of no kind. */
export function stripes(rows = 256, columns = 256): GreyPicture {
  return {
    rows,
    columns,
    grey: Float32Array.from({ length: rows * columns }, (_, at) => ((at % columns) % 16 < 8 ? 0.2 : 0.8)),
  };
}

/** The picture (a square one) after a turn clockwise, or inverted. */
export function turnedPicture({ rows, columns, grey }: GreyPicture, turn: Turn): GreyPicture {
  if (rows !== columns) throw new RangeError('only squares are turned here');
  return { rows, columns, grey: turned(grey, rows, turn) };
}

/** The rest after fractions of its height and width are cut away. */
export function cropped(
  { rows, columns, grey }: GreyPicture,
  { top = 0, bottom = 0, left = 0, right = 0 },
): GreyPicture {
  const y = Math.round(rows * top);
  const x = Math.round(columns * left);
  const height = Math.round(rows * (1 - bottom)) - y;
  const width = Math.round(columns * (1 - right)) - x;
  return {
    rows: height,
    columns: width,
    grey: Float32Array.from(
      { length: height * width },
      (_, at) => grey[(y + Math.floor(at / width)) * columns + x + (at % width)]!,
    ),
  };
}

/** After a Gaussian blur of `sigma` pixels. */
export function blurred({ rows, columns, grey }: GreyPicture, sigma: number): GreyPicture {
  const reach = Math.ceil(3 * sigma);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, at) =>
    Math.exp(-((at - reach) ** 2) / (2 * sigma ** 2)),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const pass = (values: Float32Array, isAcross: boolean): Float32Array =>
    values.map((_, at) => {
      const y = Math.floor(at / columns);
      const x = at % columns;
      const inside = (place: number, length: number): number => Math.min(length - 1, Math.max(0, place));
      return (
        weights.reduce((sum, weight, index) => {
          const [row, column] = isAcross
            ? [y, inside(x + index - reach, columns)]
            : [inside(y + index - reach, rows), x];
          return sum + weight * values[row * columns + column]!;
        }, 0) / total
      );
    });
  return { rows, columns, grey: pass(pass(grey, true), false) };
}
