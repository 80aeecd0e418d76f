/** Files at their limits, whatever the place says that it takes: DICOM, archives, pictures, and bytes of no form. */
import { PARTS_AND_ENTRIES_LIMIT } from '../../../gateway/src/testing/limits-of-bodies.ts';
import { createHash } from 'node:crypto';
import { deflateRawSync, gzipSync } from 'node:zlib';
import type { NewElement } from '#shared/dicom/encode.ts';
import { ELEMENT_LIMIT, NESTING_LIMIT } from '#shared/dicom/limits.ts';
import { many } from '../hostile/recipe.ts';
import { ENCAPSULATED_DOCUMENT, rawData, rleFilm, sequenceOf, text } from '../hostile/build-header.ts';
import { repeatTo, type Kind } from './body.ts';

export type FileKind = { readonly name: string; readonly make: (bytes: number, seed: number) => Buffer };

const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(' ', ''), 'hex');
const padded = (head: Uint8Array, bytes: number): Buffer =>
  Buffer.concat([head, Buffer.alloc(Math.max(0, bytes - head.length))]);
const repeated = (unit: Uint8Array, bytes: number): Buffer =>
  Buffer.alloc(Math.max(bytes, unit.length), unit);
const lettered = (unit: string) => (bytes: number) => Buffer.from(repeatTo(bytes, unit));

/** The same bytes for the same seed, which nothing compresses. */
export function noise(bytes: number, seed: number): Buffer {
  return createHash('shake128', { outputLength: bytes }).update(String(seed)).digest();
}

/** PS3.5 §7.5: a Sequence and an Item of undefined length. */
const SEQUENCE = hex('08004011 53510000 ffffffff feff00e0 ffffffff');
/** An element of (0009,1010) OB that says it is longer than any file. */
const LONG_ELEMENT = hex('09001010 4f420000 f0ffffff');
const EMPTY_ELEMENT = hex('09001010 53480000');
/** PS3.5 §A.4: an empty fragment. */
const FRAGMENT = hex('feff00e0 00000000');
const PIXELS_IN_FRAGMENTS = hex('e07f1000 4f420000 ffffffff');

/** The room that File Meta Information and identifiers take. */
const HEAD_BYTES = 700;

const headed =
  (unit: Buffer, before: Buffer = Buffer.alloc(0)) =>
  (bytes: number) => {
    const head = Buffer.concat([rawData().bytes, before]);
    return Buffer.concat([head, repeated(unit, bytes - head.length)]);
  };
/** Sequences and prose in a whole instance. `unit`: the bytes that each item takes; `most`: such items. */
const ofItems =
  (unit: number, elements: (at: number) => NewElement[], most = Infinity) =>
  (bytes: number) => {
    const items = Math.min(most, Math.floor((bytes - HEAD_BYTES) / unit));
    return Buffer.from(rawData(sequenceOf(Math.max(1, items), elements)).bytes);
  };
/** Just below. */
const ELEMENTS = ELEMENT_LIMIT - 100;
const twoNumbers = (at: number): NewElement[] => many(2, (one) => text(0x00280100 + one, 'IS', `${at}`));
const prose = (unit: string) =>
  ofItems(10_040, () => [text(0x001021b0, 'LT', unit.repeat(Math.floor(10_000 / unit.length)))]);

const DICOM: readonly FileKind[] = [
  { name: 'dicom-deep', make: headed(SEQUENCE) },
  { name: 'dicom-endless-element', make: headed(Buffer.alloc(1), LONG_ELEMENT) },
  { name: 'dicom-same-element', make: headed(EMPTY_ELEMENT) },
  { name: 'dicom-fragments', make: headed(FRAGMENT, PIXELS_IN_FRAGMENTS) },
  { name: 'dicom-zeros', make: headed(Buffer.alloc(1)) },
  { name: 'dicom-empty-items', make: ofItems(8, () => []) },
  { name: 'dicom-many-elements', make: ofItems(38, twoNumbers) },
  { name: 'dicom-most-elements', make: ofItems(38, twoNumbers, ELEMENTS / 3) },
  { name: 'dicom-most-items', make: ofItems(8, () => [], ELEMENTS) },
  {
    name: 'dicom-deepest',
    make: (bytes) =>
      headed(Buffer.alloc(1), repeated(SEQUENCE, SEQUENCE.length * (NESTING_LIMIT - 2)))(bytes),
  },
  {
    name: 'dicom-many-uids',
    make: ofItems(48_000, (at) => [
      text(0x00081155, 'UI', ...many(4_000, (one) => `1.2.${at * 4_000 + one}`)),
    ]),
  },
  { name: 'dicom-names', make: prose('Aaaa.') },
  { name: 'dicom-dates', make: prose('1.1.2024 ') },
  { name: 'dicom-addresses', make: prose('x@y.') },
  {
    name: 'dicom-large-value',
    make(bytes) {
      const value = new Uint8Array(Math.max(2, (bytes - HEAD_BYTES) & ~1));
      return Buffer.from(rawData({ tag: ENCAPSULATED_DOCUMENT, vr: 'OB', value }).bytes);
    },
  },
  { name: 'dicom-large-picture', make: (bytes) => padded(rleFilm(11_500).bytes, bytes).subarray(0, bytes) },
];

