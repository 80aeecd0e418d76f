/**
 * An instance of each kind that is odd and that a PACS stores nevertheless (protocol/irregularities.ts), each with
 * identifiers and an identity of its own.
 */
import { buildInstance, type BuiltImage, type SimpleElement } from '#shared/dicom/build-instance.ts';
import {
  concatBytes,
  encodeElement,
  encodeElements,
  type NewElement,
  textValue,
} from '#shared/dicom/encode.ts';
import {
  encodingOf,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  JPEG_BASELINE,
  RLE_LOSSLESS,
  SOP_CLASSES,
} from '#shared/dicom/registry.ts';
import { TRANSFER_SYNTAX_UID } from '#shared/dicom/tags.ts';
import { parseUid, type TransferSyntaxUID } from '#shared/dicom/uid.ts';
import { heldFor, type Irregularity } from '#shared/protocol/irregularities.ts';
import { CODED, CODED_COLUMNS, CODED_ROWS } from './coded-pictures.ts';

export interface OddFile {
  readonly name: string;
  readonly because: Irregularity;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** A person can release it where names are removed; else nothing here can look through its pixels. */
  readonly isReleasable: boolean;
}

type Odd = {
  readonly root?: string;
  readonly transferSyntaxUID?: TransferSyntaxUID;
  readonly image?: BuiltImage;
  readonly elements?: readonly SimpleElement[];
};

/** 4 × 4 pixels of 16 bits take 32 bytes. */
const SQUARE = { rows: 4, columns: 4, bitsAllocated: 16, pixels: new Uint8Array(32).fill(5) } as const;
const CODED_IMAGE = { rows: CODED_ROWS, columns: CODED_COLUMNS, bitsAllocated: 8 } as const;
const RLE = { transferSyntaxUID: RLE_LOSSLESS };

function build(nth: number, { root = '1.2.826.0.1.3680043.8.498.15', ...odd }: Odd): Uint8Array<ArrayBuffer> {
  const identifiers = {
    studyInstanceUID: parseUid('StudyInstanceUID', `${root}.${nth}.1`),
    seriesInstanceUID: parseUid('SeriesInstanceUID', `${root}.${nth}.2`),
    sopInstanceUID: parseUid('SOPInstanceUID', `${root}.${nth}.3`),
    sopClassUID: SOP_CLASSES.CT,
  };
  const { transferSyntaxUID = EXPLICIT_VR_LITTLE_ENDIAN, image, elements = [] } = odd;
  return concatBytes(
    buildInstance({
      identifiers,
      transferSyntaxUID,
      elements: [
        [0x00080060, 'CS', 'CT'],
        [0x00100010, 'PN', `Odd^Planted${nth}`],
        [0x00100020, 'LO', `ODD-${nth}`],
        ...elements,
      ],
      ...(image && { image }),
    }),
  ) as Uint8Array<ArrayBuffer>;
}

/** An RLE frame of 8-bit pixels: one segment behind its header, `first` the number that the header gives. */
function rleFrame(pixels: number, first: number): Uint8Array {
  const frame = new Uint8Array(64 + 2 + (pixels % 2));
  const header = new DataView(frame.buffer);
  header.setUint32(0, 1, true);
  header.setUint32(4, first, true);
  frame.set([257 - pixels, 7], 64);
  return frame;
}

/** `text` is replaced by another of its length. */
function withText(bytes: Uint8Array<ArrayBuffer>, text: string, other: string): Uint8Array<ArrayBuffer> {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(text);
  bytes.set(Buffer.from(other), at);
  return bytes;
}

/** A second header behind the first, of another program. */
function withSecondHeader(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const end = 144 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(140, true);
  const second = encodeElements(
    [
      { tag: TRANSFER_SYNTAX_UID, vr: 'UI', value: textValue('UI', IMPLICIT_VR_LITTLE_ENDIAN) },
      { tag: 0x00020016, vr: 'AE', value: textValue('AE', 'ODD-planted') },
    ],
    encodingOf(EXPLICIT_VR_LITTLE_ENDIAN)!,
  );
  return concatBytes([bytes.subarray(0, end), second, bytes.subarray(end)]) as Uint8Array<ArrayBuffer>;
}

/** The items of a UN, encoded in `syntax`: only implicit VR is right there. */
export function itemsIn(syntax: string, ...elements: readonly NewElement[]): Uint8Array {
  const whole = encodeElement({ tag: 0x00102202, vr: 'SQ', value: [elements] }, encodingOf(syntax)!);
  return whole.subarray(syntax === IMPLICIT_VR_LITTLE_ENDIAN ? 8 : 12);
}

