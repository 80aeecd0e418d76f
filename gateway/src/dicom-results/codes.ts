/** Coded concepts: from PS3.16 where it has one, otherwise from our own scheme 99RELAYPACS (PS3.16 §8.2). */
import { createHash } from 'node:crypto';
import type { SimpleElement } from '#shared/dicom/build-instance.ts';
import type { Correction, FilmFinding } from '#shared/protocol/inference.ts';

export interface Code {
  readonly value: string;
  readonly scheme: string;
  readonly meaning: string;
}

export const dcm = (value: string, meaning: string): Code => ({ value, scheme: 'DCM', meaning });
export const sct = (value: string, meaning: string): Code => ({ value, scheme: 'SCT', meaning });
/** The NCI Thesaurus (PS3.16 Table 8-1). */
export const ncit = (value: string, meaning: string): Code => ({ value, scheme: 'NCIt', meaning });
const PRIVATE_SCHEME = '99RELAYPACS';
/** `value`: at most 16 characters (SH). */
export const own = (value: string, meaning: string): Code => ({ value, scheme: PRIVATE_SCHEME, meaning });

/** The item of a code sequence (PS3.3 Table 8.8-1). */
export function codeItem({ value, scheme, meaning }: Code): SimpleElement[] {
  return [
    [0x00080100, 'SH', value],
    [0x00080102, 'SH', scheme],
    [0x00080104, 'LO', meaning.slice(0, 64)],
  ];
}

/** PS3.3 §C.12.1 Coding Scheme Identification Sequence (0008,0110): states who is responsible for our own scheme. */
export const CODING_SCHEME: SimpleElement = [
  0x00080110,
  'SQ',
  [
    [0x00080102, 'SH', PRIVATE_SCHEME],
    [0x00080115, 'ST', 'RelayPACS concepts of what models find and readers mark'],
    [0x00080116, 'ST', 'RelayPACS'],
  ],
];

export const PERCENT: Code = { value: '%', scheme: 'UCUM', meaning: 'percent' };
export const MILLIMETRE: Code = { value: 'mm', scheme: 'UCUM', meaning: 'millimeter' };
export const PIXELS: Code = { value: '{pixels}', scheme: 'UCUM', meaning: 'pixels' };
export const RIGHT_LUNG = sct('3341006', 'Right lung');
export const LEFT_LUNG = sct('44029006', 'Left lung');
export const ANATOMICAL_STRUCTURE = sct('123037004', 'Anatomical Structure');
export const FINDING_SITE = sct('363698007', 'Finding Site');
export const SOURCE_FOR_PROCESSING = dcm('121322', 'Source image for image processing operation');

/** The score of a model: SNOMED CT's concept for a score of any kind. */
export const SCORE = sct('246262008', 'Score');
/** The concept name whose values are those of CID 6135 "Image Quality Finding". */
export const QUALITY_FINDING = dcm('111052', 'Quality Finding');

/** The findings that a radiologist may choose (`verifyRequestSchema`). */
export const CORRECTIONS: Readonly<Record<Correction, Code>> = {
  normal: sct('17621005', 'Normal'),
  'bacterial pneumonia': sct('53084003', 'Bacterial pneumonia'),
  'viral pneumonia': sct('75570004', 'Viral pneumonia'),
  pneumonia: sct('233604007', 'Pneumonia'),
  // The kinds of film are the model's own classes, under the model's names.
  CXR: own('CXR', 'Chest film'),
  Hand: own('Hand', 'Hand film'),
  BreastMRI: own('BreastMRI', 'MR of the breast'),
  HeadCT: own('HeadCT', 'CT of the head'),
  TrunkCT: own('TrunkCT', 'CT of the trunk'),
  other: sct('74964007', 'Other'),
  'not-assessable': own('NOT-ASSESSABLE', 'Not assessable'),
};

/**
 * CID 6135 has motion blur and positioning, which are causes. The model sees only that the film lies on its side or
 * is inverted, blurred or cut off, so these codes are our own.
 */
export const FILM: Readonly<Record<FilmFinding, Code>> = {
  rotated: own('ROTATED', 'Film is rotated'),
  inverted: own('INVERTED', 'Film is inverted'),
  blurred: own('BLURRED', 'Film is blurred'),
  'lungs-cut-off': own('LUNGS-CUT-OFF', 'Lungs are cut off'),
};

export const POPULATIONS = {
  inside: own('INSIDE', 'Inside the population of the model'),
  outside: own('OUTSIDE', 'Outside the population of the model'),
  unknown: own('UNKNOWN', 'Not known whether inside the population of the model'),
} as const;

const CLASS_CODES: Readonly<Record<string, string>> = {
  normal: 'P-NORMAL',
  'bacterial pneumonia': 'P-BACTERIAL',
  'viral pneumonia': 'P-VIRAL',
};

/**
 * PS3.16 has a probability of cancer (111047) but none of these classes. A class without a code of its own gets a
 * hash of its name, so that the same class always has the same code.
 */
export function probabilityOf(name: string): Code {
  return own(
    CLASS_CODES[name] ?? `P-${createHash('sha256').update(name).digest('hex').slice(0, 12)}`,
    `Probability of ${name}`,
  );
}
