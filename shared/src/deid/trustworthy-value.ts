/**
 * Whether a value that the rules would keep is what its VR says. A name can be written into a number's place, under another VR or as UN;
 * what is kept because its VR cannot hold a name must really have that VR.
 */
import type { DicomElement } from '../dicom/data-set.ts';
import { dictionaryEntry } from '../dicom/dictionary.ts';
import { isUid } from '../dicom/uid.ts';
import { asciiOf } from './element-text.ts';

/** Bytes of one value of the binary VRs of fixed size. */
const WIDTHS: Readonly<Record<string, number>> = { AT: 4, FD: 8, FL: 4, SL: 4, SS: 2, SV: 8, UL: 4, US: 2, UV: 8 };
const PROSE = new Set(['PN', 'LT', 'ST', 'UT', 'UR']);
const TEXT = new Set(['AE', 'AS', 'CS', 'DA', 'DS', 'DT', 'IS', 'LO', 'LT', 'PN', 'SH', 'ST', 'TM', 'UC', 'UI', 'UR', 'UT']);
/** PS3.5 §6.2: the repertoires of DS and IS; the backslash separates values. */
const NUMBERS = /^[0-9+\-.eE \\]*$/;

/** `vr` is what the attribute is by the dictionary. Long values, which the parser does not keep, are trusted as bulk data only. */
export function isTrustworthy(element: DicomElement, vr: string): boolean {
  if (element.items !== null) return vr === 'SQ';
  const isText = TEXT.has(vr);
  if (element.bytes === null) return !isText || vr === 'UT' || vr === 'UC';
  const isNumberByVR = WIDTHS[element.vr] !== undefined;
  if ((vr === 'DS' || vr === 'IS') && !isNumberByVR) return NUMBERS.test(asciiOf(element));
  if (vr === 'UI')
    return asciiOf(element)
      .split('\\')
      .every((uid) => uid.trim() === '' || isUid(uid.trim()));
  if (element.vr === vr) return true;
  if (element.vr === 'UN') return isText || isWholeNumberOfValues(element, vr);
  if (isNumberByVR) return isWholeNumberOfValues(element, element.vr);
  return isText ? !PROSE.has(element.vr) : !TEXT.has(element.vr);
}

function isWholeNumberOfValues(element: DicomElement, vr: string): boolean {
  const width = WIDTHS[vr];
  if (width === undefined) return true;
  const count = Number(dictionaryEntry(element.tag)?.vm);
  return Number.isNaN(count) ? element.valueLength % width === 0 : element.valueLength === width * count;
}