/** The last byte of the value that ends in `text` and its padding is dropped, and its length says so. */
function withoutPadding(bytes: Uint8Array<ArrayBuffer>, text: string): Uint8Array<ArrayBuffer> {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(text);
  const end = at + text.length;
  const odd = concatBytes([bytes.subarray(0, end), bytes.subarray(end + 1)]) as Uint8Array<ArrayBuffer>;
  new DataView(odd.buffer, odd.byteOffset).setUint16(at - 2, text.length, true);
  return odd;
}

type Kind = Odd & {
  readonly because: Irregularity;
  readonly isReleasable?: boolean;
  readonly change?: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
};

const KINDS: Readonly<Record<string, Kind>> = {
  'no-pixel-data': { because: 'pixel-data-missing' },
  'no-fragments': {
    because: 'pixel-data-missing',
    transferSyntaxUID: JPEG_BASELINE,
    image: { ...CODED_IMAGE, pixels: [] },
    isReleasable: false,
  },
  'pixel-data-empty': { because: 'pixel-data-length', image: { ...SQUARE, pixels: new Uint8Array() } },
  'pixel-data-short': { because: 'pixel-data-length', image: { ...SQUARE, rows: 64, columns: 64 } },
  'pixel-data-long': { because: 'pixel-data-length', image: { ...SQUARE, rows: 2, columns: 2 } },
  'frame-missing': {
    because: 'pixel-data-length',
    transferSyntaxUID: JPEG_BASELINE,
    image: { ...CODED_IMAGE, frames: 2, pixels: [even(CODED.jpegBaseline)] },
    isReleasable: false,
  },
  'fragments-of-no-frame': {
    because: 'pixel-data-not-decodable',
    transferSyntaxUID: JPEG_BASELINE,
    image: { ...CODED_IMAGE, frames: 2, pixels: [1, 2, 3].map(() => even(CODED.jpegBaseline)) },
    isReleasable: false,
  },
  'rle-in-pieces': {
    because: 'pixel-data-not-decodable',
    ...RLE,
    image: {
      rows: 8,
      columns: 8,
      bitsAllocated: 8,
      pixels: [rleFrame(64, 64).subarray(0, 64), rleFrame(64, 64).subarray(64)],
    },
    isReleasable: false,
  },
  'rle-overlong': {
    because: 'pixel-data-not-decodable',
    ...RLE,
    image: { rows: 8, columns: 8, bitsAllocated: 8, pixels: [rleFrame(64, 1_000_000)] },
    isReleasable: false,
  },
  'uid-leading-zero': { because: 'uid-form', root: '1.2.826.0.1.3680043.8.498.015', image: SQUARE },
  'odd-length': {
    because: 'odd-length',
    image: SQUARE,
    elements: [[0x00081030, 'LO', 'Odd planted']],
    change: (bytes) => withoutPadding(bytes, 'Odd planted'),
  },
  'private-transfer-syntax': {
    because: 'transfer-syntax-unknown',
    image: SQUARE,
    change: (bytes) => withText(bytes, `${EXPLICIT_VR_LITTLE_ENDIAN}\0`, '1.2.840.113619.5.999'),
    isReleasable: false,
  },
  'second-header': { because: 'file-meta-twice', image: SQUARE, change: withSecondHeader },
  'explicit-items-in-un': {
    because: 'sequence-unreadable',
    image: SQUARE,
    elements: [
      [
        0x00102202,
        'UN',
        itemsIn(EXPLICIT_VR_LITTLE_ENDIAN, {
          tag: 0x00080104,
          vr: 'LO',
          value: textValue('LO', 'ODD-planted'),
        }),
      ],
    ],
  },
};

function even(bytes: Uint8Array): Uint8Array {
  return concatBytes([bytes, new Uint8Array(bytes.length % 2)]);
}

/** Odd files; those of another `set` are other instances, of other studies. `more`: said by each of their headers. */
export function oddFiles(set: number, more: readonly SimpleElement[] = []): readonly OddFile[] {
  return Object.entries(KINDS).map(([name, { because, isReleasable = true, change, ...kind }], nth) => {
    const bytes = build(100 * set + nth, { ...kind, elements: [...(kind.elements ?? []), ...more] });
    return { name, because, bytes: change?.(bytes) ?? bytes, isReleasable };
  });
}

export const ODD_FILES = oddFiles(1);

/** Where names are removed, the odd part of the others is removed with them. */
export const isHeldWithoutNames = ({ because }: OddFile): boolean =>
  heldFor([because], 'deidentified').length > 0;
