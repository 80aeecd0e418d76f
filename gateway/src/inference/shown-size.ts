/** The longer side of an image as it is shown, in pixels: what a PACS's viewer needs to place a map; the image itself is in the PACS. */
export const SHOWN_SIDE_LIMIT = 1024;

/** Scaled down where it is larger, never up. */
export function shownSize(rows: number, columns: number, limit = SHOWN_SIDE_LIMIT): { readonly rows: number; readonly columns: number } {
  const scale = Math.min(1, limit / Math.max(rows, columns));
  return { rows: Math.max(1, Math.round(rows * scale)), columns: Math.max(1, Math.round(columns * scale)) };
}
