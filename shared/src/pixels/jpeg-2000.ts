/**
 * Reads and checks the header of JPEG 2000 and HTJ2K codestreams (ISO/IEC 15444-1 Annex A, 15444-15); the codecs
 * decode the rest.
 */
import type { Decode, DecodedSamples, ExpectedImage } from './decoder.ts';
import type { WaveletCodec } from './codecs.ts';

const SOC = 0xff4f;
const SIZ = 0xff51;
const COD = 0xff52;
const SOT = 0xff90;
const EOC = 0xffd9;
/** How far to search for the codestream behind the boxes of a JP2 file, which some writers leave around it. */
const BOXES_SEARCHED_BYTES = 4096;
/**
 * The most tiles. An image from a detector has one tile, a slide some hundreds. Each tile costs the decoder memory,
 * whatever the image contains.
 */
const TILES_LIMIT = 4096;

interface CodestreamHeader {
  readonly columns: number;
  readonly rows: number;
  readonly samples: number;
  readonly bits: number;
  readonly isSigned: boolean;
  /** The codestream's own colour transformation (RCT or ICT), which the decoder undoes. */
  readonly isTransformed: boolean;
}

/** A decoder that accepts only codestreams with the expected header. */
export function waveletDecoder(codec: WaveletCodec): Decode {
  return async (coded, expected) => {
    const codestream = codestreamIn(coded);
    const header = codestream && readHeader(codestream);
    if (!header || !fits(header, expected) || !isWhole(codestream)) return null;
    const image = await codec.decode(codestream);
    if (
      !image ||
      image.width !== header.columns ||
      image.height !== header.rows ||
      image.componentCount !== header.samples
    )
      return null;
    const count = image.width * image.height * image.componentCount;
    if (image.bytes.length < count * (header.bits > 8 ? 2 : 1)) return null;
    return {
      values: valuesOf(image.bytes.buffer, count, header),
      bits: header.bits,
      isSigned: header.isSigned,
      isYbr: header.isTransformed ? false : null,
    };
  };
}

function valuesOf(
  buffer: ArrayBuffer,
  count: number,
  { bits, isSigned }: CodestreamHeader,
): DecodedSamples['values'] {
  if (bits <= 8) return isSigned ? new Int8Array(buffer, 0, count) : new Uint8Array(buffer, 0, count);
  return isSigned ? new Int16Array(buffer, 0, count) : new Uint16Array(buffer, 0, count);
}

function fits(header: CodestreamHeader, { rows, columns, samples }: ExpectedImage): boolean {
  return (
    header.rows === rows && header.columns === columns && header.samples === samples && header.bits <= 16
  );
}

function codestreamIn(coded: Uint8Array): Uint8Array | null {
  for (let at = 0; at + 4 <= Math.min(coded.length, BOXES_SEARCHED_BYTES); at += 1) {
    if (coded[at] === 0xff && coded[at + 1] === 0x4f && coded[at + 2] === 0xff && coded[at + 3] === 0x51)
      return coded.subarray(at);
  }
  return null;
}

/**
 * §A.5.1 (SIZ) and §A.6.1 (COD); null if they are missing, or if components have different sizes or depths, which
 * DICOM does not allow.
 */
function readHeader(codestream: Uint8Array): CodestreamHeader | null {
  const view = new DataView(codestream.buffer, codestream.byteOffset, codestream.byteLength);
  if (codestream.length < 51 || view.getUint16(0) !== SOC || view.getUint16(2) !== SIZ) return null;
  const right = view.getUint32(8);
  const bottom = view.getUint32(12);
  const left = view.getUint32(16);
  const top = view.getUint32(20);
  const tileWidth = view.getUint32(24);
  const tileHeight = view.getUint32(28);
  const samples = view.getUint16(40);
  if (right <= left || bottom <= top || tileWidth === 0 || tileHeight === 0 || samples === 0) return null;
  if (
    Math.ceil(right / tileWidth) * Math.ceil(bottom / tileHeight) > TILES_LIMIT ||
    codestream.length < 42 + samples * 3
  )
    return null;
  const [depth] = codestream.subarray(42, 43);
  for (let at = 42; at < 42 + samples * 3; at += 3)
    if (view.getUint8(at) !== depth || view.getUint16(at + 1) !== 0x0101) return null;
  return {
    columns: right - left,
    rows: bottom - top,
    samples,
    bits: (depth! & 0x7f) + 1,
    isSigned: depth! > 0x7f,
    isTransformed: isTransformed(view),
  };
}

/**
 * §A.4.2: whether all tile-parts, whose lengths are given by Psot, are complete. OpenJPEG would fill missing parts
 * with grey.
 */
function isWhole(codestream: Uint8Array): boolean {
  const view = new DataView(codestream.buffer, codestream.byteOffset, codestream.byteLength);
  let at = 2;
  while (at + 4 <= view.byteLength && view.getUint16(at) !== SOT) at += 2 + view.getUint16(at + 2);
  while (at + 12 <= view.byteLength && view.getUint16(at) === SOT) {
    const length = view.getUint32(at + 6);
    // The last tile-part may have length 0, which means up to EOC.
    if (length === 0) return endsWithEOC(codestream);
    if (length < 14 || at + length > view.byteLength) return false;
    at += length;
  }
  return at + 2 <= view.byteLength && view.getUint16(at) === EOC;
}

function endsWithEOC(codestream: Uint8Array): boolean {
  const { length } = codestream;
  const end = codestream[length - 1] === 0 ? length - 1 : length;
  return codestream[end - 2] === 0xff && codestream[end - 1] === 0xd9;
}

function isTransformed(view: DataView): boolean {
  for (let at = 2; at + 9 < view.byteLength; ) {
    const marker = view.getUint16(at);
    if (marker === COD) return view.getUint8(at + 8) === 1;
    if (marker === SOT || marker < 0xff00) return false;
    at += 2 + view.getUint16(at + 2);
  }
  return false;
}
