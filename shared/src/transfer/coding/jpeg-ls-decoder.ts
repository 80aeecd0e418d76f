/**
 * Decodes JPEG-LS (ISO/IEC 14495-1) as `x-jls` uses it: lossless, one component, the standard's default parameters. On
 * the gateway it reads untrusted bytes, so its work is bounded by the requested size, whatever they hold.
 *
 * [Note: Why not CharLS's decoder] CharLS's WebAssembly build (codec-charls 1.2.7) never ends on some damaged images,
 * which the first dozens of random changes already produce. A thread in WebAssembly cannot be interrupted, so one
 * hostile parcel would stop a gateway. This decoder is half as fast (50 MB of CT a second). Both sides run it, so the
 * gateway restores exactly what the device has checked.
 */
import { BitReader } from './bit-reader.ts';
import { createLines, ScanDecoder, scanParameters, type ScanParameters } from './jpeg-ls-scan.ts';

/** A grey image: samples of 8 bits in one byte, of 9 to 16 bits in two, little endian. */
export interface GreyShape {
  /** Pixels, 1 to 65 535. */
  readonly width: number;
  readonly height: number;
  /** 8 to 16. */
  readonly bitsPerSample: number;
}

/** The size of an uncoded image of this shape, in bytes. */
export function greyBytes({ width, height, bitsPerSample }: GreyShape): number {
  return width * height * (bitsPerSample > 8 ? 2 : 1);
}

/**
 * The samples. Null: `coded` is not an image of this shape, or is damaged. Some damage is not noticed and gives wrong
 * samples.
 */
export function decodeJpegLS(coded: Uint8Array, shape: GreyShape): Uint8Array<ArrayBuffer> | null {
  const { width, height, bitsPerSample } = shape;
  const parameters = scanParameters(bitsPerSample, 0)!;
  const start = scanStart(coded, shape, parameters);
  if (start === null) return null;
  const decoder = new ScanDecoder(new BitReader(coded, start), parameters);
  const bytes = new Uint8Array(greyBytes(shape));
  const samples = bitsPerSample > 8 ? new Uint16Array(bytes.buffer) : bytes;
  const lines = createLines(width);
  for (let row = 0; row < height; row += 1) {
    if (!decoder.decodeLine(lines, width)) return null;
    samples.set(lines.line.subarray(1, width + 1), row * width);
  }
  return bytes;
}

/**
 * The start of the entropy-coded bytes. Null: something other than a header of exactly this shape precedes them. The
 * header is start of image, start of frame (§C.2.2: SOF55), optionally the default parameters (§C.2.4.1.1), and start
 * of scan (§C.2.3: NEAR 0).
 */
function scanStart(
  coded: Uint8Array,
  { width, height, bitsPerSample }: GreyShape,
  { most, t1, t2, t3, reset }: ScanParameters,
): number | null {
  const frame = [
    ...[0xff, 0xd8, 0xff, 0xf7, 0, 11, bitsPerSample],
    ...[height, width].flatMap(word),
    ...[1, 1, 0x11, 0],
  ];
  const preset = [0xff, 0xf8, 0, 13, 1, ...[most, t1, t2, t3, reset].flatMap(word)];
  const scan = [0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0];
  const isAt = (offset: number, expected: readonly number[]): boolean =>
    expected.every((byte, i) => coded[offset + i] === byte);
  const at = frame.length + (isAt(frame.length, preset) ? preset.length : 0);
  return isAt(0, frame) && isAt(at, scan) ? at + scan.length : null;
}

function word(value: number): [number, number] {
  return [value >> 8, value & 255];
}
