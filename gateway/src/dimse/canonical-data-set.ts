/**
 * Computes the digest of a Data Set in a canonical encoding, so that two encodings of the same Data Set have the same
 * digest. PS3.5 §7.5: Sequences and Items have an explicit length or a delimiter, and a receiver may store the other
 * form. These are not part of the digest: such lengths and delimiters, group lengths (gggg,0000), Data Set Trailing
 * Padding (FFFC,FFFC), zero bytes behind the end, and the padding of text. Everything else is: each tag, VR and value
 * in order, and each fragment of encapsulated Pixel Data with its Basic Offset Table.
 *
 * The bytes are read once, piece by piece. Only a header, a text, and one frame per open level are kept in memory.
 */
import { createHash, type Hash } from 'node:crypto';
import type { Encoding } from '#shared/dicom/data-set.ts';
import {
  ITEM,
  ITEM_DELIMITATION,
  newHeader,
  readHeader,
  readTag,
  SEQUENCE_DELIMITATION,
  UNDEFINED_LENGTH,
  type Header,
} from '#shared/dicom/element-header.ts';
import { KEPT_VALUE_BYTES, NESTING_LIMIT } from '#shared/dicom/limits.ts';
import { PIXEL_DATA } from '#shared/dicom/tags.ts';

export type CanonicalRefusal =
  | 'inconsistent-length'
  | 'missing-delimiter'
  | 'nesting-too-deep'
  | 'not-inflatable'
  | 'not-parseable'
  | 'trailing-data'
  | 'truncated';

export type CanonicalOutcome =
  | { readonly kind: 'digest'; readonly digest: string }
  | { readonly kind: 'refused'; readonly because: CanonicalRefusal };

/**
 * A value of VR UN that begins like an Item is treated as a Sequence if it can be parsed as one to its end (PS3.5
 * §6.2.2; another encoding of the same Data Set may give it an undefined length, which proves it to be a Sequence).
 * `headers` hashes the headers read so far, including what the digest leaves out. If the value turns out not to be a
 * Sequence, this hash is added to the digest, together with all its remaining bytes.
 */
type Attempt = { readonly headers: Hash };

type ElementEncoding = Pick<Encoding, 'explicitVR' | 'bigEndian'>;

/**
 * `end`: Infinity if a delimiter ends the frame. `limit`: its end, or the end of the nearest enclosing frame that has
 * one.
 */
type Frame = {
  readonly kind: 'elements' | 'items' | 'fragments';
  readonly end: number;
  readonly limit: number;
  readonly encoding: ElementEncoding;
  readonly attempt: Attempt | null;
};

/**
 * `left`: the bytes of the value still to come. `hash`: receives these bytes; null: they are not part of the digest.
 * `text`: collects them, because padding is recognised only at the end.
 */
type Value = {
  left: number;
  readonly hash?: Hash | null;
  readonly text?: { readonly tag: number; readonly vr: string; readonly bytes: Uint8Array };
};

type Reading = {
  readonly hash: Hash;
  readonly header: Header;
  readonly stack: Frame[];
  /** The start of a header whose remaining bytes have not arrived. */
  rest: Uint8Array;
  window: Uint8Array;
  /** Position in the window. */
  at: number;
  /** Position in the Data Set of the byte at `at`. */
  position: number;
  value: Value;
  /** The Data Set has ended, and only zero bytes may follow. */
  inPadding: boolean;
  refusal: CanonicalRefusal | null;
};

/** Markers that introduce each part of the canonical encoding. */
const ELEMENT = 1;
const SEQUENCE = 2;
const FRAGMENTS = 3;
const ITEM_BEGIN = 4;
const FRAGMENT = 5;
const END = 6;
const NO_SEQUENCE = 7;

/**
 * PS3.5 §6.2: text "shall be padded with SPACE characters", a UID with a NULL. Trailing spaces, however many, are not
 * part of a text of any VR; dcmtk removes them. Some writers pad text with nulls, and UIDs with spaces.
 */
