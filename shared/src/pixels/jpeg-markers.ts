/** Reads and checks the marker segments of a JPEG codestream (ITU-T T.81 Annex B): frame, tables and scans. */
import { exifOrientation } from './exif-orientation.ts';
import { createHuffmanTable, type HuffmanTable } from './jpeg-bits.ts';

export interface JpegComponent {
  readonly id: number;
  /** Sampling factors. */
  readonly h: number;
  readonly v: number;
  readonly quantization: number;
}

export interface JpegFrame {
  /** SOF0, SOF1: sequential; SOF2: progressive; SOF3: lossless. All are Huffman-coded. */
  readonly process: 'sequential' | 'progressive' | 'lossless';
  readonly bits: number;
  readonly rows: number;
  readonly columns: number;
  readonly components: readonly JpegComponent[];
}

export interface JpegScan {
  readonly components: readonly {
    readonly index: number;
    readonly dc: HuffmanTable | null;
    readonly ac: HuffmanTable | null;
  }[];
  /**
   * Ss, Se, Ah, Al: the band and the bits of a progressive scan; in a lossless scan, the predictor (Ss) and the point
   * transform (Al).
   */
  readonly spectralStart: number;
  readonly spectralEnd: number;
  readonly high: number;
  readonly low: number;
  /** MCUs between restart markers; 0: none. */
  readonly restartInterval: number;
  /** First byte of the entropy-coded segment. */
  readonly start: number;
}

/** Receives the contents of a codestream, in order. */
interface JpegVisitor {
  /** False: the frame is not wanted, and reading stops. */
  frame(frame: JpegFrame): boolean;
  /** Returns where the entropy-coded data ends; null if the data is damaged. */
  scan(scan: JpegScan, tables: ReadonlyMap<number, Uint16Array>): number | null;
}

export interface JpegMarkers {
  /** APP14 of Adobe: 0 RGB or CMYK, 1 YCbCr, 2 YCCK; null if it is absent. */
  readonly adobeTransform: number | null;
  /** The file has EXIF, XMP, comments or similar. */
  readonly hasMetadata: boolean;
  /** The EXIF orientation; 1: upright. */
  readonly orientation: number;
  /** Position after EOI; null if EOI is missing. */
  readonly end: number | null;
}

const ZIGZAG = Uint8Array.of(
  0,
  1,
  8,
  16,
  9,
  2,
  3,
  10,
  17,
  24,
  32,
  25,
  18,
  11,
  4,
  5,
  12,
  19,
  26,
  33,
  40,
  48,
  41,
  34,
  27,
  20,
  13,
  6,
  7,
  14,
  21,
  28,
  35,
  42,
  49,
  56,
  57,
  50,
  43,
  36,
  29,
  22,
  15,
  23,
  30,
  37,
  44,
  51,
  58,
  59,
  52,
  45,
  38,
  31,
  39,
  46,
  53,
  60,
  61,
  54,
  47,
  55,
  62,
  63,
);
/** Coefficients are stored in rows and columns, but coded in zigzag order. */
export const NATURAL_ORDER = ZIGZAG;

const PROCESSES: Readonly<Record<number, JpegFrame['process']>> = {
  0xc0: 'sequential',
  0xc1: 'sequential',
  0xc2: 'progressive',
  0xc3: 'lossless',
};
/**
 * §B.1.1.3: unsupported markers: other processes (hierarchical or arithmetic), and DNL, which states the number of
 * lines only after the first scan.
 */
const NOT_READ = new Set([
  0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xdc, 0xde, 0xdf,
]);

