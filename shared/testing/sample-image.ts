/**
 * Images of any sample format with something planted where no image shows it: an overlay in the unused bits,
 * text behind the last sample. Values are computed, so that two images differ in the plant alone.
 */
import { deflateRawSync } from 'node:zlib';
import {
  concatBytes,
  encodeElements,
  encodeFileMeta,
  encodeHeader,
  textValue,
} from '#shared/dicom/encode.ts';
import type { NewElement } from '#shared/dicom/encode.ts';
import { encodingOf } from '#shared/dicom/registry.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import type { Encoding } from '#shared/dicom/data-set.ts';
import { decodeFrame } from '#shared/pixels/decode-frame.ts';
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import type { FrameValues } from '#shared/pixels/picture.ts';
import { IDENTIFIERS } from './built-file.ts';
import { parsed } from './deidentified-file.ts';

export interface SampleImage {
  readonly rows: number;
  readonly columns: number;
  readonly bitsAllocated: 1 | 8 | 16 | 32;
  readonly bitsStored?: number;
  readonly highBit?: number;
  readonly isSigned?: boolean;
  readonly samples?: 1 | 3;
}

export interface Planting {
  readonly syntax?: string;
  /** Something in every bit outside the value, where the value is the same as without. */
  readonly overlay?: boolean;
  readonly behind?: Uint8Array;
  /** The bits and the byte that fill up the last word. */
  readonly filling?: number;
}

/** An even number of bytes. */
export function planted(text: string): Uint8Array {
  return new TextEncoder().encode(text.padEnd(text.length + (text.length % 2)));
}

/** A Part 10 file. */
export function sampleImage(image: SampleImage, planting: Planting): Uint8Array {
  const { syntax = '1.2.840.10008.1.2.1', behind = new Uint8Array() } = planting;
  const encoding = encodingOf(syntax)!;
  const value = concatBytes([samplesOf(image, planting, encoding), behind]);
  const isWords = image.bitsAllocated > 8 || encoding.bigEndian || !encoding.explicitVR;
  const dataSet = concatBytes([
    encodeElements(describing(image, encoding), encoding),
    encodeHeader(0x7fe00010, isWords ? 'OW' : 'OB', value.length, encoding),
    value,
  ]);
  const stored = encoding.deflated ? deflateRawSync(dataSet) : dataSet;
  const meta = encodeFileMeta(IDENTIFIERS, parseUid('TransferSyntaxUID', syntax));
  return concatBytes([meta, stored, new Uint8Array(stored.length % 2)]);
}

export function describing(image: SampleImage, encoding: Encoding): NewElement[] {
  const { rows, columns, bitsAllocated, bitsStored = bitsAllocated, isSigned = false, samples = 1 } = image;
  const number = (tag: number, value: number): NewElement => ({
    tag,
    vr: 'US',
    value: encoding.bigEndian ? Uint8Array.of(value >> 8, value) : Uint8Array.of(value, value >> 8),
  });
  const text = (tag: number, vr: string, value: string): NewElement => ({
    tag,
    vr,
    value: textValue(vr, value),
  });
  return [
    text(0x00080016, 'UI', IDENTIFIERS.sopClassUID),
    text(0x00080018, 'UI', IDENTIFIERS.sopInstanceUID),
    text(0x00100020, 'LO', 'ID'),
    text(0x0020000d, 'UI', IDENTIFIERS.studyInstanceUID),
    text(0x0020000e, 'UI', IDENTIFIERS.seriesInstanceUID),
    number(0x00280002, samples),
    text(0x00280004, 'CS', samples === 3 ? 'RGB' : 'MONOCHROME2'),
    ...(samples === 3 ? [number(0x00280006, 0)] : []),
    number(0x00280010, rows),
    number(0x00280011, columns),
    number(0x00280100, bitsAllocated),
    number(0x00280101, bitsStored),
    number(0x00280102, image.highBit ?? bitsStored - 1),
    number(0x00280103, isSigned ? 1 : 0),
    text(0x00280301, 'CS', 'NO'),
  ];
}

