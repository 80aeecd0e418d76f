/** The picture, for the screen, of a film that may have to be repeated. */
import type { GreyPicture } from '#shared/pixels/picture.ts';

/** RGBA, with no side longer than `maxSide` pixels. Each pixel is the mean of the pixels that it covers. */
export function filmPicture(
  { rows, columns, grey }: GreyPicture,
  maxSide: number,
): { readonly width: number; readonly height: number; readonly rgba: Uint8ClampedArray } {
  const scale = Math.min(1, maxSide / Math.max(rows, columns));
  const width = Math.max(1, Math.round(columns * scale));
  const height = Math.max(1, Math.round(rows * scale));
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let y = 0; y < height; y += 1) {
    const top = Math.floor((y * rows) / height);
    const bottom = Math.ceil(((y + 1) * rows) / height);
    for (let x = 0; x < width; x += 1) {
      const left = Math.floor((x * columns) / width);
      const right = Math.ceil(((x + 1) * columns) / width);
      let sum = 0;
      for (let row = top; row < bottom; row += 1)
        for (let column = left; column < right; column += 1) sum += grey[row * columns + column]!;
      rgba.fill(
        (255 * sum) / ((bottom - top) * (right - left)),
        (y * width + x) * 4,
        (y * width + x) * 4 + 3,
      );
    }
  }
  return { width, height, rgba };
}

/** Whether every pixel has the same grey. On a real film this ends after a few pixels, so it costs nothing. */
export function showsNothing({ grey }: Pick<GreyPicture, 'grey'>): boolean {
  return grey.every((value) => value === grey[0]);
}