const TEXT_VRS: ReadonlySet<string> = new Set(
  'AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT'.split(' '),
);
const SPACE = 0x20;

const GROUP_LENGTH_BYTES = 4;
const TRAILING_PADDING = 0xfffcfffc;
const IMPLICIT_LITTLE_ENDIAN: ElementEncoding = { explicitVR: false, bigEndian: false };

export type CanonicalReader = {
  take(piece: Uint8Array): void;
  /** Call this when there are no more pieces. */
  end(): CanonicalOutcome;
};

export function createCanonicalReader(encoding: ElementEncoding): CanonicalReader {
  const root = { kind: 'elements', end: Infinity, limit: Infinity, encoding, attempt: null } as const;
  const reading: Reading = {
    hash: createHash('sha256'),
    header: newHeader(),
    stack: [root],
    rest: new Uint8Array(),
    window: new Uint8Array(),
    at: 0,
    position: 0,
    value: { left: 0 },
    inPadding: false,
    refusal: null,
  };
  return {
    take: (piece) => takePiece(reading, piece),
    end: () => endOf(reading),
  };
}

function takePiece(reading: Reading, piece: Uint8Array): void {
  if (reading.refusal !== null) return;
  reading.window = reading.rest.length === 0 ? piece : Buffer.concat([reading.rest, piece]);
  reading.at = 0;
  let goesOn = true;
  while (goesOn) goesOn = advance(reading);
  // The rest is copied, because a piece may be a view of a buffer that the next one overwrites.
  reading.rest = reading.window.slice(reading.at);
  reading.window = reading.rest;
}

function endOf(reading: Reading): CanonicalOutcome {
  const { stack, value, rest } = reading;
  closeEnded(reading);
  // Pixel Data that ends the file without its delimiter counts as the same Pixel Data.
  if (stack.length === 2 && frameOf(reading).kind === 'fragments') close(reading);
  const isWhole = value.left === 0 && (rest.length === 0 || (stack.length === 1 && isZero(rest)));
  if (reading.refusal === null && !isWhole) reading.refusal = 'truncated';
  if (reading.refusal === null && stack.length > 1)
    reading.refusal = frameOf(reading).limit === Infinity ? 'missing-delimiter' : 'truncated';
  return reading.refusal === null
    ? { kind: 'digest', digest: reading.hash.digest('hex') }
    : { kind: 'refused', because: reading.refusal };
}

const frameOf = ({ stack }: Reading): Frame => stack[stack.length - 1]!;
const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

/** Processes one value or header. False: more bytes are needed, or the rest cannot be read. */
function advance(reading: Reading): boolean {
  if (reading.value.left > 0) return passValue(reading);
  if (reading.inPadding) return passPadding(reading);
  closeEnded(reading);
  const frame = frameOf(reading);
  const { header, window, at } = reading;
  const answer = readHeader(header, window, at, frame.encoding);
  const wanted = answer === 8 || answer === 12 ? answer : neededOf(header, frame);
  if (wanted > frame.limit - reading.position) return refuse(reading, 'inconsistent-length');
  if (wanted > window.length - at) return false;
  if (frame === reading.stack[0] && isZero(window.subarray(at, at + 8))) {
    reading.inPadding = true;
    return true;
  }
  if (answer === 'bad-vr') return refuse(reading, 'not-parseable');
  if (frame.kind === 'elements') return readElement(reading, frame);
  return frame.kind === 'items' ? readItem(reading, frame) : readFragment(reading, frame);
}

/**
 * How many bytes of a header are needed. For a value of VR UN, its first tag is needed too, because it shows whether
 * the value may be a Sequence.
 */
const neededOf = (header: Header, frame: Frame): number =>
  frame.kind === 'elements' && mayBeSequence(header) ? header.size + 4 : header.size;
