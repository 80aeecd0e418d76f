/**
 * An instance of each kind that is odd and that a PACS stores nevertheless (protocol/irregularities.ts), each with
 * identifiers and an identity of its own.
 */
import { buildInstance, type BuiltImage, type SimpleElement } from '#shared/dicom/build-instance.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import {
  EXPLICIT_VR_LITTLE_ENDIAN,
  JPEG_BASELINE,
  RLE_LOSSLESS,
  SOP_CLASSES,
} from '#shared/dicom/registry.ts';
import { parseUid, type TransferSyntaxUID } from '#shared/dicom/uid.ts';
import type { Irregularity } from '#shared/protocol/irregularities.ts';
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

/** The last byte of the value that ends in `text` and its padding is dropped, and its length says so. */
function withoutPadding(bytes: Uint8Array<ArrayBuffer>, text: string): Uint8Array<ArrayBuffer> {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(text);
  const end = at + text.length;
  const odd = concatBytes([bytes.subarray(0, end), bytes.subarray(end + 1)]) as Uint8Array<ArrayBuffer>;
  new DataView(odd.buffer, odd.byteOffset).setUint16(at - 2, text.length, true);
  return odd;
}

type Kind = Odd & { readonly because: Irregularity; readonly isReleasable?: boolean; readonly odd?: string };

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
    odd: 'Odd planted',
  },
};

function even(bytes: Uint8Array): Uint8Array {
  return concatBytes([bytes, new Uint8Array(bytes.length % 2)]);
}

/** Those of another `set` are other instances, of other studies. */
export function oddFiles(set: number): readonly OddFile[] {
  return Object.entries(KINDS).map(([name, { because, isReleasable = true, odd, ...kind }], nth) => {
    const bytes = build(100 * set + nth, kind);
    return { name, because, bytes: odd === undefined ? bytes : withoutPadding(bytes, odd), isReleasable };
  });
}

export const ODD_FILES = oddFiles(1);
