/**
 * Pictures of sample studies: phantoms of ellipses for CT and MR, a fan with speckle for ultrasound, and the drawn
 * chest film of the app's own sample, each time a little different. Nobody's anatomy; the same for the same seed.
 */
import { drawSampleFilm, randomFrom } from '../../../client/src/pipeline/ingest/choose/sample-film.ts';
import {
  FILM_SIDE,
  FILM_WHITE,
  thorax,
  type Ellipse,
} from '../../../client/src/pipeline/ingest/choose/sample-study.ts';

/** Numbers in [0, 1), the same for the same seed. */
export const seeded = (seed: number): (() => number) =>
  randomFrom((Math.imul(seed + 1, 48_271) >>> 0) % 2_147_483_647 || 1);

/** `height`: from the first slice (0) to the last (1). `size`: of the patient, about 1. */
type Phantom = (height: number, size: number, lesion: number) => readonly Ellipse[];

const PHANTOMS = {
  /** Hounsfield units: body, lungs, heart, spine and a nodule. */
  thorax: (height, size, lesion) => [
    ...thorax(height, size),
    ...(Math.abs(height - 0.5) < 0.18 ? [[-0.42 * size, 0.05, lesion, lesion, 45] as const] : []),
  ],
  /** Signal: scalp, skull, brain, ventricles and a bright lesion. */
  head: (height, size, lesion) => {
    const round = size * (0.55 + 0.4 * Math.sin(Math.PI * (0.15 + 0.7 * height)));
    const isThere = Math.abs(height - 0.55) < 0.2;
    return [
      [0, 0, 0.86 * round, round, 620],
      [0, 0, 0.8 * round, 0.94 * round, 90],
      [0, 0, 0.75 * round, 0.89 * round, 420],
      [-0.12, -0.02, 0.07 * round, 0.26 * round, 130],
      [0.12, -0.02, 0.07 * round, 0.26 * round, 130],
      ...(isThere ? [[0.36 * round, 0.2, lesion, lesion * 0.8, 760] as const] : []),
    ];
  },
} satisfies Record<string, Phantom>;

export type SliceOptions = {
  readonly phantom: keyof typeof PHANTOMS;
  readonly side: number;
  readonly height: number;
  readonly seed: number;
  /** Added to every value: stored values begin at zero. */
  readonly offset: number;
  /** The value of air. */
  readonly background: number;
};

/** Draws an axial slice, 16 bits. */
export function drawSlice(options: SliceOptions): Uint16Array<ArrayBuffer> {
  const { phantom, side, height, seed, offset, background } = options;
  const patient = seeded(seed);
  const size = 0.9 + 0.12 * patient();
  const lesion = 0.04 + 0.06 * patient();
  const noise = seeded(seed * 1000 + Math.round(height * 997));
  const ellipses: readonly Ellipse[] = PHANTOMS[phantom](height, size, lesion);
  return Uint16Array.from({ length: side * side }, (_, at) => {
    const x = ((at % side) * 2) / (side - 1) - 1;
    const y = (Math.floor(at / side) * 2) / (side - 1) - 1;
    const inside = ellipses.findLast(([cx, cy, a, b]) => ((x - cx) / a) ** 2 + ((y - cy) / b) ** 2 <= 1);
    const shade = inside === undefined ? 0 : 14 * x - 10 * y;
    const grain = 16 * (noise() - 0.5);
    return Math.max(0, Math.round((inside?.[4] ?? background) + shade + grain + offset));
  });
}

/** Drawn once: every film is made of it. */
let plain: Uint16Array | null = null;

/** A chest film; `isOpaque`: with a soft shadow in the lung on the picture's left. */
export function drawFilm(seed: number, isOpaque: boolean): Uint16Array<ArrayBuffer> {
  plain ??= drawSampleFilm(FILM_SIDE, FILM_WHITE);
  const film = plain;
  const random = seeded(seed);
  const zoom = 1 + 0.05 * random();
  const shift = 10 * (random() - 0.5);
  const gain = 0.94 + 0.08 * random();
  const sourceOf = (at: number, by: number): number =>
    Math.min(FILM_SIDE - 1, Math.max(0, Math.round((at - FILM_SIDE / 2) / zoom + FILM_SIDE / 2 + by)));
  return Uint16Array.from({ length: FILM_SIDE * FILM_SIDE }, (_, at) => {
    const column = at % FILM_SIDE;
    const row = Math.floor(at / FILM_SIDE);
    const value = film[sourceOf(row, 0) * FILM_SIDE + sourceOf(column, shift)]! * gain;
    const away = ((column / FILM_SIDE - 0.3) / 0.1) ** 2 + ((row / FILM_SIDE - 0.58) / 0.13) ** 2;
    const shadow = isOpaque && away < 1 ? 900 * (1 - away) : 0;
    return Math.min(FILM_WHITE, Math.round(value + shadow + 24 * (random() - 0.5)));
  });
}

export const SCAN = { rows: 240, columns: 320 } as const;

/** An ultrasound sector: speckle in a fan, and a dark cyst. */
export function drawScan(seed: number): Uint8Array {
  const random = seeded(seed);
  const cyst = { x: 0.1 * (random() - 0.5), y: 0.45 + 0.2 * random(), r: 0.08 + 0.05 * random() };
  return Uint8Array.from({ length: SCAN.rows * SCAN.columns }, (_, at) => {
    const x = (at % SCAN.columns) / SCAN.columns - 0.5;
    const y = Math.floor(at / SCAN.columns) / SCAN.rows;
    const depth = Math.hypot(x, y + 0.12);
    const isInFan = Math.abs(x) < 0.62 * (y + 0.12) && depth > 0.18 && depth < 1.05;
    const isInCyst = (x - cyst.x) ** 2 + (y - cyst.y) ** 2 < cyst.r ** 2;
    const layers = 24 * Math.sin(depth * 38) + 150 - 90 * depth;
    const speckle = 0.45 + 0.8 * random();
    return isInFan ? Math.min(255, Math.max(0, Math.round((isInCyst ? 14 : layers) * speckle))) : 0;
  });
}