/** Samples in order, in the byte order of the encoding, filled up to an even length. */
function samplesOf(image: SampleImage, { overlay = false, filling = 0 }: Planting, encoding: Encoding) {
  const { rows, columns, bitsAllocated, samples = 1 } = image;
  const count = rows * columns * samples;
  const used = Math.ceil((count * bitsAllocated) / 8);
  const bytes = new Uint8Array(used + (used % 2)).fill(0);
  bytes.fill(filling, used);
  const view = new DataView(bytes.buffer);
  const isLittle = !encoding.bigEndian;
  for (let at = 0; at < count; at += 1) {
    const value = sampleAt(image, at, overlay);
    if (bitsAllocated === 1) bytes[at >> 3]! |= (value & 1) << (at & 7);
    else if (bitsAllocated === 8) bytes[at] = value;
    else if (bitsAllocated === 16) view.setUint16(at * 2, value, isLittle);
    else view.setUint32(at * 4, value, isLittle);
  }
  if (bitsAllocated === 1 && count % 8 !== 0) bytes[used - 1]! |= filling << (count % 8);
  if (encoding.bigEndian && bitsAllocated <= 8)
    for (let at = 0; at < bytes.length; at += 2) bytes.subarray(at, at + 2).reverse();
  return bytes;
}

/** The word of one sample, clean or with an overlay in its unused bits. */
function sampleAt(image: SampleImage, at: number, overlay: boolean): number {
  const { bitsAllocated, bitsStored = bitsAllocated, highBit = bitsStored - 1, isSigned = false } = image;
  const lowest = highBit - bitsStored + 1;
  const field = bitsStored === 32 ? -1 : 2 ** bitsStored - 1;
  const value = (at * 2_654_435_761) & field;
  const isNegative = isSigned && ((value >>> (bitsStored - 1)) & 1) === 1;
  const extended = isNegative ? value | ~field : value;
  const clean = extended << lowest;
  if (!overlay) return clean;
  const inside = field << lowest;
  return (clean & inside) | ((at * 40_503 + 7) & ~inside);
}

/** The values of one frame as our decoder reads them. */
export async function seen(file: Uint8Array, frame = 0): Promise<FrameValues> {
  const instance = await parsed(file);
  const outcome = await decodeFrame(instance, instance.dataSet, frame, { codecs: loadCodecs() });
  if (outcome.kind !== 'frame') throw new Error(outcome.because);
  return outcome.frame.values;
}

export interface CodedImage extends SampleImage {
  readonly syntax: string;
  readonly frames?: number;
  readonly fragments: readonly Uint8Array[];
  /** Basic Offset Table; none: empty. */
  readonly table?: Uint8Array;
  readonly extendedTable?: Uint8Array;
}

/** A Part 10 file with these fragments. */
export function codedImage(image: CodedImage): Uint8Array {
  const { syntax, frames = 1, fragments, table = new Uint8Array(), extendedTable } = image;
  const encoding = encodingOf(syntax)!;
  const elements: NewElement[] = [
    ...describing(image, encoding),
    { tag: 0x00280008, vr: 'IS', value: textValue('IS', String(frames)) },
    ...(extendedTable ? [{ tag: 0x7fe00001, vr: 'OV', value: extendedTable }] : []),
  ];
  const item = (bytes: Uint8Array): Uint8Array => {
    const length = bytes.length + (bytes.length % 2);
    const whole = new Uint8Array(8 + length);
    whole.set([0xfe, 0xff, 0x00, 0xe0, length, length >> 8, length >> 16, length >> 24]);
    whole.set(bytes, 8);
    return whole;
  };
  return concatBytes([
    encodeFileMeta(IDENTIFIERS, parseUid('TransferSyntaxUID', syntax)),
    encodeElements(
      elements.toSorted((a, b) => a.tag - b.tag),
      encoding,
    ),
    encodeHeader(0x7fe00010, 'OB', 0xffffffff, encoding),
    item(table),
    ...fragments.map(item),
    Uint8Array.of(0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0),
  ]);
}
