/**
 * Dummy values (action D of PS3.15 Table E.1-1a: "replace with a non-zero length value that may be a dummy value and
 * consistent with the VR"). A dummy is the same for every patient, valid for its VR, and recognised when an instance
 * is de-identified again.
 */
import { textValue } from '../dicom/encode.ts';
import { isIdentifierPseudonym } from './pseudonyms.ts';

/** Plain ASCII, which every Specific Character Set contains. */
const TEXT_DUMMIES: Readonly<Record<string, string>> = {
  AE: 'REMOVED',
  AS: '000Y',
  CS: 'REMOVED',
  DA: '19000101',
  DS: '0',
  DT: '19000101000000',
  IS: '0',
  LO: 'REMOVED',
  LT: 'REMOVED',
  PN: 'REMOVED',
  SH: 'REMOVED',
  ST: 'REMOVED',
  TM: '000000',
  UC: 'REMOVED',
  UR: 'about:blank',
  UT: 'REMOVED',
};

/** Bytes per value of the binary VRs. */
const WIDTHS: Readonly<Record<string, number>> = {
  AT: 4,
  FD: 8,
  FL: 4,
  OB: 2,
  OD: 8,
  OF: 4,
  OL: 4,
  OV: 8,
  OW: 2,
  SL: 4,
  SS: 2,
  SV: 8,
  UL: 4,
  UN: 2,
  US: 2,
  UV: 8,
};

/** PS3.5 §6.2: VRs in which the backslash separates values; UI has no dummy. */
const MULTIPLE = new Set(['AE', 'AS', 'CS', 'DA', 'DS', 'DT', 'IS', 'LO', 'PN', 'SH', 'TM', 'UC']);

const DUMMIES = new Set(Object.values(TEXT_DUMMIES));

/** Whether de-identification wrote this value, as a dummy or a pseudonym; if so, it identifies no one. */
export function isDummy(value: string): boolean {
  return DUMMIES.has(value) || isIdentifierPseudonym(value);
}

/** PS3.16 §8.2: designators of private coding schemes begin with "99". */
const PRIVATE_SCHEME = '99REMOVED';
const CODING_SCHEME_DESIGNATOR = 0x00080102;

/**
 * The dummy for an element. Where the VR may have several values, the dummy has as many as `original`, so that the
 * multiplicity stays. If `original` is null (not kept by the parser), it has one. Null for UI and SQ, which have no
 * common dummy.
 */
export function dummyValue(tag: number, vr: string, original: Uint8Array | null): Uint8Array | null {
  const width = WIDTHS[vr];
  if (width !== undefined) return new Uint8Array(width);
  const text = tag === CODING_SCHEME_DESIGNATOR ? PRIVATE_SCHEME : TEXT_DUMMIES[vr];
  if (text === undefined) return null;
  const separators =
    MULTIPLE.has(vr) && original !== null
      ? original.reduce((count, byte) => count + (byte === 0x5c ? 1 : 0), 0)
      : 0;
  return textValue(vr, ...Array<string>(separators + 1).fill(text));
}
