/** Turns a QR code into squares to draw. Loaded when something is printed, because nothing else needs the encoder. */
import encodeQR from 'qr';

/** `path`: the dark squares, one unit each (SVG); `side`: the whole side including the margin. */
export type CodeSquares = { readonly path: string; readonly side: number };

/** The margin of white squares around a QR code (ISO/IEC 18004 §9.1). */
const QUIET = 4;

export function drawCode(text: string): CodeSquares {
  const lines = encodeQR(text, 'raw', { ecc: 'medium', border: QUIET });
  const squares = lines.flatMap((line, y) =>
    line.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])),
  );
  return { path: squares.join(''), side: lines.length };
}
