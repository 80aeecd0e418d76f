/**
 * Tells from its first elements how a Data Set is encoded: for files that do not say, and to notice those
 * that say it wrongly.
 */
import type { Encoding } from './data-set.ts';
import { dictionaryEntry, isExpectedVR } from './dictionary.ts';
import { UNDEFINED_LENGTH, newHeader, readHeader } from './element-header.ts';

/**
 * Explicit first: two letters that are just the VR of that tag are no accident, while any four bytes are a
 * length.
 */
const CANDIDATES: readonly Encoding[] = [
  { explicitVR: true, bigEndian: false, deflated: false, encapsulated: false },
  { explicitVR: true, bigEndian: true, deflated: false, encapsulated: false },
  { explicitVR: false, bigEndian: false, deflated: false, encapsulated: false },
];

/**
 * Two headers in a row that the dictionary knows are enough to tell text, pictures and noise from a Data Set.
 */
const HEADERS_TO_FIT = 2;

/**
 * The encoding that the elements at `at` fit; null where none does. `end`: where the Data Set ends, counted
 * like `at`.
 */
export function apparentEncoding(bytes: Uint8Array, at: number, end: number): Encoding | null {
  return CANDIDATES.find((encoding) => fits(bytes, at, end, encoding)) ?? null;
}

function fits(bytes: Uint8Array, start: number, end: number, { explicitVR, bigEndian }: Encoding): boolean {
  const header = newHeader();
  let at = start;
  for (let i = 0; i < HEADERS_TO_FIT; i++) {
    // The end of the file, or of what is at hand, may follow after one element.
    if (i > 0 && at >= Math.min(end, bytes.length)) return true;
    if (readHeader(header, bytes, at, { explicitVR, bigEndian }) !== 'ok') return false;
    const { tag, vr, length, size } = header;
    if (!isLikelyTag(tag) || !isExpectedVR(tag, vr)) return false;
    if (length === UNDEFINED_LENGTH) return vr === 'SQ' || vr === 'UN' || vr.startsWith('O');
    at += size + length;
    if (at > end) return false;
  }
  return true;
}

/** A Data Set begins in a low even group, with an element that the standard names or with a group length. */
function isLikelyTag(tag: number): boolean {
  const group = tag >>> 16;
  return (
    group >= 4 &&
    group <= 0x7fe0 &&
    (group & 1) === 0 &&
    (dictionaryEntry(tag) !== null || (tag & 0xffff) === 0)
  );
}
