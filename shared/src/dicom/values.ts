/**
 * Returns values of elements as text and numbers. Only values that the reader kept are used (`KEPT_VALUE_BYTES`): a
 * longer value, a Sequence and an absent element all count as having no value.
 */
import { textReader } from './character-sets.ts';
import type { ByteSource, DicomElement, Encoding } from './data-set.ts';
import { withoutPadding } from './padding.ts';
import { SPECIFIC_CHARACTER_SET } from './tags.ts';

/** What decoding needs to know about the surrounding Data Set or item. A `ParsedInstance` is one. */
export interface ValueContext {
  readonly characterSets: readonly string[];
  readonly encoding: Encoding;
}

/** The element of this tag, or null. Elements are in ascending order, except in invalid files. */
export function findElement(elements: readonly DicomElement[], tag: number): DicomElement | null {
  for (const element of elements) if (element.tag === tag) return element;
  return null;
}

/** PS3.5 §6.1.2.3: VRs that hold text in the Specific Character Set. The others are ASCII. */
const TEXT_VRS = new Set(['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UT']);
/** PS3.5 §6.2: VRs in which a backslash is an ordinary character. */
const SINGLE_VALUE_VRS = new Set(['LT', 'ST', 'UT', 'UR']);

export function isText(vr: string): boolean {
  return TEXT_VRS.has(vr);
}

/**
 * The bytes of a value, read from `dataSet` if the reader did not keep them; empty for Sequences and fragments. Throws
 * RangeError for a value longer than `limit`.
 */
export async function readValueBytes(
  element: DicomElement,
  dataSet: ByteSource,
  limit: number,
): Promise<Uint8Array> {
  if (element.bytes) return element.bytes;
  if (element.items || element.fragments) return new Uint8Array();
  if (element.valueLength > limit) throw new RangeError('a value longer than the limit');
  return await dataSet.read(element.valueOffset, element.valueLength);
}

/**
 * Reads the bytes as Latin-1 characters, for VRs that are ASCII by definition but in which every byte must remain
 * visible.
 */
export function asciiText(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

/** The whole value as text, including backslashes, without trailing padding; null if there is none. */
export function rawText(element: DicomElement | null, context: ValueContext): string | null {
  if (!element?.bytes) return null;
  const { bytes, vr } = element;
  const text = isText(vr)
    ? textReader(context.characterSets).decode(bytes, vr === 'PN').text
    : asciiText(bytes);
  return withoutPadding(text);
}

/** All values as text, each without surrounding spaces; empty if there are none. */
export function textsOf(element: DicomElement | null, context: ValueContext): string[] {
  const text = rawText(element, context);
  if (!element || text === null || text === '') return [];
  if (SINGLE_VALUE_VRS.has(element.vr)) return [text];
  return text.split('\\').map((value) => withoutPadding(value.replace(/^[\0 ]+/, '')));
}

/** The first value as text; null if missing or empty. */
export function textOf(element: DicomElement | null, context: ValueContext): string | null {
  return textsOf(element, context)[0] || null;
}

/** A UID as written, without its padding NUL (or, wrongly, space); '' if there is none. */
export function uidText(element: DicomElement | null): string {
  return element?.bytes ? withoutPadding(asciiText(element.bytes)) : '';
}

const NUMBER_BYTES: Readonly<Record<string, number>> = {
  US: 2,
  SS: 2,
  UL: 4,
  SL: 4,
  FL: 4,
  FD: 8,
  OW: 2,
  OB: 1,
  SV: 8,
  UV: 8,
};

/**
 * All values as numbers, for binary VRs and for DS and IS; a value that is not a number becomes NaN. Empty for every
 * other VR.
 */
export function numbersOf(element: DicomElement | null, context: ValueContext): number[] {
  if (!element?.bytes) return [];
  const { bytes, vr } = element;
  if (vr === 'DS' || vr === 'IS') return textsOf(element, context).map(parseDecimal);
  const size = NUMBER_BYTES[vr];
  if (size === undefined) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers: number[] = [];
  for (let at = 0; at + size <= bytes.length; at += size)
    numbers.push(readNumber(view, at, vr, !context.encoding.bigEndian));
  return numbers;
}

/** The first value as a number; null if missing or not a number. */
export function numberOf(element: DicomElement | null, context: ValueContext): number | null {
  const [number] = numbersOf(element, context);
  return number === undefined || !Number.isFinite(number) ? null : number;
}

/**
 * PS3.5 §6.2: DS and IS hold "digits, '+', '-', 'E', 'e' and '.'"; JavaScript would take "0x10" and
 * "Infinity" as well.
 */
export function parseDecimal(text: string): number {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

/**
 * The Specific Character Set of these elements or, if they have none, of the Data Set or item around them (PS3.3
 * §C.12.1.1.2).
 */
export function characterSetsOf(
  elements: readonly DicomElement[],
  inherited: readonly string[],
): readonly string[] {
  const element = findElement(elements, SPECIFIC_CHARACTER_SET);
  if (!element?.bytes) return inherited;
  const text = withoutPadding(asciiText(element.bytes));
  return text === '' ? [] : text.split('\\').map((term) => term.trim());
}

function readNumber(view: DataView, at: number, vr: string, littleEndian: boolean): number {
  switch (vr) {
    case 'US':
    case 'OW':
      return view.getUint16(at, littleEndian);
    case 'SS':
      return view.getInt16(at, littleEndian);
    case 'UL':
      return view.getUint32(at, littleEndian);
    case 'SL':
      return view.getInt32(at, littleEndian);
    case 'FL':
      return view.getFloat32(at, littleEndian);
    case 'FD':
      return view.getFloat64(at, littleEndian);
    case 'SV':
      return Number(view.getBigInt64(at, littleEndian));
    case 'UV':
      return Number(view.getBigUint64(at, littleEndian));
    default:
      return view.getUint8(at);
  }
}
