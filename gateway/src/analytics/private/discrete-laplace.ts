/**
 * Noise for private counts: the discrete Laplace distribution, drawn exactly from random integers (Canonne, Kamath,
 * Steinke 2020: The Discrete Gaussian for Differential Privacy, algorithms 1 and 2). Noise made with floating-point
 * numbers would reveal the count by its last bits (Mironov 2012).
 */

/** Draws an integer from 0 to `below` - 1, each with equal probability. */
export type DrawBelow = (below: number) => number;

/** P(x) is proportional to exp(-|x| / `scale`). `scale`: an integer of at least 1. */
export function drawLaplace(scale: number, draw: DrawBelow): number {
  for (;;) {
    const rest = draw(scale);
    if (!isDrawn(rest, scale, draw)) continue;
    let wholes = 0;
    while (isDrawn(1, 1, draw)) wholes += 1;
    const size = rest + scale * wholes;
    const isNegative = draw(2) === 1;
    // Otherwise 0 would be twice as likely.
    if (!isNegative || size > 0) return isNegative ? -size : size;
  }
}

/** True with probability exp(-`part` / `whole`); `part` must not exceed `whole`. */
function isDrawn(part: number, whole: number, draw: DrawBelow): boolean {
  let count = 1;
  while (draw(whole * count) < part) count += 1;
  return count % 2 === 1;
}