const mayBeSequence = ({ vr, length }: Header): boolean =>
  vr === 'UN' && length !== UNDEFINED_LENGTH && length >= 8;

function passValue(reading: Reading): boolean {
  const { value, window, at } = reading;
  const bytes = Math.min(value.left, window.length - at);
  if (bytes === 0) return false;
  const some = window.subarray(at, at + bytes);
  value.hash?.update(some);
  value.text?.bytes.set(some, value.text.bytes.length - value.left);
  value.left -= bytes;
  skip(reading, bytes);
  if (value.left === 0 && value.text !== undefined) countText(reading, value.text);
  return true;
}

function countText(reading: Reading, { tag, vr, bytes }: NonNullable<Value['text']>): void {
  const left = bytes.findLastIndex((byte) => byte !== SPACE && byte !== 0) + 1;
  reading.hash.update(canonicalHeader(ELEMENT, { tag, vr, left })).update(bytes.subarray(0, left));
  attemptOf(reading)?.headers.update(bytes.subarray(left));
}

function passPadding(reading: Reading): boolean {
  const { window, at } = reading;
  if (!isZero(window.subarray(at))) return refuse(reading, 'trailing-data');
  skip(reading, window.length - at);
  return false;
}

function skip(reading: Reading, bytes: number): void {
  reading.at += bytes;
  reading.position += bytes;
}

function closeEnded(reading: Reading): void {
  while (reading.position >= frameOf(reading).end) close(reading);
}

function close(reading: Reading): void {
  const { attempt } = reading.stack.pop()!;
  reading.hash.update(Uint8Array.of(END));
  if (attempt !== null) attemptOf(reading)?.headers.update(attempt.headers.digest());
}

const attemptOf = ({ stack }: Reading): Attempt | null =>
  stack.findLast(({ attempt }) => attempt !== null)?.attempt ?? null;

/** Refuses the Data Set, or only the reading of a UN value as a Sequence. */
function refuse(reading: Reading, because: CanonicalRefusal): boolean {
  const { stack, hash } = reading;
  const from = stack.findLastIndex(({ attempt }) => attempt !== null);
  if (from < 0) {
    reading.refusal = because;
    return false;
  }
  const { attempt, end } = stack[from]!;
  stack.length = from;
  const headers = attempt!.headers.digest();
  attemptOf(reading)?.headers.update(headers);
  const left = end - reading.position;
  hash.update(canonicalHeader(NO_SEQUENCE, { left })).update(headers);
  reading.value = { left, hash };
  return true;
}

/** The part of a header that belongs to the digest: its kind, tag and VR, and how many bytes of value follow. */
function canonicalHeader(
  kind: number,
  { tag = 0, vr = '', left = 0 }: { readonly tag?: number; readonly vr?: string; readonly left?: number },
): Buffer {
  const bytes = Buffer.alloc(11);
  bytes.writeUInt8(kind, 0);
  bytes.writeUInt32BE(tag, 1);
  bytes.write(vr, 5, 2, 'latin1');
  bytes.writeUInt32BE(left, 7);
  return bytes;
}

/** Skips the header and continues with its value. */
function passHeader(reading: Reading, value: Value = { left: 0 }): true {
  const { window, at, header } = reading;
  attemptOf(reading)?.headers.update(window.subarray(at, at + header.size));
  skip(reading, header.size);
  reading.value = value;
  return true;
}

/** Whether a delimiter ends the frame: the frame has no defined end, or its end is right behind the delimiter. */
const isDelimiter = (reading: Reading, { end }: Frame, tag: number): boolean =>
  reading.header.tag === tag && (end === Infinity || reading.position + 8 === end);

function passDelimiter(reading: Reading): true {
  passHeader(reading);
  close(reading);
  return true;
}