/** Null if a segment is damaged, the process is not supported, or the visitor stops. */
export function walkJpeg(bytes: Uint8Array, visitor: JpegVisitor): JpegMarkers | null {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  const quantization = new Map<number, Uint16Array>();
  const huffman = new Map<number, HuffmanTable>();
  let frame: JpegFrame | null = null;
  let restartInterval = 0;
  let adobeTransform: number | null = null;
  let hasMetadata = false;
  let orientation = 1;
  for (let at = 2; ; ) {
    if (at >= bytes.length) return { adobeTransform, hasMetadata, orientation, end: null };
    if (bytes[at] !== 0xff) return null;
    while (bytes[at + 1] === 0xff) at += 1;
    const marker = bytes[at + 1];
    if (marker === 0xd9) return { adobeTransform, hasMetadata, orientation, end: at + 2 };
    if (marker === undefined || marker < 0xc0 || NOT_READ.has(marker)) return null;
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    const content = bytes.subarray(at + 4, at + 2 + length);
    if (!(length >= 2) || content.length !== length - 2) return null;
    at += 2 + length;
    if (marker === 0xdb && !readQuantization(content, quantization)) return null;
    if (marker === 0xc4 && !readHuffman(content, huffman)) return null;
    if (marker === 0xdd) restartInterval = (content[0]! << 8) | content[1]!;
    if (marker === 0xee && String.fromCharCode(...content.subarray(0, 5)) === 'Adobe')
      adobeTransform = content[11] ?? null;
    if (marker === 0xe1 && String.fromCharCode(...content.subarray(0, 6)) === 'Exif\0\0')
      orientation = exifOrientation(content.subarray(6));
    if (marker === 0xe1 || marker === 0xed || marker === 0xfe) hasMetadata = true;
    const process = PROCESSES[marker];
    if (process) {
      if (frame) return null;
      frame = readFrame(content, process);
      if (!frame || !visitor.frame(frame)) return null;
    }
    if (marker !== 0xda) continue;
    const scan = frame && readScan(content, frame, { huffman, restartInterval, start: at });
    const end = scan && visitor.scan(scan, quantization);
    if (!end) return null;
    at = end;
  }
}

function readFrame(content: Uint8Array, process: JpegFrame['process']): JpegFrame | null {
  const [bits = 0, rowsHigh = 0, rowsLow = 0, columnsHigh = 0, columnsLow = 0, count = 0] = content;
  const rows = (rowsHigh << 8) | rowsLow;
  const columns = (columnsHigh << 8) | columnsLow;
  if (content.length !== 6 + 3 * count || count < 1 || count > 4 || rows === 0 || columns === 0) return null;
  if (process === 'lossless' ? bits < 2 || bits > 16 : bits !== 8 && bits !== 12) return null;
  const components = Array.from({ length: count }, (_, i): JpegComponent => {
    const [id, factors, table] = content.subarray(6 + 3 * i) as unknown as [number, number, number];
    return { id, h: factors >> 4, v: factors & 15, quantization: table };
  });
  return components.every(({ h, v }) => h >= 1 && h <= 4 && v >= 1 && v <= 4)
    ? { process, bits, rows, columns, components }
    : null;
}

interface BeforeScan {
  readonly huffman: ReadonlyMap<number, HuffmanTable>;
  readonly restartInterval: number;
  /** The first entropy-coded byte. */
  readonly start: number;
}

function readScan(
  content: Uint8Array,
  frame: JpegFrame,
  { huffman, restartInterval, start }: BeforeScan,
): JpegScan | null {
  const count = content[0]!;
  if (count < 1 || count > frame.components.length || content.length !== 4 + 2 * count) return null;
  const components = Array.from({ length: count }, (_, i) => {
    const tables = content[2 + 2 * i]!;
    const index = frame.components.findIndex(({ id }) => id === content[1 + 2 * i]);
    return { index, dc: huffman.get(tables >> 4) ?? null, ac: huffman.get(16 + (tables & 15)) ?? null };
  });
  const [spectralStart = 0, spectralEnd = 0, approximation = 0] = content.subarray(1 + 2 * count);
  if (new Set(components.map(({ index }) => index)).size < count || components.some(({ index }) => index < 0))
    return null;
  return {
    components,
    spectralStart,
    spectralEnd,
    high: approximation >> 4,
    low: approximation & 15,
    restartInterval,
    start,
  };
}

/** §B.2.4.1. The tables are stored in rows and columns. */
function readQuantization(content: Uint8Array, tables: Map<number, Uint16Array>): boolean {
  for (let at = 0; at < content.length; ) {
    const precision = content[at]! >> 4;
    const id = content[at]! & 15;
    const size = precision === 0 ? 1 : 2;
    at += 1;
    if (precision > 1 || id > 3 || at + 64 * size > content.length) return false;
    const table = new Uint16Array(64);
    for (let i = 0; i < 64; i += 1, at += size)
      table[ZIGZAG[i]!] = size === 1 ? content[at]! : (content[at]! << 8) | content[at + 1]!;
    tables.set(id, table);
  }
  return true;
}

/** §B.2.4.2. Keys: 0 to 3 for DC and lossless tables, 16 to 19 for AC tables. */
function readHuffman(content: Uint8Array, tables: Map<number, HuffmanTable>): boolean {
  for (let at = 0; at < content.length; ) {
    const id = content[at]!;
    const counts = content.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const table = createHuffmanTable(counts, content.subarray(at + 17, at + 17 + total));
    if ((id & 0xef) > 3 || !table) return false;
    tables.set(id, table);
    at += 17 + total;
  }
  return true;
}
