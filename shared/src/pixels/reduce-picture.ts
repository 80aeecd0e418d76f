/** Reduces the picture shown with a finding: the image itself is in the PACS. */
import { averaged } from './to-square.ts';
import type { GreyPicture } from './picture.ts';

/** The longer side, in pixels: enough for a person to place a map. */
export const SHOWN_SIDE_LIMIT = 1024;

/** Scaled down where it is larger, never up. */
export function shownSize(
  rows: number,
  columns: number,
  limit = SHOWN_SIDE_LIMIT,
): { readonly rows: number; readonly columns: number } {
  const scale = Math.min(1, limit / Math.max(rows, columns));
  return { rows: Math.max(1, Math.round(rows * scale)), columns: Math.max(1, Math.round(columns * scale)) };
}

/** Each pixel is the mean of those it replaces. */
export function reducePicture(picture: GreyPicture, limit = SHOWN_SIDE_LIMIT): GreyPicture {
  const size = shownSize(picture.rows, picture.columns, limit);
  return { ...size, grey: averaged(picture, size.rows, size.columns) };
}
