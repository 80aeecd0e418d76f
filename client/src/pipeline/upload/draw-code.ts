/** A QR code as squares for a drawing. Loaded once there is something to print: nothing else needs the encoder. */
import encodeQR from 'qr';

/** `path`: the dark squares, of one unit each (SVG); `side`: of the whole, with its margin. */
export type CodeSquares = { readonly path: string; readonly side: number };

/** Squares of white around a QR code (ISO/IEC 18004 §9.1). */
const QUIET = 4;

export function drawCode(text: string): CodeSquares {
  const lines = encodeQR(text, 'raw', { ecc: 'medium', border: QUIET });
  const squares = lines.flatMap((line, y) =>
    line.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])),
  );
  return { path: squares.join(''), side: lines.length };
}
