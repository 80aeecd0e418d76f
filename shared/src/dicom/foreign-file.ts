/**
 * Recognizes files that are not DICOM, and preambles that make a file pass for another kind: by the first
 * bytes alone, as the programs that would open it do. Names and extensions are never looked at.
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
 * PE and DOS, ELF, Mach-O (both byte orders, 32 and 64 bit, and universal, which is also Java's): what a
 * system would start.
 */
const PROGRAMS = ['4d5a', '7f454c46', 'feedface', 'feedfacf', 'cefaedfe', 'cffaedfe', 'cafebabe'];
/**
 * ZIP, in its three forms (APPNOTE §4.3.7, §4.3.16, §8.5.3). Orthanc takes an instance that begins so for an
 * archive: it stores what is packed inside, which nobody promised or verified, and not the instance, while
 * its answer and a search name the instance's UID as stored.
 */
const ZIPS = ['504b0304', '504b0506', '504b0708'];
/** Scripts and markup begin with one of these after blanks. */
const SCRIPTS = ['#!', '<!doctype', '<html', '<head', '<body', '<script', '<svg', '<?xml', '<!--', '@echo'];

function startsWithHex(bytes: Uint8Array, prefix: string): boolean {
  for (let i = 0; i * 2 < prefix.length; i++)
    if (bytes[i] !== Number.parseInt(prefix.slice(i * 2, i * 2 + 2), 16)) return false;
  return true;
}

/** Latin-1 text of at most `length` bytes: enough to look for markers. */
function textOfHead(bytes: Uint8Array, length: number): string {
  return String.fromCharCode(...bytes.subarray(0, length));
}

/**
 * TIFF 6.0 §2: byte order, 42, and where the first directory lies: without it in the file there is no
 * picture.
 */
function isTiff(head: Uint8Array, size: number): boolean {
  const littleEndian = startsWithHex(head, '49492a00');
  return (littleEndian || startsWithHex(head, '4d4d002a')) && readUint32(head, 4, !littleEndian) < size;
}

/** ECMA-119 §6.2.1, §8.1.2: the first 16 sectors are for systems; ECMA-167 2/9.1 (UDF) begins there too. */
const VOLUME_DESCRIPTOR_AT = 16 * 2048 + 1;
const VOLUMES = ['CD001', 'BEA01'];

/** Whether the file is the image of a CD or DVD. Rejects only when reading does. */
export async function isDiscImage(source: ByteSource): Promise<boolean> {
  if (source.size <= VOLUME_DESCRIPTOR_AT) return false;
  return VOLUMES.includes(textOfHead(await source.read(VOLUME_DESCRIPTOR_AT, 5), 5));
}

/** The reason for a file of `size` bytes that no encoding of DICOM fits. */
export function foreignReason(head: Uint8Array, size: number): ReasonCode {
  const startsWith = (prefix: string): boolean => startsWithHex(head, prefix);
  if (IMAGES.some(startsWith) || isTiff(head, size)) return 'not-dicom-image';
  if (DOCUMENTS.some(startsWith)) return 'not-dicom-document';
  // A tar archive names itself at byte 257.
  if (ARCHIVES.some(startsWith) || textOfHead(head.subarray(257), 5) === 'ustar') return 'not-dicom-archive';
  if (textOfHead(head, STICK_MAGIC.length) === STICK_MAGIC) return 'not-dicom-stick';
  // A registered UID means a DICOM object whose beginning is lost: its identifiers cannot be located any
  // more.
  if (textOfHead(head, 1024).includes('1.2.840.10008.')) return 'missing-uid';
  return 'not-dicom';
}

/**
 * True where the 128 bytes before "DICM" make the file a program, a script, a web page, a PDF or a ZIP as
 * well (PS3.10 §7.1 lets an application use the preamble; PS3.10 §7.5 warns of exactly this). The standard
 * meant the preamble for TIFF, so a TIFF preamble is allowed.
 */
export function isForbiddenPreamble(preamble: Uint8Array): boolean {
  if ([...PROGRAMS, ...ZIPS].some((prefix) => startsWithHex(preamble, prefix))) return true;
  const text = textOfHead(preamble, 128).toLowerCase();
  const start = text.replace(/^[\s\u0000ÿþï»¿]+/, '');
  return SCRIPTS.some((script) => start.startsWith(script)) || /%pdf-|<script|<html/.test(text);
}