function readElement(reading: Reading, frame: Frame): boolean {
  const { header, hash, window, at, position } = reading;
  const { tag, vr, length, size } = header;
  const isRoot = frame === reading.stack[0];
  if (!isRoot && isDelimiter(reading, frame, ITEM_DELIMITATION)) return passDelimiter(reading);
  if (vr === '') return refuse(reading, 'inconsistent-length');
  if (length === UNDEFINED_LENGTH) {
    // PS3.5 §A.4; in Implicit VR the VR of the tag is known from the dictionary.
    if (tag === PIXEL_DATA || vr.startsWith('O')) return open(reading, frame, 'fragments');
    return vr === 'SQ' || vr === 'UN'
      ? open(reading, frame, 'items')
      : refuse(reading, 'inconsistent-length');
  }
  if (position + size + length > frame.limit) return refuse(reading, 'inconsistent-length');
  if (vr === 'SQ' || (vr === 'UN' && length === 0)) return open(reading, frame, 'items');
  if (mayBeSequence(header) && readTag(window, at + size, false) === ITEM)
    return open(reading, frame, 'items', { headers: createHash('sha256') });
  const isGroupLength = (tag & 0xffff) === 0 && length === GROUP_LENGTH_BYTES;
  if (isGroupLength || tag === TRAILING_PADDING)
    return passHeader(reading, { left: length, hash: attemptOf(reading)?.headers ?? null });
  if (TEXT_VRS.has(vr) && length > 0 && length <= KEPT_VALUE_BYTES)
    return passHeader(reading, { left: length, text: { tag, vr, bytes: new Uint8Array(length) } });
  hash.update(canonicalHeader(ELEMENT, { tag, vr, left: length }));
  return passHeader(reading, { left: length, hash });
}

function open(
  reading: Reading,
  frame: Frame,
  kind: 'items' | 'fragments',
  attempt: Attempt | null = null,
): boolean {
  const { header, stack, position, hash } = reading;
  const { tag, vr, length, size } = header;
  if (stack.length > 2 * NESTING_LIMIT) return refuse(reading, 'nesting-too-deep');
  hash.update(canonicalHeader(kind === 'items' ? SEQUENCE : FRAGMENTS, { tag, vr }));
  const end = length === UNDEFINED_LENGTH ? Infinity : position + size + length;
  passHeader(reading);
  // PS3.5 §6.2.2 note 4: the content of a UN value of undefined length is in Implicit VR Little Endian.
  const encoding = vr === 'UN' ? IMPLICIT_LITTLE_ENDIAN : frame.encoding;
  stack.push({ kind, end, limit: Math.min(end, frame.limit), encoding, attempt });
  return true;
}

function readItem(reading: Reading, frame: Frame): boolean {
  const { header, stack, hash, position } = reading;
  const { length } = header;
  if (isDelimiter(reading, frame, SEQUENCE_DELIMITATION)) return passDelimiter(reading);
  if (header.tag !== ITEM) return refuse(reading, 'missing-delimiter');
  const end = length === UNDEFINED_LENGTH ? Infinity : position + header.size + length;
  if (end !== Infinity && end > frame.limit) return refuse(reading, 'inconsistent-length');
  hash.update(Uint8Array.of(ITEM_BEGIN));
  passHeader(reading);
  const { encoding } = frame;
  stack.push({ kind: 'elements', end, limit: Math.min(end, frame.limit), encoding, attempt: null });
  return true;
}

function readFragment(reading: Reading, frame: Frame): boolean {
  const { header, hash, position } = reading;
  const { tag, length } = header;
  if (tag === SEQUENCE_DELIMITATION) return passDelimiter(reading);
  if (tag !== ITEM || length === UNDEFINED_LENGTH) return refuse(reading, 'missing-delimiter');
  if (position + header.size + length > frame.limit) return refuse(reading, 'inconsistent-length');
  hash.update(canonicalHeader(FRAGMENT, { left: length }));
  return passHeader(reading, { left: length, hash });
}
