/**
 * Decodes JPEG (ITU-T T.81) as DICOM uses it (PS3.5 §A.4.1, §A.4.2): baseline, extended (8 and 12 bits), progressive
 * and lossless, Huffman-coded. The input is untrusted: a codestream that is truncated or has an unexpected size yields
 * nothing.
 */
import type { DecodedSamples, ExpectedImage } from './decoder.ts';
import { createBlocks, decodeBlockScan, type ComponentBlocks } from './jpeg-blocks.ts';
import { decodeLosslessScan } from './jpeg-lossless.ts';
import { walkJpeg, type JpegFrame, type JpegMarkers } from './jpeg-markers.ts';
import { samplesOf } from './jpeg-samples.ts';

/**
 * The most scans, the same limit as in libjpeg-turbo; a sensible writer needs about ten. It bounds the work that a
 * hostile file can cause.
 */
const SCANS_LIMIT = 500;

interface DecodedJpeg extends DecodedSamples {
  readonly values: Uint8Array | Uint16Array;
  readonly markers: JpegMarkers;
}

/** Reads the frame header of the codestream, without decoding; null if it is not a supported JPEG. */
export function readJpegFrame(bytes: Uint8Array): JpegFrame | null {
  let found: JpegFrame | null = null;
  walkJpeg(bytes, {
    frame(frame) {
      found = frame;
      return false;
    },
    scan: () => null,
  });
  return found;
}

/** The decoded samples; null if the codestream is damaged or not as expected. */
export function decodeJpeg(coded: Uint8Array, expected: ExpectedImage): DecodedJpeg | null {
  let image: JpegImage | null = null;
  const markers = walkJpeg(coded, {
    frame(frame) {
      const fits =
        frame.rows === expected.rows &&
        frame.columns === expected.columns &&
        frame.components.length === expected.samples;
      image = fits ? createImage(frame) : null;
      return fits;
    },
    scan: (scan, tables) => image!.decode(coded, scan, tables),
  });
  if (!markers || !image) return null;
  const { frame, finish } = image as JpegImage;
  // A progressive image without its last scans is readable, but incomplete.
  if (frame.process === 'progressive' && markers.end === null) return null;
  const values = finish();
  return values && { values, bits: frame.bits, isSigned: false, isYbr: isYbr(frame, markers), markers };
}

interface JpegImage {
  readonly frame: JpegFrame;
  readonly decode: (
    coded: Uint8Array,
    scan: Parameters<typeof decodeBlockScan>[2],
    tables: ReadonlyMap<number, Uint16Array>,
  ) => number | null;
  /** Null if a component had no scan. */
  readonly finish: () => Uint8Array | Uint16Array | null;
}

function createImage(frame: JpegFrame): JpegImage {
  const seen = new Set<number>();
  const all = frame.components.length;
  if (frame.process === 'lossless') {
    const count = frame.rows * frame.columns * all;
    const values = frame.bits <= 8 ? new Uint8Array(count) : new Uint16Array(count);
    let pointTransform = 0;
    return {
      frame,
      decode(coded, scan) {
        if (!areNew(scan.components, seen)) return null;
        pointTransform = scan.low;
        return decodeLosslessScan(coded, frame, scan, values);
      },
      finish() {
        if (pointTransform > 0) for (let at = 0; at < values.length; at += 1) values[at]! <<= pointTransform;
        return seen.size === all ? values : null;
      },
    };
  }
  const blocks: readonly ComponentBlocks[] = createBlocks(frame);
  const used: Uint16Array[] = [];
  let scans = 0;
  return {
    frame,
    decode(coded, scan, tables) {
      scans += 1;
      if (
        scans > SCANS_LIMIT ||
        (frame.process === 'sequential' && scan.components.some(({ index }) => seen.has(index)))
      )
        return null;
      for (const { index } of scan.components) {
        const table = tables.get(frame.components[index]!.quantization);
        if (!table) return null;
        // Uses the table in force when the component first occurs, because another table may have its number later
        // (§B.2.4.1).
        used[index] ??= table;
        seen.add(index);
      }
      return decodeBlockScan(coded, frame, scan, blocks);
    },
    finish: () => (seen.size === all ? samplesOf(frame, blocks, used) : null),
  };
}

/** §B.2.3: each component is in one scan. Records the components; false if one of them already had a scan. */
function areNew(components: readonly { readonly index: number }[], seen: Set<number>): boolean {
  const isNew = components.every(({ index }) => !seen.has(index));
  for (const { index } of components) seen.add(index);
  return isNew;
}

/**
 * The Adobe marker takes precedence, then component identifiers that spell RGB. Components of different sizes are
 * never RGB. Otherwise the header decides (PS3.5 §8.2.1: Photometric Interpretation is that of the codestream).
 */
function isYbr({ components }: JpegFrame, { adobeTransform }: JpegMarkers): boolean | null {
  if (components.length !== 3) return null;
  if (adobeTransform !== null) return adobeTransform === 1;
  if (String.fromCharCode(...components.map(({ id }) => id)) === 'RGB') return false;
  return components.some(({ h, v }) => h !== components[0]!.h || v !== components[0]!.v) ? true : null;
}
