/**
 * Builds whole Part 10 instances from element lists, for the sample study that is offered to a first visitor, and for
 * fixtures. `readInstance` finds them ready. Compressed pixels must be passed in as fragments, because nothing is
 * compressed here.
 */
import type { Encoding, InstanceIdentifiers } from './data-set.ts';
import {
  concatBytes,
  encodeElements,
  encodeFileMeta,
  encodeFragments,
  encodeHeader,
  numberValue,
  textValue,
} from './encode.ts';
import type { NewElement, NewItem } from './encode.ts';
import { encodingOf } from './registry.ts';
import {
  BITS_ALLOCATED,
  BITS_STORED,
  COLUMNS,
  HIGH_BIT,
  NUMBER_OF_FRAMES,
  PHOTOMETRIC_INTERPRETATION,
  PIXEL_DATA,
  PIXEL_REPRESENTATION,
  PLANAR_CONFIGURATION,
  ROWS,
  SAMPLES_PER_PIXEL,
  SERIES_INSTANCE_UID,
  SOP_CLASS_UID,
  SOP_INSTANCE_UID,
  STUDY_INSTANCE_UID,
} from './tags.ts';
import type { TransferSyntaxUID } from './uid.ts';

/** A simple element: `[tag, vr, ...values]`, with text and numbers unencoded, or with items. */
export type SimpleElement = readonly [tag: number, vr: string, ...values: readonly SimpleValue[]];
type SimpleValue = string | number | Uint8Array | readonly SimpleElement[];

/** The Image Pixel Module, and the pixels of all frames. */
export interface BuiltImage {
  readonly rows: number;
  readonly columns: number;
  readonly frames?: number;
  /**
   * 1: the caller packs the bits, with the first pixel in the lowest bit and no gaps between frames (PS3.5 §8.1.1).
   */
  readonly bitsAllocated: 1 | 8 | 16 | 32;
  readonly bitsStored?: number;
  readonly isSigned?: boolean;
  readonly photometricInterpretation?: string;
  /** The colour planes are stored one after the other. */
  readonly isPlanar?: boolean;
  /** Native: the samples in order, little endian. Encapsulated: the fragments. */
  readonly pixels: Uint8Array | readonly Uint8Array[];
}

interface InstanceToBuild {
  readonly identifiers: InstanceIdentifiers;
  readonly transferSyntaxUID: TransferSyntaxUID;
  /** Further elements besides the identifiers and the pixel module, in any order. */
  readonly elements: readonly SimpleElement[];
  readonly image?: BuiltImage;
}

/** The bytes of the instance, in pieces in order. Throws RangeError for an unknown or deflated transfer syntax. */
export function buildInstance({
  identifiers,
  transferSyntaxUID,
  elements,
  image,
}: InstanceToBuild): Uint8Array[] {
  const encoding = encodingOf(transferSyntaxUID);
  if (!encoding || encoding.deflated) throw new RangeError('a transfer syntax that is not written here');
  const all: SimpleElement[] = [
    [SOP_CLASS_UID, 'UI', identifiers.sopClassUID],
    [SOP_INSTANCE_UID, 'UI', identifiers.sopInstanceUID],
    [STUDY_INSTANCE_UID, 'UI', identifiers.studyInstanceUID],
    [SERIES_INSTANCE_UID, 'UI', identifiers.seriesInstanceUID],
    ...elements,
    ...(image ? pixelModule(image) : []),
  ];
  const encoded = toNewElements(all, encoding);
  const before = encoded.filter(({ tag }) => tag < PIXEL_DATA);
  const after = encoded.filter(({ tag }) => tag > PIXEL_DATA);
  return [
    encodeFileMeta(identifiers, transferSyntaxUID),
    encodeElements(before, encoding),
    ...(image ? pixelDataParts(image, encoding) : []),
    encodeElements(after, encoding),
  ].filter((part) => part.length > 0);
}

/** Encodes, pads and sorts simple elements so that they can be written. */
export function toNewElements(elements: readonly SimpleElement[], encoding: Encoding): NewElement[] {
  return elements.map((element) => toNewElement(element, encoding)).sort((a, b) => a.tag - b.tag);
}

function toNewElement([tag, vr, ...values]: SimpleElement, encoding: Encoding): NewElement {
  const [first] = values;
  if (vr === 'SQ')
    return {
      tag,
      vr,
      value: values.map((item): NewItem => toNewElements(item as readonly SimpleElement[], encoding)),
    };
  if (first instanceof Uint8Array)
    return { tag, vr, value: concatBytes([first, new Uint8Array(first.length % 2)]) };
  if (typeof first === 'number' && vr !== 'IS' && vr !== 'DS') {
    return { tag, vr, value: numberValue(vr, values as readonly number[], encoding) };
  }
  return { tag, vr, value: textValue(vr, ...values.map(String)) };
}

function pixelModule(image: BuiltImage): SimpleElement[] {
  const photometricInterpretation = image.photometricInterpretation ?? 'MONOCHROME2';
  const samples = /^(RGB|YBR)/.test(photometricInterpretation) ? 3 : 1;
  const bitsStored = image.bitsStored ?? image.bitsAllocated;
  return [
    [SAMPLES_PER_PIXEL, 'US', samples],
    [PHOTOMETRIC_INTERPRETATION, 'CS', photometricInterpretation],
    ...(samples === 3 ? [[PLANAR_CONFIGURATION, 'US', image.isPlanar ? 1 : 0] as const] : []),
    ...(image.frames === undefined ? [] : [[NUMBER_OF_FRAMES, 'IS', image.frames] as const]),
    [ROWS, 'US', image.rows],
    [COLUMNS, 'US', image.columns],
    [BITS_ALLOCATED, 'US', image.bitsAllocated],
    [BITS_STORED, 'US', bitsStored],
    [HIGH_BIT, 'US', bitsStored - 1],
    [PIXEL_REPRESENTATION, 'US', image.isSigned ? 1 : 0],
  ];
}

function pixelDataParts({ pixels, bitsAllocated }: BuiltImage, encoding: Encoding): Uint8Array[] {
  if (!(pixels instanceof Uint8Array)) return [encodeFragments(PIXEL_DATA, pixels, encoding)];
  const padding = pixels.length % 2;
  const header = encodeHeader(
    PIXEL_DATA,
    bitsAllocated <= 8 && encoding.explicitVR ? 'OB' : 'OW',
    pixels.length + padding,
    encoding,
  );
  // PS3.5 §7.3: under big endian each 16-bit word of OW is swapped.
  const value = encoding.bigEndian && bitsAllocated === 16 ? swappedWords(pixels) : pixels;
  return [header, value, new Uint8Array(padding)];
}

function swappedWords(bytes: Uint8Array): Uint8Array {
  const swapped = new Uint8Array(bytes.length);
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    swapped[i] = bytes[i + 1]!;
    swapped[i + 1] = bytes[i]!;
  }
  return swapped;
}
