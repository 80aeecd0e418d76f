/** Converts stored values in place from YBR to RGB (PS3.3 §C.7.6.3.1.2). */

/** Adjacent, unsigned samples of at most 16 bits. `most` is the largest value. */
export type ColourValues = Uint8Array | Uint16Array;

/**
 * YBR_FULL: "Y = +.2990R +.5870G +.1140B, CB = -.1687R -.3313G +.5000B + 128, CR = +.5000R -.4187G -.0813B +
 * 128", solved for R, G and B; 128 is the middle of the range.
 */
export function ybrToRgb(values: ColourValues, most: number): void {
  const middle = (most + 1) / 2;
  for (let at = 0; at + 2 < values.length; at += 3) {
    const y = values[at]!;
    const blue = values[at + 1]! - middle;
    const red = values[at + 2]! - middle;
    values[at] = limited(y + 1.402 * red, most);
    values[at + 1] = limited(y - 0.344136 * blue - 0.714136 * red, most);
    values[at + 2] = limited(y + 1.772 * blue, most);
  }
}

function limited(value: number, most: number): number {
  return value <= 0 ? 0 : value >= most ? most : (value + 0.5) | 0;
}
