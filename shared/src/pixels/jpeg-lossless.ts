/** Lossless JPEG (ITU-T T.81 Annex H): process 14 with any of its seven predictors. */
import { JpegBits } from './jpeg-bits.ts';
import type { JpegFrame, JpegScan } from './jpeg-markers.ts';

/**
 * Decodes a scan into `values`, in which the samples of all components are adjacent. Returns where its data ends; null
 * if the data is damaged.
 */
export function decodeLosslessScan(
  bytes: Uint8Array,
  frame: JpegFrame,
  scan: JpegScan,
  values: Uint8Array | Uint16Array,
): number | null {
  const { rows, columns, components } = frame;
  const { spectralStart: predictor, low: pointTransform, restartInterval } = scan;
  if (
    predictor < 1 ||
    predictor > 7 ||
    pointTransform >= frame.bits ||
    components.some(({ h, v }) => h !== 1 || v !== 1)
  )
    return null;
  if (scan.components.some(({ dc }) => !dc)) return null;
  const step = components.length;
  const bits = new JpegBits(bytes, scan.start);
  const planes = scan.components.map(({ index, dc }) => ({ index, table: dc! }));
  const start = 1 << (frame.bits - pointTransform - 1);
  const line = columns * step;
  // §H.1.2.1: the line after a restart is predicted in the same way as the first line.
  let firstLine = 0;
  const rowsPerRestart = restartInterval === 0 ? 0 : restartInterval / columns;
  if (!Number.isInteger(rowsPerRestart)) return null;
  for (let row = 0; row < rows; row += 1) {
    if (rowsPerRestart > 0 && row > 0 && row % rowsPerRestart === 0) {
      if (!bits.restart(row / rowsPerRestart - 1)) return null;
      firstLine = row;
    }
    for (let column = 0; column < columns; column += 1) {
      for (const { index, table } of planes) {
        const at = row * line + column * step + index;
        const size = bits.symbol(table);
        // §H.1.2.2: the only difference of 16 bits is 32768.
        const difference = size >= 16 ? 32_768 : bits.signed(size);
        let predicted: number;
        if (row === firstLine) predicted = column === 0 ? start : values[at - step]!;
        else if (column === 0) predicted = values[at - line]!;
        else
          predicted = predict(predictor, values[at - step]!, values[at - line]!, values[at - line - step]!);
        values[at] = predicted + difference;
      }
    }
    if (bits.isDamaged) return null;
  }
  return bits.end();
}

/** Table H.1 */
function predict(predictor: number, a: number, b: number, c: number): number {
  switch (predictor) {
    case 1:
      return a;
    case 2:
      return b;
    case 3:
      return c;
    case 4:
      return a + b - c;
    case 5:
      return a + ((b - c) >> 1);
    case 6:
      return b + ((a - c) >> 1);
    default:
      return (a + b) >> 1;
  }
}
