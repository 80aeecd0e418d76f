/** Reduces the picture shown with a finding: the full image is in the PACS. */
import { averaged } from './to-square.ts';
import type { GreyPicture } from './picture.ts';

/** The longer side, in pixels: enough for a person to locate a map on the image. */
export const SHOWN_SIDE_LIMIT = 1024;

/** Scales down a picture that is too large; never scales up. */
export function shownSize(
  rows: number,
  columns: number,
  limit = SHOWN_SIDE_LIMIT,
): { readonly rows: number; readonly columns: number } {
  const scale = Math.min(1, limit / Math.max(rows, columns));
  return { rows: Math.max(1, Math.round(rows * scale)), columns: Math.max(1, Math.round(columns * scale)) };
}

/** Each pixel is the mean of those that it replaces. */
export function reducePicture(picture: GreyPicture, limit = SHOWN_SIDE_LIMIT): GreyPicture {
  const size = shownSize(picture.rows, picture.columns, limit);
  return { ...size, grey: averaged(picture, size.rows, size.columns) };
}
