/** Reads the header of a Data Element: tag, VR and length, in each of the three encodings (PS3.5 §7.1). */
import type { Encoding } from './data-set.ts';
import { dictionaryVR } from './dictionary.ts';

export const UNDEFINED_LENGTH = 0xffffffff;
export const ITEM = 0xfffee000;
export const ITEM_DELIMITATION = 0xfffee00d;
export const SEQUENCE_DELIMITATION = 0xfffee0dd;

const SHORT_VRS = 'AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US'.split(' ');
/** PS3.5 §7.1.2: VRs with two reserved bytes and a length of 32 bits. */
const LONG_VRS = 'OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' ');

const FORMS = new Map<number, { readonly vr: string; readonly long: boolean }>([
  ...SHORT_VRS.map((vr): [number, { vr: string; long: boolean }] => [codeOf(vr), { vr, long: false }]),
  ...LONG_VRS.map((vr): [number, { vr: string; long: boolean }] => [codeOf(vr), { vr, long: true }]),
]);

function codeOf(vr: string): number {
  return (vr.charCodeAt(0) << 8) | vr.charCodeAt(1);
}

export function isLongForm(vr: string): boolean {
  return FORMS.get(codeOf(vr))?.long ?? true;
}

/** Filled by `readHeader`. A walk reuses one, because a large file has hundreds of thousands of headers. */
export interface Header {
  tag: number;
  vr: string;
  /** UNDEFINED_LENGTH if the length is not defined. */
  length: number;
  /** Bytes from the tag to the value: 8 or 12. */
  size: number;
  /** The VR is two capital letters that the standard does not know. */
  unknownVR: boolean;
}

export function newHeader(): Header {
  return { tag: 0, vr: '', length: 0, size: 8, unknownVR: false };
}

export function readUint16(bytes: Uint8Array, at: number, bigEndian: boolean): number {
  return bigEndian ? (bytes[at]! << 8) | bytes[at + 1]! : bytes[at]! | (bytes[at + 1]! << 8);
}

export function readUint32(bytes: Uint8Array, at: number, bigEndian: boolean): number {
  return bigEndian
    ? ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
    : (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

export function readTag(bytes: Uint8Array, at: number, bigEndian: boolean): number {
  return ((readUint16(bytes, at, bigEndian) << 16) | readUint16(bytes, at + 2, bigEndian)) >>> 0;
}

/**
 * Reads the header at `at`. Returns the number of bytes that it needs if `bytes` ends too early, 'bad-vr' if the VR is
 * not two capital letters, otherwise 'ok'. Items and delimiters have no VR in any encoding (PS3.5 §7.5).
 */
export function readHeader(
  header: Header,
  bytes: Uint8Array,
  at: number,
  { explicitVR, bigEndian }: Pick<Encoding, 'explicitVR' | 'bigEndian'>,
): 'ok' | 'bad-vr' | 8 | 12 {
  const available = bytes.length - at;
  if (available < 8) return 8;
  const tag = readTag(bytes, at, bigEndian);
  header.tag = tag;
  header.size = 8;
  header.unknownVR = false;
  if (tag >= 0xfffe0000 && tag <= 0xfffeffff) {
    header.vr = '';
    header.length = readUint32(bytes, at + 4, bigEndian);
    return 'ok';
  }
  if (!explicitVR) {
    header.vr = dictionaryVR(tag);
    header.length = readUint32(bytes, at + 4, bigEndian);
    return 'ok';
  }
  const form = FORMS.get((bytes[at + 4]! << 8) | bytes[at + 5]!);
  if (form && !form.long) {
    header.vr = form.vr;
    header.length = readUint16(bytes, at + 6, bigEndian);
    return 'ok';
  }
  if (!form && !(isCapital(bytes[at + 4]!) && isCapital(bytes[at + 5]!))) return 'bad-vr';
  if (available < 12) return 12;
  // PS3.5 §6.2: future VRs have the long form.
  header.vr = form?.vr ?? String.fromCharCode(bytes[at + 4]!, bytes[at + 5]!);
  header.unknownVR = !form;
  header.length = readUint32(bytes, at + 8, bigEndian);
  header.size = 12;
  return 'ok';
}

function isCapital(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}
