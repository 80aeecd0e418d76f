/**
 * Decodes JPEG-LS (ISO/IEC 14495-1) as DICOM uses it (PS3.5 §A.4.3): lossless and near-lossless, grey and colour in
 * any interleave. The work is bounded by the expected size, whatever the bytes contain ([Note: Why not CharLS's
 * decoder]). The headers are read here; the transport coding reads the lines of a scan.
 */
import { BitReader } from '../transfer/coding/bit-reader.ts';
import {
  type ComponentLines,
  createLines,
  type Preset,
  ScanDecoder,
  scanParameters,
} from '../transfer/coding/jpeg-ls-scan.ts';
import type { DecodedSamples, ExpectedImage } from './decoder.ts';

const SOF55 = 0xf7;
const LSE = 0xf8;
const SOS = 0xda;
const EOI = 0xd9;
/** Restart intervals, which no known writer uses in JPEG-LS. */
const DRI = 0xdd;
const APP8 = 0xe8;

interface LosslessFrame {
  readonly bits: number;
  readonly rows: number;
  readonly columns: number;
  readonly ids: readonly number[];
}

/** Null if the codestream is damaged or does not have the expected size. */
export function decodeJpegLS(
  coded: Uint8Array,
  { rows, columns, samples }: ExpectedImage,
): DecodedSamples | null {
  let frame: LosslessFrame | null = null;
  let values: Uint8Array | Uint16Array | null = null;
  let preset: Preset | undefined;
  const seen = new Set<number>();
  if (coded[0] !== 0xff || coded[1] !== 0xd8) return null;
  for (let at = 2; at + 4 <= coded.length; ) {
    const marker = coded[at + 1]!;
    if (coded[at] !== 0xff || marker === EOI) break;
    // ITU-T T.81 §B.1.1.2: skips fill bytes before a marker.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const end = at + 2 + ((coded[at + 2]! << 8) | coded[at + 3]!);
    const content = coded.subarray(at + 4, end);
    if (end > coded.length || end < at + 4 || marker === DRI) return null;
    // HP's colour transformation, which is not part of the standard.
    if (marker === APP8 && String.fromCharCode(...content.subarray(0, 4)) === 'mrfx' && content[4] !== 0)
      return null;
    if (marker === LSE) {
      if (content[0] !== 1 || content.length !== 11) return null;
      preset = [1, 3, 5, 7, 9].map((i) => (content[i]! << 8) | content[i + 1]!) as unknown as Preset;
    }
    if (marker === SOF55) {
      frame = readFrame(content);
      if (
        !frame ||
        values ||
        frame.rows !== rows ||
        frame.columns !== columns ||
        frame.ids.length !== samples
      )
        return null;
      values =
        frame.bits > 8 ? new Uint16Array(rows * columns * samples) : new Uint8Array(rows * columns * samples);
    }
    at = end;
    if (marker !== SOS) continue;
    const next = frame && values && decodeScan(coded, end, { content, preset }, { frame, values, seen });
    if (!next) return null;
    at = next;
  }
  return frame && values && seen.size === samples
    ? { values, bits: frame.bits, isSigned: false, isYbr: null }
    : null;
}

function readFrame(content: Uint8Array): LosslessFrame | null {
  const [bits = 0, rowsHigh = 0, rowsLow = 0, columnsHigh = 0, columnsLow = 0, count = 0] = content;
  if (content.length !== 6 + 3 * count || bits < 2 || bits > 16) return null;
  const components = Array.from({ length: count }, (_, i) => content.subarray(6 + 3 * i, 9 + 3 * i));
  if (components.some(([, factors]) => factors !== 0x11)) return null;
  return {
    bits,
    rows: (rowsHigh << 8) | rowsLow,
    columns: (columnsHigh << 8) | columnsLow,
    ids: components.map(([id]) => id!),
  };
}

/** The image whose scans are being decoded. */
interface Image {
  readonly frame: LosslessFrame;
  readonly values: Uint8Array | Uint16Array;
  /** The components that are already decoded. */
  readonly seen: Set<number>;
}

/**
 * §C.2.3: components, NEAR, interleave (0 none, 1 by line, 2 by sample), point transform. Returns the end of
 * the scan; null if it is damaged.
 */
function decodeScan(coded: Uint8Array, start: number, scan: Scan, image: Image): number | null {
  const { bits, rows, columns } = image.frame;
  const { content, preset } = scan;
  const [near = 0, interleave = 0] = content.subarray(1 + 2 * content[0]!);
  const indices = componentsOf(content, image);
  const parameters = indices && scanParameters(bits, near, preset);
  if (!parameters) return null;
  const reader = new BitReader(coded, start);
  const decoder = new ScanDecoder(reader, parameters);
  const components = indices.map((index) => ({ index, lines: createLines(columns) }));
  for (const index of indices) image.seen.add(index);
  const together = components.map(({ lines }) => lines);
  for (let row = 0; row < rows; row += 1) {
    const isDecoded =
      interleave === 2
        ? decoder.decodeTogether(together, columns)
        : together.every((lines) => decoder.decodeLine(lines, columns));
    if (!isDecoded) return null;
    for (const { index, lines } of components) writeLine(image, row, index, lines.line);
  }
  let end = reader.at;
  while (end < coded.length && !(coded[end] === 0xff && coded[end + 1]! >= 0x80)) end += 1;
  return end;
}

interface Scan {
  readonly content: Uint8Array;
  readonly preset: Preset | undefined;
}

/** The components of a scan; null if its header is damaged or a component was already decoded. */
function componentsOf(content: Uint8Array, { frame, seen }: Image): number[] | null {
  const count = content[0]!;
  const indices = Array.from({ length: count }, (_, i) => frame.ids.indexOf(content[1 + 2 * i]!));
  const [, interleave = 0, pointTransform = 0] = content.subarray(1 + 2 * count);
  const isSound =
    content.length === 4 + 2 * count &&
    count > 0 &&
    !indices.includes(-1) &&
    interleave <= 2 &&
    pointTransform === 0 &&
    (interleave === 0) === (count === 1);
  // Each component is in one scan, so the work is bounded by the size of the image.
  const isRepeated = new Set(indices).size < count || indices.some((index) => seen.has(index));
  return isSound && !isRepeated ? indices : null;
}

function writeLine({ frame, values }: Image, row: number, index: number, line: ComponentLines['line']): void {
  const { columns, ids } = frame;
  const count = ids.length;
  if (count === 1) {
    values.set(line.subarray(1, columns + 1), row * columns);
    return;
  }
  for (let column = 0, at = row * columns * count + index; column < columns; column += 1, at += count)
    values[at] = line[column + 1]!;
}
