/**
 * Clears ICC profiles (ISO 15076-1). They describe a camera or a screen in numbers, and also hold prose: who made it,
 * for whom, when, and with which serial number. The numbers stay, so that colours stay the same. Texts, dates, makers
 * and everything that no tag of the profile covers become blank. The length stays. An unreadable profile is of no use
 * to a viewer, so all of it becomes blank.
 */
import { asciiText } from '../../dicom/values.ts';
import { readUint32 } from '../../dicom/element-header.ts';

const HEADER_BYTES = 128;
const ENTRY_BYTES = 12;
/** Signature and four reserved bytes at the start of a tag's data. */
const TYPE_BYTES = 8;
/** A real profile has a few dozen tags at most. */
const TAGS_LIMIT = 1000;
/** Larger than any real profile, which is held in memory while it is cleared. */
export const PROFILE_BYTES_LIMIT = 16 * 1024 * 1024;

/**
 * §7.2: the ranges of the header that are needed. Date and time, makers and models, the digest and reserved bytes are
 * not.
 */
const NEEDED_OF_HEADER: readonly (readonly [from: number, to: number])[] = [
  [0, 4],
  [8, 24],
  [36, 48],
  [56, 80],
];

/** §10: types that hold numbers only. */
const NUMBERS = new Set([
  'XYZ ',
  'curv',
  'para',
  'mft1',
  'mft2',
  'mAB ',
  'mBA ',
  'sf32',
  'uf32',
  'ui08',
  'ui16',
  'ui32',
  'ui64',
  'chrm',
  'clro',
  'cicp',
  'meas',
  'sig ',
  'view',
]);

/** The profile without its prose; as long as before. Clearing it again changes nothing. */
export function clearedProfile(profile: Uint8Array): Uint8Array<ArrayBuffer> {
  const cleared = new Uint8Array(profile.length);
  const count = profile.length < HEADER_BYTES + 4 ? 0 : readUint32(profile, HEADER_BYTES, true);
  const tagsEnd = HEADER_BYTES + 4 + count * ENTRY_BYTES;
  const isProfile = asciiText(profile.subarray(36, 40)) === 'acsp';
  if (!isProfile || count === 0 || count > TAGS_LIMIT || tagsEnd > profile.length) return cleared;
  for (const [from, to] of NEEDED_OF_HEADER) cleared.set(profile.subarray(from, to), from);
  cleared.set(profile.subarray(HEADER_BYTES, tagsEnd), HEADER_BYTES);
  for (let entry = HEADER_BYTES + 4; entry < tagsEnd; entry += ENTRY_BYTES) {
    const offset = readUint32(profile, entry + 4, true);
    const length = readUint32(profile, entry + 8, true);
    // A tag that reaches into the table or beyond the end is not valid.
    if (offset < tagsEnd || length < TYPE_BYTES || offset + length > profile.length) continue;
    const type = asciiText(profile.subarray(offset, offset + 4));
    const needed = NUMBERS.has(type) && isExact(profile, type, offset, length) ? length : 4;
    if (needed > 4 || isKnownType(type)) cleared.set(profile.subarray(offset, offset + needed), offset);
  }
  return cleared;
}

/** §10.6, §10.18: a curve states how many numbers it has; other types fill their tag. */
function isExact(profile: Uint8Array, type: string, offset: number, length: number): boolean {
  if (type === 'curv') return length >= 12 && length <= 14 + 2 * readUint32(profile, offset + 8, true);
  if (type === 'XYZ ') return length % 12 === 8;
  return type !== 'sig ' || length === 12;
}

/** §10: whether it is a standard type that holds prose and is still valid when empty. */
function isKnownType(type: string): boolean {
  return ['desc', 'mluc', 'text', 'ncl2', 'pseq', 'psid', 'dict', 'clrt', 'dtim', 'data'].includes(type);
}
