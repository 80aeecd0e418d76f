/**
 * Draws words into a picture: capital letters, digits and signs of 5 × 7 pixels, designed for this program. Any other
 * character is drawn as `?`.
 */

/**
 * A glyph is seven rows, from the top. Each row is a digit in base 32 whose five bits are the pixels from the left:
 * `e` is 01110.
 */
const GLYPHS: Readonly<Record<string, string>> = {
  A: 'ehhvhhh',
  B: 'uhhuhhu',
  C: 'ehggghe',
  D: 'sihhhis',
  E: 'vgguggv',
  F: 'vgguggg',
  G: 'ehgnhhf',
  H: 'hhhvhhh',
  I: 'e44444e',
  J: '72222ic',
  K: 'hikokih',
  L: 'ggggggv',
  M: 'hrllhhh',
  N: 'hhpljhh',
  O: 'ehhhhhe',
  P: 'uhhuggg',
  Q: 'ehhhlid',
  R: 'uhhukih',
  S: 'fgge11u',
  T: 'v444444',
  U: 'hhhhhhe',
  V: 'hhhhha4',
  W: 'hhhllla',
  X: 'hha4ahh',
  Y: 'hhha444',
  Z: 'v1248gv',
  0: 'ehjlphe',
  1: '4c4444e',
  2: 'eh1248v',
  3: 'v2421he',
  4: '26aiv22',
  5: 'vgu11he',
  6: '68guhhe',
  7: 'v124888',
  8: 'ehhehhe',
  9: 'ehhf12c',
  ' ': '0000000',
  '.': '00000cc',
  ',': '0000c48',
  ':': '0cc0cc0',
  ';': '0cc0c48',
  '-': '000v000',
  '+': '044v440',
  '/': '01248g0',
  '(': '2488842',
  ')': '8422248',
  '%': 'op248j3',
  '<': '248g842',
  '>': '8421248',
  '=': '00v0v00',
  "'": '4400000',
  '"': 'aa00000',
  '!': '4444404',
  '?': 'eh12404',
  _: '000000v',
  '#': 'aavavaa',
  '*': '04lel40',
  '[': 'e88888e',
  ']': 'e22222e',
};
const GLYPH_COLUMNS = 5;
export const GLYPH_ROWS = 7;
/** The distance from one letter to the next, in pixels of the glyph. */
export const ADVANCE = GLYPH_COLUMNS + 1;

export type Colour = readonly [red: number, green: number, blue: number];

/** Something to draw into: `rgb` has three bytes a pixel, rows from the top. */
interface Canvas {
  readonly columns: number;
  readonly rgb: Uint8Array;
}

/**
 * Draws one line, its upper left corner at (`left`, `top`); each pixel of a glyph becomes `scale` × `scale`.
 * Pixels outside the canvas are skipped.
 */
export function drawLine(
  canvas: Canvas,
  text: string,
  place: { readonly left: number; readonly top: number; readonly scale: number },
  colour: Colour,
): void {
  [...text.toUpperCase()].forEach((sign, index) => {
    const glyph = GLYPHS[sign] ?? GLYPHS['?']!;
    const left = place.left + index * ADVANCE * place.scale;
    for (let row = 0; row < GLYPH_ROWS; row += 1) {
      const bits = Number.parseInt(glyph[row]!, 32);
      for (let column = 0; column < GLYPH_COLUMNS; column += 1) {
        if (bits & (1 << (GLYPH_COLUMNS - 1 - column)))
          fillSquare(
            canvas,
            { left: left + column * place.scale, top: place.top + row * place.scale, size: place.scale },
            colour,
          );
      }
    }
  });
}

type Square = { readonly left: number; readonly top: number; readonly size: number };

function fillSquare({ columns, rgb }: Canvas, { left, top, size }: Square, colour: Colour): void {
  for (let row = top; row < top + size; row += 1) {
    for (let column = left; column < Math.min(left + size, columns); column += 1)
      rgb.set(colour, (row * columns + column) * 3);
  }
}

/** Wraps the text at spaces into lines of at most `limit` characters; a longer word is cut. */
export function wrapWords(text: string, limit: number): string[] {
  const lines: string[] = [];
  const pieces = (word: string): string[] =>
    Array.from({ length: Math.ceil(word.length / limit) }, (_, at) =>
      word.slice(at * limit, (at + 1) * limit),
    );
  for (const word of text.split(/\s+/).flatMap(pieces)) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= limit)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
