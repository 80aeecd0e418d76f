/**
 * Draws maps as RGBA pictures to lay over the film. They are transparent where the map says nothing, and more opaque
 * the larger the value. Page and gateway share this code. No legend and no words are drawn here.
 */
import type { GreyPicture } from '../pixels/picture.ts';
import type { LungMasks } from './lung-fields.ts';

export interface Rgba {
  readonly width: number;
  readonly height: number;
  /** Four bytes per pixel, rows from the top, alpha not premultiplied. */
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

type Colour = readonly [red: number, green: number, blue: number];

/**
 * Ten even steps of the colour map `inferno` (Smith, van der Walt; CC0). Its lightness rises evenly, also for
 * colour-blind people and in print.
 */
const INFERNO: readonly Colour[] = [
  [0, 0, 4],
  [27, 12, 65],
  [74, 12, 107],
  [120, 28, 109],
  [165, 44, 96],
  [207, 68, 70],
  [237, 105, 37],
  [251, 155, 6],
  [247, 209, 61],
  [252, 255, 164],
];
/**
 * Colours for evidence for and against, which colour-blind people can tell apart (Okabe and Ito 2008: vermillion and
 * blue).
 */
const SPEAKS_FOR: Colour = [213, 94, 0];
const SPEAKS_AGAINST: Colour = [0, 114, 178];
/** Okabe and Ito: bluish green and sky blue. */
const RIGHT_LUNG: Colour = [0, 158, 115];
const LEFT_LUNG: Colour = [86, 180, 233];
const LUNG_OPACITY = 0.45;
/** Single pixels are far above the rest, so the colour is full from this quantile on. */
const FULL_FROM = 0.995;

/**
 * Draws the positive part of a map of `side` × `side` values, relative to its largest value and interpolated between
 * the cells' centres.
 */
export function heatMap(map: Float32Array, side: number, size: Size): Rgba {
  const most = map.reduce((largest, value) => Math.max(largest, value), 0);
  const values = stretched(map, side, size);
  return paint(
    size,
    (at) => (most > 0 ? Math.min(1, Math.max(0, values[at]! / most)) : 0),
    (_, opacity) => SHADES[Math.round(opacity * (SHADES.length - 1))]!,
  );
}

/** Draws attributions of `side` × `side`: vermillion speaks for the finding, blue against it. */
export function signedMap(attributions: Float32Array, side: number, size: Size): Rgba {
  const full = attributions.map(Math.abs).sort()[Math.floor(FULL_FROM * (attributions.length - 1))]!;
  const values = stretched(attributions, side, size);
  return paint(
    size,
    (at) => (full > 0 ? Math.min(1, Math.abs(values[at]!) / full) : 0),
    (at) => (values[at]! > 0 ? SPEAKS_FOR : SPEAKS_AGAINST),
  );
}

/** Paints the lungs, each in a colour of its own. */
export function lungMap({ side, right, left }: LungMasks, size: Size): Rgba {
  const { width, height } = size;
  const cellOf = (at: number): number =>
    Math.floor(((Math.floor(at / width) + 0.5) * side) / height) * side +
    Math.floor((((at % width) + 0.5) * side) / width);
  return paint(
    size,
    (at) => (right[cellOf(at)] || left[cellOf(at)] ? LUNG_OPACITY : 0),
    (at) => (right[cellOf(at)] ? RIGHT_LUNG : LEFT_LUNG),
  );
}

/**
 * The film with the map over it: three bytes per pixel, in the map's size (with the nearest pixel of the film).
 * `opacity` 0 shows the film alone.
 */
export function layOver(picture: GreyPicture, map: Rgba, opacity: number): Uint8Array<ArrayBuffer> {
  const { width, height, data } = map;
  const colours = new Uint8Array(width * height * 3);
  for (let at = 0; at < width * height; at += 1) {
    const row = Math.floor(((Math.floor(at / width) + 0.5) * picture.rows) / height);
    const column = Math.floor((((at % width) + 0.5) * picture.columns) / width);
    const grey = Math.min(1, Math.max(0, picture.grey[row * picture.columns + column]!)) * 255;
    const over = (data[4 * at + 3]! / 255) * opacity;
    for (let channel = 0; channel < 3; channel += 1)
      colours[3 * at + channel] = Math.round(grey * (1 - over) + data[4 * at + channel]! * over);
  }
  return colours;
}

/** Allocates nothing per pixel, because a film has millions. */
function paint(
  { width, height }: Size,
  opacityAt: (at: number) => number,
  colourAt: (at: number, opacity: number) => Colour,
): Rgba {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let at = 0; at < width * height; at += 1) {
    const opacity = opacityAt(at);
    if (opacity === 0) continue;
    const colour = colourAt(at, opacity);
    for (let channel = 0; channel < 3; channel += 1) data[4 * at + channel] = colour[channel]!;
    data[4 * at + 3] = opacity * 255;
  }
  return { width, height, data };
}

/** Interpolates bilinearly between the cells' centres. Beyond the outermost centres their value continues. */
function stretched(map: Float32Array, side: number, { width, height }: Size): Float32Array {
  const places = (length: number): { first: number; next: number; part: number }[] =>
    Array.from({ length }, (_, step) => {
      const at = Math.min(side - 1, Math.max(0, ((step + 0.5) * side) / length - 0.5));
      return { first: Math.floor(at), next: Math.min(side - 1, Math.floor(at) + 1), part: at % 1 };
    });
  const columns = places(width);
  const values = new Float32Array(width * height);
  for (const [y, { first: top, next: bottom, part: down }] of places(height).entries()) {
    const row = Float32Array.from(
      { length: side },
      (_, x) => map[top * side + x]! * (1 - down) + map[bottom * side + x]! * down,
    );
    for (const [x, { first, next, part }] of columns.entries())
      values[y * width + x] = row[first]! * (1 - part) + row[next]! * part;
  }
  return values;
}

/** The colour map in 256 shades. */
const SHADES: readonly Colour[] = Array.from({ length: 256 }, (_, shade) => {
  const at = (shade / 255) * (INFERNO.length - 1);
  const from = INFERNO[Math.floor(at)]!;
  const to = INFERNO[Math.min(INFERNO.length - 1, Math.floor(at) + 1)]!;
  const mix = (channel: 0 | 1 | 2): number => from[channel] + (to[channel] - from[channel]) * (at % 1);
  return [mix(0), mix(1), mix(2)];
});
