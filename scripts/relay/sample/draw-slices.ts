/**
 * Pictures of sample studies: phantoms of ellipses for CT and MR, a fan with speckle for ultrasound, and the drawn
 * chest film of the app's own sample, each time a little different. Nobody's anatomy; the same for the same seed.
 */
import { drawSampleFilm } from '../../../client/src/pipeline/ingest/sample-film.ts';

/** Numbers in [0, 1), the same for the same seed (Park and Miller, CACM 1988). */
export function seeded(seed: number): () => number {
  let state = (Math.imul(seed + 1, 48_271) >>> 0) % 2_147_483_647 || 1;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Centre and half axes in parts of the half side, turned by nothing; a later one covers an earlier one. */
type Ellipse = {
  readonly x: number;
  readonly y: number;
  readonly a: number;
  readonly b: number;
  readonly value: number;
};

/** `height`: from the first slice (0) to the last (1). `size`: of the patient, about 1. */
type Phantom = (height: number, size: number, lesion: number) => readonly Ellipse[];

/** Hounsfield units: body, lungs, heart, spine and a nodule. */
const thorax: Phantom = (height, size, lesion) => {
  const lung = size * (0.2 + 0.14 * Math.sin(Math.PI * height));
  const isThere = Math.abs(height - 0.5) < 0.18;
  return [
    { x: 0, y: 0, a: 0.86 * size, b: 0.66 * size, value: 20 },
    { x: -0.4 * size, y: -0.05, a: lung, b: lung * 1.35, value: -820 },
    { x: 0.4 * size, y: -0.05, a: lung, b: lung * 1.35, value: -820 },
    { x: 0.1, y: -0.12, a: 0.2 * height + 0.05, b: 0.22 * height + 0.05, value: 60 },
    { x: 0, y: 0.44 * size, a: 0.12, b: 0.12, value: 480 },
    { x: 0, y: 0.44 * size, a: 0.05, b: 0.05, value: 30 },
    ...(isThere ? [{ x: -0.42 * size, y: 0.05, a: lesion, b: lesion, value: 45 }] : []),
  ];
};

/** Signal: scalp, skull, brain, ventricles and a bright lesion. */
const head: Phantom = (height, size, lesion) => {
  const round = size * (0.55 + 0.4 * Math.sin(Math.PI * (0.15 + 0.7 * height)));
  const isThere = Math.abs(height - 0.55) < 0.2;
  return [
    { x: 0, y: 0, a: 0.86 * round, b: round, value: 620 },
    { x: 0, y: 0, a: 0.8 * round, b: 0.94 * round, value: 90 },
    { x: 0, y: 0, a: 0.75 * round, b: 0.89 * round, value: 420 },
    { x: -0.12, y: -0.02, a: 0.07 * round, b: 0.26 * round, value: 130 },
    { x: 0.12, y: -0.02, a: 0.07 * round, b: 0.26 * round, value: 130 },
    ...(isThere ? [{ x: 0.36 * round, y: 0.2, a: lesion, b: lesion * 0.8, value: 760 }] : []),
  ];
};

export type SliceOptions = {
  readonly phantom: 'thorax' | 'head';
  readonly side: number;
  readonly height: number;
  readonly seed: number;
  /** Added to every value: stored values begin at zero. */
  readonly offset: number;
  /** The value of air. */
  readonly background: number;
};

/** Draws an axial slice, 16 bits. */
export function drawSlice({ phantom, side, height, seed, offset, background }: SliceOptions): Uint16Array {
  const patient = seeded(seed);
  const size = 0.9 + 0.12 * patient();
  const lesion = 0.04 + 0.06 * patient();
  const noise = seeded(seed * 1000 + Math.round(height * 997));
  const ellipses = (phantom === 'thorax' ? thorax : head)(height, size, lesion);
  const samples = new Uint16Array(side * side);
  for (let at = 0; at < samples.length; at += 1) {
    const x = ((at % side) * 2) / (side - 1) - 1;
    const y = (Math.floor(at / side) * 2) / (side - 1) - 1;
    const inside = ellipses.findLast((one) => ((x - one.x) / one.a) ** 2 + ((y - one.y) / one.b) ** 2 <= 1);
    const shade = inside === undefined ? 0 : 14 * x - 10 * y;
    const grain = 16 * (noise() - 0.5);
    samples[at] = Math.max(0, Math.round((inside?.value ?? background) + shade + grain + offset));
  }
  return samples;
}

export const FILM_SIDE = 512;
export const FILM_WHITE = 4000;
/** Drawn once: every film is made of it. */
let plain: Uint16Array | null = null;

/** A chest film; `isOpaque`: with a soft shadow in the lung on the picture's left. */
export function drawFilm(seed: number, isOpaque: boolean): Uint16Array {
  plain ??= drawSampleFilm(FILM_SIDE, FILM_WHITE);
  const random = seeded(seed);
  const zoom = 1 + 0.05 * random();
  const shift = 10 * (random() - 0.5);
  const gain = 0.94 + 0.08 * random();
  const samples = new Uint16Array(FILM_SIDE * FILM_SIDE);
  const sourceOf = (at: number, by: number): number =>
    Math.min(FILM_SIDE - 1, Math.max(0, Math.round((at - FILM_SIDE / 2) / zoom + FILM_SIDE / 2 + by)));
  for (let at = 0; at < samples.length; at += 1) {
    const column = at % FILM_SIDE;
    const row = Math.floor(at / FILM_SIDE);
    const value = plain[sourceOf(row, 0) * FILM_SIDE + sourceOf(column, shift)]! * gain;
    const away = ((column / FILM_SIDE - 0.3) / 0.1) ** 2 + ((row / FILM_SIDE - 0.58) / 0.13) ** 2;
    const shadow = isOpaque && away < 1 ? 900 * (1 - away) : 0;
    samples[at] = Math.min(FILM_WHITE, Math.round(value + shadow + 24 * (random() - 0.5)));
  }
  return samples;
}

export const SCAN = { rows: 240, columns: 320 } as const;

/** An ultrasound sector: speckle in a fan, and a dark cyst. */
export function drawScan(seed: number): Uint8Array {
  const random = seeded(seed);
  const cyst = { x: 0.1 * (random() - 0.5), y: 0.45 + 0.2 * random(), r: 0.08 + 0.05 * random() };
  const samples = new Uint8Array(SCAN.rows * SCAN.columns);
  for (let at = 0; at < samples.length; at += 1) {
    const x = (at % SCAN.columns) / SCAN.columns - 0.5;
    const y = Math.floor(at / SCAN.columns) / SCAN.rows;
    const depth = Math.hypot(x, y + 0.12);
    const isInFan = Math.abs(x) < 0.62 * (y + 0.12) && depth > 0.18 && depth < 1.05;
    const isInCyst = (x - cyst.x) ** 2 + (y - cyst.y) ** 2 < cyst.r ** 2;
    const layers = 24 * Math.sin(depth * 38) + 150 - 90 * depth;
    const speckle = 0.45 + 0.8 * random();
    samples[at] = isInFan
      ? Math.min(255, Math.max(0, Math.round(isInCyst ? 14 * speckle : layers * speckle)))
      : 0;
  }
  return samples;
}
