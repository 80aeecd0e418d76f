/**
 * Recognizes files that are not DICOM, and preambles that make a file pass for another kind. It looks only at the
 * first bytes, as the programs that would open the file do, and never at names and extensions.
 */
import type { ReasonCode } from '../protocol/reasons.ts';
import type { ByteSource } from './data-set.ts';
import { readUint32 } from './element-header.ts';

const IMAGES = ['89504e47', 'ffd8ff', '47494638', '424d', '52494646'];
const DOCUMENTS = ['25504446', '7b5c727466', 'd0cf11e0'];
const ARCHIVES = ['504b0304', '504b0506', '1f8b', '377abcaf271c', '526172211a07', '425a68', 'fd377a585a00'];

/** A file of this product (transfer/stick.ts). */
export const STICK_MAGIC = 'RelayPACS stick\n';

/**
 * Files that an operating system would execute: PE and DOS, ELF, Mach-O (both byte orders, 32 and 64 bit, and
 * universal, whose signature Java shares).
 */
const PROGRAMS = ['4d5a', '7f454c46', 'feedface', 'feedfacf', 'cefaedfe', 'cffaedfe', 'cafebabe'];
/**
 * ZIP, in its three forms (APPNOTE §4.3.7, §4.3.16, §8.5.3). Orthanc treats an instance that begins like this as an
 * archive: it stores the packed content, which nobody promised or verified, instead of the instance, although its
 * answer and a search report the instance's UID as stored.
 */
const ZIPS = ['504b0304', '504b0506', '504b0708'];
/** Scripts and markup begin with one of these, possibly after whitespace. */
const SCRIPTS = ['#!', '<!doctype', '<html', '<head', '<body', '<script', '<svg', '<?xml', '<!--', '@echo'];

function startsWithHex(bytes: Uint8Array, prefix: string): boolean {
  for (let i = 0; i * 2 < prefix.length; i++)
    if (bytes[i] !== Number.parseInt(prefix.slice(i * 2, i * 2 + 2), 16)) return false;
  return true;
}

/** The first `length` bytes as Latin-1 text, enough to look for markers. */
function textOfHead(bytes: Uint8Array, length: number): string {
  return String.fromCharCode(...bytes.subarray(0, length));
}

/**
 * TIFF 6.0 §2: byte order, 42, and the offset of the first directory. If that is outside the file, there is no
 * picture.
 */
function isTiff(head: Uint8Array, size: number): boolean {
  const littleEndian = startsWithHex(head, '49492a00');
  return (littleEndian || startsWithHex(head, '4d4d002a')) && readUint32(head, 4, !littleEndian) < size;
}

/** ECMA-119 §6.2.1, §8.1.2: the first 16 sectors are reserved for systems; ECMA-167 2/9.1 (UDF) begins there too. */
const VOLUME_DESCRIPTOR_AT = 16 * 2048 + 1;
const VOLUMES = ['CD001', 'BEA01'];

/** Whether the file is the image of a CD or DVD. Rejects only if reading does. */
export async function isDiscImage(source: ByteSource): Promise<boolean> {
  if (source.size <= VOLUME_DESCRIPTOR_AT) return false;
  return VOLUMES.includes(textOfHead(await source.read(VOLUME_DESCRIPTOR_AT, 5), 5));
}

/** The reason for refusing a file of `size` bytes that fits no encoding of DICOM. */
export function foreignReason(head: Uint8Array, size: number): ReasonCode {
  const startsWith = (prefix: string): boolean => startsWithHex(head, prefix);
  if (IMAGES.some(startsWith) || isTiff(head, size)) return 'not-dicom-image';
  if (DOCUMENTS.some(startsWith)) return 'not-dicom-document';
  // A tar archive has its signature at byte 257.
  if (ARCHIVES.some(startsWith) || textOfHead(head.subarray(257), 5) === 'ustar') return 'not-dicom-archive';
  if (textOfHead(head, STICK_MAGIC.length) === STICK_MAGIC) return 'not-dicom-stick';
  // A registered UID suggests a DICOM object without its beginning, so its identifiers cannot be located any more.
  if (textOfHead(head, 1024).includes('1.2.840.10008.')) return 'missing-uid';
  return 'not-dicom';
}

/**
 * True if the 128 bytes before "DICM" also make the file a program, a script, a web page, a PDF or a ZIP (PS3.10 §7.1
 * lets an application use the preamble; PS3.10 §7.5 warns of exactly this). The preamble was meant for TIFF, so a TIFF
 * preamble is allowed.
 */
export function isForbiddenPreamble(preamble: Uint8Array): boolean {
  if ([...PROGRAMS, ...ZIPS].some((prefix) => startsWithHex(preamble, prefix))) return true;
  const text = textOfHead(preamble, 128).toLowerCase();
  const start = text.replace(/^[\s\u0000ÿþï»¿]+/, '');
  return SCRIPTS.some((script) => start.startsWith(script)) || /%pdf-|<script|<html/.test(text);
}
