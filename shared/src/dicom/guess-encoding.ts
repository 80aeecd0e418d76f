/**
 * Determines the encoding of a Data Set from its first elements, for files that do not state it, and to detect files
 * that state it wrongly.
 */
import type { Encoding } from './data-set.ts';
import { dictionaryEntry, isExpectedVR } from './dictionary.ts';
import { UNDEFINED_LENGTH, newHeader, readHeader } from './element-header.ts';

/**
 * Explicit VR comes first: two letters that are exactly the VR of the tag are no coincidence, while any four bytes can
 * be a length.
 */
const CANDIDATES: readonly Encoding[] = [
  { explicitVR: true, bigEndian: false, deflated: false, encapsulated: false },
  { explicitVR: true, bigEndian: true, deflated: false, encapsulated: false },
  { explicitVR: false, bigEndian: false, deflated: false, encapsulated: false },
];

/**
 * Two consecutive headers that the dictionary knows are enough to distinguish a Data Set from text, pictures and
 * noise.
 */
const HEADERS_TO_FIT = 2;

/**
 * The encoding that the elements at `at` fit; null if none does. `end`: the end of the Data Set, in the same
 * coordinates as `at`.
 */
export function apparentEncoding(bytes: Uint8Array, at: number, end: number): Encoding | null {
  return CANDIDATES.find((encoding) => fits(bytes, at, end, encoding)) ?? null;
}

function fits(bytes: Uint8Array, start: number, end: number, { explicitVR, bigEndian }: Encoding): boolean {
  const header = newHeader();
  let at = start;
  for (let i = 0; i < HEADERS_TO_FIT; i++) {
    // The file, or the bytes in memory, may end after one element.
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