const ENTRY_BYTES = 80;
/** APPNOTE 4.4.21: more are not counted without ZIP64. */
const ENTRIES_LIMIT = 65_000;

/** Empty files with names of two letters; the directory has one line for each. */
const zip =
  (most: number) =>
  (bytes: number): Buffer => {
    const count = Math.max(1, Math.min(most, Math.floor((bytes - 22) / ENTRY_BYTES)));
    const local = Buffer.alloc(32, 'aa');
    local.fill(0, 0, 30).write('PK\x03\x04');
    local.writeUInt16LE(2, 26);
    const listed = Buffer.alloc(48, 'aa');
    listed.fill(0, 0, 46).write('PK\x01\x02');
    listed.writeUInt16LE(2, 28);
    const end = Buffer.alloc(22);
    end.write('PK\x05\x06');
    end.writeUInt16LE(count, 8);
    end.writeUInt16LE(count, 10);
    end.writeUInt32LE(count * listed.length, 12);
    end.writeUInt32LE(count * local.length, 16);
    return Buffer.concat([
      repeated(local, count * local.length),
      repeated(listed, count * listed.length),
      end,
    ]);
  };

const PNG_HEAD = hex('89504e470d0a1a0a 0000000d49484452 000007d0 000007d0 0800000000 6e6b0cbd');
/** A chunk of text without text; its checksum is wrong. */
const PNG_CHUNK = hex('00000000 74455874 a0000000');
const JPEG_HEAD = hex('ffd8');
/** A comment without text. */
const JPEG_COMMENT = hex('fffe0002');

const OTHERS: readonly FileKind[] = [
  { name: 'zip-of-many', make: zip(ENTRIES_LIMIT) },
  { name: 'zip-of-most', make: zip(PARTS_AND_ENTRIES_LIMIT - 1) },
  { name: 'zip-ends', make: lettered('PK\x05\x06') },
  { name: 'zip-starts', make: lettered('PK\x03\x04') },
  {
    name: 'gzip-bomb',
    make: (bytes) => padded(gzipSync(Buffer.alloc(Math.min(bytes, 2 ** 20) * 16)), bytes),
  },
  {
    name: 'deflate-bomb',
    make: (bytes) => padded(deflateRawSync(Buffer.alloc(Math.min(bytes, 2 ** 20) * 16)), bytes),
  },
  {
    name: 'png-chunks',
    make: (bytes) => Buffer.concat([PNG_HEAD, repeated(PNG_CHUNK, bytes - PNG_HEAD.length)]),
  },
  { name: 'jpeg-comments', make: (bytes) => Buffer.concat([JPEG_HEAD, repeated(JPEG_COMMENT, bytes - 2)]) },
  { name: 'jpeg-fill', make: (bytes) => Buffer.concat([JPEG_HEAD, Buffer.alloc(bytes - 2, 0xff)]) },
  { name: 'pdf-objects', make: (bytes) => Buffer.from(repeatTo(bytes, '1 0 obj<<>>endobj\n', '%PDF-1.7\n')) },
  { name: 'messages-in-messages', make: (bytes) => repeated(hex('0a7f'), bytes) },
  { name: 'line-breaks', make: lettered('\r\n') },
  { name: 'zeros', make: (bytes) => Buffer.alloc(bytes) },
  { name: 'noise', make: noise },
];

export const FILE_KINDS: readonly FileKind[] = [...DICOM, ...OTHERS];

export const FILES: readonly Kind[] = FILE_KINDS.map(({ name, make }) => ({
  name,
  ...{ isPlain: name === 'zeros', isFile: true },
  make: (bytes, { type, seed }) => ({ bytes: make(bytes, seed), type }),
}));
