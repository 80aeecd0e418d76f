/**
 * The chest film of the sample study. It is drawn with ellipses and stripes, so that it shows nobody. The models on
 * the device and at the gateway take it for an upright film without a fault, below the threshold for pneumonia, so
 * the first result that a visitor sees is an ordinary one.
 *  It uses only additions, products and roots, which every browser rounds alike (ECMA-262 leaves the rest to the
 * engine). So the film is identical, bit for bit, in every browser.
 */

/**
 * Chosen by testing with the models: 0.93 for a chest film, and a score of 0.03. Other values look just as much like
 * a film.
 */
const WIDE = 0.211;
const BOTTOM = 0.834;

/** A value that falls from 1 inside to 0 outside, over `width`. */
function soft(inside: number, width: number): number {
  const steep = (2 * inside) / width;
  return 0.5 + (0.5 * steep) / Math.sqrt(1 + steep * steep);
}

function line(distance: number, width: number): number {
  const part = distance / width;
  const near = 1 / (1 + part * part);
  return near * near;
}

/** A wave that has an arch in every second unit. */
function wave(x: number): number {
  const part = x - 2 * Math.floor(x / 2);
  return part < 1 ? 4 * part * (1 - part) : 0;
}

/** A lung at `u` (0 is the middle) and `v` (0 is the top): narrow at its apex, cut straight by the diaphragm. */
function lungAt(u: number, v: number, middle: number, bottom: number): number {
  const along = (v - 0.12) / (bottom - 0.12);
  if (along < 0 || along > 1) return 0;
  const rest = 1 - Math.min(1, along * 1.6);
  const apex = Math.sqrt(Math.max(0, 1 - rest * rest));
  return soft(WIDE * apex * Math.min(1, 4 - 3.3 * along) - Math.abs(u - middle), 0.027);
}

/** The shadow at `u` and `v`, from 0 (black) upwards. The heart lies on the right of the picture. */
function shadowAt(u: number, v: number): number {
  const body = soft(0.4 + 0.06 * Math.min(1, v * 2.2) - Math.max(0, 0.12 - v) * 2.2 - Math.abs(u), 0.03);
  const lung = Math.max(lungAt(u, v, -0.21, BOTTOM), lungAt(u, v, 0.21, BOTTOM - 0.02));
  const across = (u - 0.06) / 0.14;
  const down = (v - 0.6) / 0.17;
  const heart = 0.351 * soft(1 - across * across - down * down, 0.5) * (u > -0.08 ? 1 : 0.3);
  const ribs = 0.165 * lung * wave((v + Math.abs(u) * 0.5) * 26.68);
  const clavicles = Math.abs(u) < 0.3 ? 0.14 * line(v - 0.13 - Math.abs(u) * 0.05, 0.012) : 0;
  const abdomen = body * 0.12 * Math.min(1, Math.max(0, v - 0.72) * 8);
  const vessels = 0.093 * lung * line(Math.abs(u) - 0.09, 0.05) * line(v - 0.45, 0.13);
  const bones = 0.2 * line(u, 0.05) + ribs + clavicles;
  return 0.08 + 0.532 * body - 0.426 * lung + bones + heart + abdomen + vessels;
}

/** Numbers in [0, 1), after Park and Miller (CACM 1988). All products are exact in a double. */
export function randomFrom(state: number): () => number {
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** The picture of `side` × `side`, with a little noise, as samples from 0 to `white`. */
export function drawSampleFilm(side: number, white: number): Uint16Array<ArrayBuffer> {
  const samples = new Uint16Array(side * side);
  const random = randomFrom(1);
  for (let at = 0; at < samples.length; at += 1) {
    const noise = 0.042 * (random() - 0.5);
    const value = shadowAt((at % side) / side - 0.5, Math.floor(at / side) / side) + noise;
    samples[at] = Math.round(white * Math.min(1, Math.max(0, value)));
  }
  return samples;
}
