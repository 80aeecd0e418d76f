/** The decoder of each transfer syntax (PS3.5 Annex A), and the conversion of its samples to stored values. */
import type { Codecs } from './codecs.ts';
import { type ColourValues, ybrToRgb } from './colour.ts';
import type { Decode, DecodedSamples } from './decoder.ts';
import type { FrameShape } from './frame-shape.ts';
import { decodeJpeg } from './jpeg.ts';
import { waveletDecoder } from './jpeg-2000.ts';
import { decodeJpegLS } from './jpeg-ls.ts';
import { clearUnusedBits, type IntegerValues } from './native-frame.ts';
import type { Frame, PictureRefusal } from './picture.ts';

const ROOT = '1.2.840.10008.1.2.4.';
/** Lossless transfer syntaxes, which preserve unused bits too. */
const LOSSLESS = new Set(['57', '70', '80', '90', '201', '202'].map((end) => ROOT + end));
/** JPEG 2000 and HTJ2K. */
const WAVELETS = new Set(['90', '91', '201', '202', '203'].map((end) => ROOT + end));

/**
 * Bytes per sample that the decoder needs in addition to the decoded frame. OpenJPEG holds the image and its tile in
 * 32 bits each, and its own copy of the frame (measured); JPEG has coefficients of 16 bits.
 */
export const decoderBytes = (transferSyntaxUID: string): number => (WAVELETS.has(transferSyntaxUID) ? 10 : 2);

interface Decoder {
  readonly decode: Decode;
  readonly isLossless: boolean;
}

/** Null for an unsupported transfer syntax: video, JPEG XL, multi-component JPEG 2000. */
export function decoderOf(transferSyntaxUID: string, codecs: Codecs): Decoder | null {
  const decode = decodeOf(transferSyntaxUID, codecs);
  return decode && { decode, isLossless: LOSSLESS.has(transferSyntaxUID) };
}

function decodeOf(transferSyntaxUID: string, codecs: Codecs): Decode | null {
  if (WAVELETS.has(transferSyntaxUID)) return waveletDecoder(codecs.jpeg2000);
  switch (transferSyntaxUID.startsWith(ROOT) ? transferSyntaxUID.slice(ROOT.length) : '') {
    case '50':
    case '51':
    case '53':
    case '55':
    case '57':
    case '70':
      return async (coded, expected) => decodeJpeg(coded, expected);
    case '80':
    case '81':
      return async (coded, expected) => decodeJpegLS(coded, expected);
    default:
      return null;
  }
}

export async function codedFrame(
  coded: Uint8Array,
  shape: FrameShape,
  index: number,
  { decode, isLossless }: Decoder,
): Promise<
  | { readonly kind: 'frame'; readonly frame: Frame }
  | { readonly kind: 'refused'; readonly because: PictureRefusal }
> {
  const decoded = await decode(coded, shape);
  if (!decoded) return { kind: 'refused', because: 'image-damaged' };
  const { rows, columns, samples } = shape;
  const isYbr = samples === 3 && (decoded.isYbr ?? shape.photometricInterpretation.startsWith('YBR'));
  if (isYbr && !decoded.isSigned) ybrToRgb(decoded.values as ColourValues, 2 ** decoded.bits - 1);
  const photometricInterpretation = samples === 3 ? 'RGB' : shape.photometricInterpretation;
  return {
    kind: 'frame',
    frame: {
      rows,
      columns,
      samples,
      values: storedValues(decoded, shape, isLossless),
      photometricInterpretation,
      index,
    },
  };
}

/**
 * PS3.5 §8.1.1: bits beyond Bits Stored may hold anything, for example an old overlay, and a lossless codestream may
 * carry them along. In a lossy codestream, values outside the range are coding errors and are kept.
 */
function storedValues(decoded: DecodedSamples, shape: FrameShape, isLossless: boolean): IntegerValues {
  if (shape.samples === 3) return decoded.values;
  const values = signedAsHeader(decoded, shape);
  const { bitsStored, highBit, isSigned } = shape;
  const bitsAllocated = values.BYTES_PER_ELEMENT * 8;
  // A negative value in data that the header declares unsigned has sign bits in all higher bits.
  const carried = decoded.isSigned && !isSigned ? bitsAllocated : decoded.bits;
  if (isLossless && bitsStored < carried)
    clearUnusedBits(values, { bitsAllocated, bitsStored, highBit: Math.min(highBit, carried - 1), isSigned });
  return values;
}

/**
 * PS3.5 §8.2: Pixel Representation tells whether samples are signed. JPEG and JPEG-LS have no sign, and JPEG 2000 may
 * contradict the header. In both cases the bits are interpreted as the header says.
 */
function signedAsHeader({ values, bits, isSigned }: DecodedSamples, shape: FrameShape): IntegerValues {
  if (isSigned === shape.isSigned) return values;
  const { buffer, byteOffset, length } = values;
  const isByte = values.BYTES_PER_ELEMENT === 1;
  if (isSigned)
    return isByte ? new Uint8Array(buffer, byteOffset, length) : new Uint16Array(buffer, byteOffset, length);
  const signed = isByte
    ? new Int8Array(buffer, byteOffset, length)
    : new Int16Array(buffer, byteOffset, length);
  const unused = 32 - Math.min(bits, shape.bitsStored);
  for (let at = 0; at < length; at += 1) signed[at] = (signed[at]! << unused) >> unused;
  return signed;
}
