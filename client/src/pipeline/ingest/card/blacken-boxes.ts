/**
 * A picture with its boxes blacked out, as it is sent. A pixel is black if the source pixel that it was taken from is
 * covered.
 */
import type { Box } from '#shared/dicom/boxes.ts';
import type { FramePicture } from '#shared/pixels/thumbnail.ts';

/** `boxes`: the boxes on the picture's frame. Without boxes the same picture is returned. */
export function blackenBoxes<Of extends FramePicture>(picture: Of, boxes: readonly Box[]): Of {
  if (boxes.length === 0) return picture;
  const { width, height, columns, rows } = picture;
  const rgba = picture.rgba.slice();
  for (const box of boxes) {
    const [left, right] = drawnSpan(box.x, box.width, { drawn: width, of: columns });
    const [top, bottom] = drawnSpan(box.y, box.height, { drawn: height, of: rows });
    for (let y = top; y < bottom; y += 1)
      for (let x = left; x < right; x += 1) rgba.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
  }
  return { ...picture, rgba };
}

type Side = { readonly drawn: number; readonly of: number };

/**
 * The range of drawn pixels that are taken from this range of source pixels (pixels/thumbnail.ts): drawn pixel `at`
 * is taken from `(at + 0.5) * of / drawn`.
 */
function drawnSpan(from: number, size: number, { drawn, of }: Side): [number, number] {
  const first = (source: number) => Math.ceil((source * drawn) / of - 0.5);
  return [Math.max(0, first(from)), Math.min(drawn, first(from + size))];
}
