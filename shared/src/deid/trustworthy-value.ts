/**
 * Tells whether a value that the rules would keep really is what its VR says. A name can be written into a number's
 * place, under another VR or as UN, so a value that is kept because its VR cannot hold a name must really have that
 * VR.
 */
import type { DicomElement } from '../dicom/data-set.ts';
import { dictionaryEntry } from '../dicom/dictionary.ts';
import { isUid } from '../dicom/uid.ts';
import { asciiText } from '../dicom/values.ts';
import { asciiOf } from './element-text.ts';

/** Bytes per value of the binary VRs of fixed size. */
const WIDTHS: Readonly<Record<string, number>> = {
  AT: 4,
  FD: 8,
  FL: 4,
  SL: 4,
  SS: 2,
  SV: 8,
  UL: 4,
  US: 2,
  UV: 8,
};
const PROSE = new Set(['PN', 'LT', 'ST', 'UT', 'UR']);
const TEXT = new Set([
  'AE',
  'AS',
  'CS',
  'DA',
  'DS',
  'DT',
  'IS',
  'LO',
  'LT',
  'PN',
  'SH',
  'ST',
  'TM',
  'UC',
  'UI',
  'UR',
  'UT',
]);
/** PS3.5 §6.2: the repertoires of DS and IS; the backslash separates values. */
const NUMBERS = /^[0-9+\-.eE \\]*$/;

/**
 * PS3.5 §6.1.3: no control characters but TAB, LF, FF, CR and ESC. If a value's length is wrong, the value includes
 * the elements that follow, and the tags of these contain control characters.
 */
const IS_FOREIGN = Uint8Array.from({ length: 256 }, (_, byte) =>
  (byte < 0x20 && ![0x09, 0x0a, 0x0c, 0x0d, 0x1b].includes(byte)) || byte === 0x7f ? 1 : 0,
);

/** NULs at the end are ignored as padding. */
function holdsControlCharacters(bytes: Uint8Array): boolean {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  for (let at = 0; at < end; at += 1) if (IS_FOREIGN[bytes[at]!] === 1) return true;
  return false;
}

/**
 * `vr` is the dictionary's VR of the attribute. Long values, which the parser does not keep, are trusted only as bulk
 * data.
 */
export function isTrustworthy(element: DicomElement, vr: string): boolean {
  if (element.items !== null) return vr === 'SQ';
  if (element.tag === FRAME_ORIGIN_TIMESTAMP) return isPtpTimestamp(element);
  const isText = TEXT.has(vr);
  // No term of a vocabulary has 64 KiB.
  if (element.bytes === null) return !isText && isWholeNumberOfValues(element, vr);
  const isNumberByVR = WIDTHS[element.vr] !== undefined;
  if (isText && !isNumberByVR && holdsControlCharacters(element.bytes)) return false;
  if ((vr === 'DS' || vr === 'IS') && !isNumberByVR) return NUMBERS.test(asciiOf(element));
  if (vr === 'UI')
    return asciiOf(element)
      .split('\\')
      .every((uid) => uid.trim() === '' || isUid(uid.trim()));
  if (element.vr === vr) return isNumberByVR ? isWholeNumberOfValues(element, vr) : true;
  if (element.vr === 'UN') return isText || isWholeNumberOfValues(element, vr);
  if (isNumberByVR) return isWholeNumberOfValues(element, element.vr);
  return isText ? !PROSE.has(element.vr) : !TEXT.has(element.vr) && isWholeNumberOfValues(element, vr);
}

const FRAME_ORIGIN_TIMESTAMP = 0x00340007;
/** 48 bits of seconds, 32 bits of nanoseconds. */
const PTP_BYTES = 10;
const NANOSECONDS_AT = 6;

/**
 * PS3.3 §C.7.6.27.1.1: "10 bytes conforming with the IEEE 1588:2008 (PTPv2) standard". The first two bytes are 0 until
 * the year 2106, so the value cannot be read as a name.
 */
function isPtpTimestamp({ bytes }: DicomElement): boolean {
  if (bytes === null || bytes.length !== PTP_BYTES) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return view.getUint16(0) === 0 && view.getUint32(NANOSECONDS_AT) < 1e9;
}

/**
 * The fewest bytes that count as words: enough for a name and a telephone number. Fewer bytes may be letters by
 * chance.
 */
const WORDS_BYTES = 8;
const LETTERS = /[A-Za-z]{4}/;
const PRINTABLE = /^[ -~]*[ \0]?$/;

/** Whether a number was really written as text: its bytes are only letters and digits. */
function readsAsWords({ bytes }: DicomElement): boolean {
  const text = bytes === null || bytes.length < WORDS_BYTES ? '' : asciiText(bytes);
  return LETTERS.test(text) && PRINTABLE.test(text);
}

function isWholeNumberOfValues(element: DicomElement, vr: string): boolean {
  const width = WIDTHS[vr];
  if (width === undefined) return true;
  if (readsAsWords(element)) return false;
  // Devices write fewer values than PS3.6 requires, but a longer value may hold anything.
  const count = Number(dictionaryEntry(element.tag)?.vm);
  return element.valueLength % width === 0 && (Number.isNaN(count) || element.valueLength <= width * count);
}
