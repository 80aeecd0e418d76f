/**
 * The UIDs registered by the standard that the software must know: transfer syntaxes (PS3.6 Table A-1, PS3.5 Annex A)
 * and storage SOP Classes (PS3.4 Annex B and GG). They were listed by hand from the 2024e edition. Retired ones are
 * included, because archives are full of them.
 */
import type { Encoding } from './data-set.ts';
import type { SOPClassUID, TransferSyntaxUID } from './uid.ts';

const ROOT = '1.2.840.10008.';

export const IMPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2' as TransferSyntaxUID;
export const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1' as TransferSyntaxUID;
export const DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1.99' as TransferSyntaxUID;
export const EXPLICIT_VR_BIG_ENDIAN = '1.2.840.10008.1.2.2' as TransferSyntaxUID;
export const RLE_LOSSLESS = '1.2.840.10008.1.2.5' as TransferSyntaxUID;
export const JPEG_BASELINE = '1.2.840.10008.1.2.4.50' as TransferSyntaxUID;
/** SMPTE ST 2110 streams (1.2.840.10008.1.2.7.x), JPIP and RFC 2557 are not files, so they are left out on purpose. */
const ENCAPSULATED =
  '1.98 4.50 4.51 4.52 4.53 4.54 4.55 4.56 4.57 4.58 4.59 4.60 4.61 4.62 4.63 4.64 4.65 4.66 4.70 4.80 4.81 4.90 4.91 4.92 4.93 ' +
  // MPEG-2, MPEG-4, HEVC, each also in its fragmentable form; JPEG XL; HTJ2K; RLE; deflated image frame
  '4.100 4.100.1 4.101 4.101.1 4.102 4.102.1 4.103 4.103.1 4.104 4.104.1 4.105 4.105.1 4.106 4.106.1 4.107 4.108 ' +
  '4.110 4.111 4.112 4.201 4.202 4.203 5 8.1';

const ENCODINGS = new Map<string, Encoding>([
  [IMPLICIT_VR_LITTLE_ENDIAN, { explicitVR: false, bigEndian: false, deflated: false, encapsulated: false }],
  [EXPLICIT_VR_LITTLE_ENDIAN, { explicitVR: true, bigEndian: false, deflated: false, encapsulated: false }],
  [
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    { explicitVR: true, bigEndian: false, deflated: true, encapsulated: false },
  ],
  [EXPLICIT_VR_BIG_ENDIAN, { explicitVR: true, bigEndian: true, deflated: false, encapsulated: false }],
  // Papyrus 3: a retired name for implicit VR little endian.
  ['1.2.840.10008.1.20', { explicitVR: false, bigEndian: false, deflated: false, encapsulated: false }],
  // PS3.5 §A.4: encapsulated pixel data is always explicit VR little endian.
  ...ENCAPSULATED.split(' ').map((suffix): [string, Encoding] => [
    `${ROOT}1.2.${suffix}`,
    { explicitVR: true, bigEndian: false, deflated: false, encapsulated: true },
  ]),
]);

export const TRANSFER_SYNTAXES: readonly string[] = [...ENCODINGS.keys()];

/** The encoding of a Data Set in this transfer syntax; null if the syntax is unknown. */
export function encodingOf(transferSyntaxUID: string): Encoding | null {
  return ENCODINGS.get(transferSyntaxUID) ?? null;
}

/** Storage SOP Classes whose Pixel Data is required, under 1.2.840.10008.5.1.4.1.1. */
const IMAGE_CLASSES = new Set(
  (
    '1 1.1 1.1.1 1.2 1.2.1 1.3 1.3.1 2 2.1 2.2 3 3.1 4 4.1 4.3 4.4 5 6 6.1 6.2 6.3 7 7.1 7.2 7.3 7.4 12.1 12.1.1 12.2 12.2.1 12.3 ' +
    '13.1.1 13.1.2 13.1.3 13.1.4 13.1.5 14.1 14.2 20 30 66.4 66.7 66.8 77.1 77.1.1 77.1.1.1 77.1.2 77.1.2.1 77.1.3 77.1.4 77.1.4.1 ' +
    '77.1.5.1 77.1.5.2 77.1.5.4 77.1.5.5 77.1.5.6 77.1.5.7 77.1.5.8 77.1.6 77.1.7 77.1.8 77.1.9 77.2 81.1 82.1 128 128.1 130 481.1 ' +
    '501.1 501.2.1 501.2.2 601.1 601.2 601.3 601.4 601.5 601.6'
  ).split(' '),
);

/**
 * The other storage SOP Classes, without Pixel Data or with optional Pixel Data (RT Dose is an image only if it
 * contains a grid).
 */
const OTHER_CLASSES = new Set(
  (
    '4.2 8 9 9.1 9.1.1 9.1.2 9.1.3 9.1.4 9.2.1 9.3.1 9.4.1 9.4.2 9.5.1 9.6.1 9.6.2 9.7.1 9.7.2 9.7.3 9.7.4 9.8.1 9.100.1 9.100.2 ' +
    '10 11 11.1 11.2 11.3 11.4 11.5 11.6 11.7 11.8 11.9 11.10 11.11 11.12 66 66.1 66.2 66.3 66.5 66.6 67 68.1 68.2 77.1.5.3 ' +
    '78.1 78.2 78.3 78.4 78.5 78.6 78.7 78.8 79.1 80.1 88.1 88.2 88.3 88.4 88.11 88.22 88.33 88.34 88.35 88.40 88.50 88.59 88.65 ' +
    '88.67 88.68 88.69 88.70 88.71 88.72 88.73 88.74 88.75 88.76 88.77 90.1 91.1 104.1 104.2 104.3 104.4 104.5 129 131 ' +
    '200.1 200.3 200.7 200.8 200.2 201.1 481.2 481.3 481.4 481.5 481.6 481.7 481.8 481.9 481.10 481.11 481.12 481.13 481.14 481.15 ' +
    '481.16 481.17 481.18 481.19 481.20 481.21 481.22 481.23 481.24 481.25 501.3 501.4 501.5 501.6 501.7 501.8 501.9'
  ).split(' '),
);

/**
 * PS3.4 Annex GG, non-patient objects, retired trial classes, and Stored Print (retired), which are outside that root.
 */
const OTHER_ROOTS = new Set(
  '34.1 34.7 34.10 38.1 39.1 43.1 44.1 45.1'
    .split(' ')
    .map((suffix) => `${ROOT}5.1.4.${suffix}`)
    .concat(`${ROOT}5.1.1.27`),
);

/** Retired: Hardcopy Grayscale Image and Hardcopy Color Image. */
export const HARDCOPY_CLASSES: readonly string[] = [`${ROOT}5.1.1.29`, `${ROOT}5.1.1.30`];

/**
 * Services, directories and meta classes of PS3.6 Table A-1, each with the classes below it. The list is closed: a
 * class that it does not contain may be a storage class.
 */
const NOT_STORED =
  // Verification, Media Storage Directory, Basic Study Content Notification, Storage Commitment, event logging
  (
    '1.1 1.3.10 1.9 1.20.1 1.20.2 1.40 1.42 ' +
    // management of patients, visits, studies, results, interpretations and procedure steps; Print Management
    '3.1.2 5.1.1.1 5.1.1.2 5.1.1.4 5.1.1.9 5.1.1.14 5.1.1.15 5.1.1.16 5.1.1.17 5.1.1.18 5.1.1.22 5.1.1.23 5.1.1.24 5.1.1.26 ' +
    '5.1.1.31 5.1.1.32 5.1.1.33 5.1.1.40 ' +
    // Query/Retrieve, worklists, Unified Procedure Step, Relevant Patient Information, Substance Administration
    '5.1.4.1.2 5.1.4.20 5.1.4.31 5.1.4.32 5.1.4.33 5.1.4.34.4 5.1.4.34.5 5.1.4.34.6 5.1.4.37 5.1.4.38.2 5.1.4.38.3 5.1.4.38.4 ' +
    '5.1.4.39.2 5.1.4.39.3 5.1.4.39.4 5.1.4.41 5.1.4.42 5.1.4.43.2 5.1.4.43.3 5.1.4.43.4 5.1.4.44.2 5.1.4.44.3 5.1.4.44.4 ' +
    '5.1.4.45.2 5.1.4.45.3 5.1.4.45.4'
  )
    .split(' ')
    .map((suffix) => ROOT + suffix);

const STORAGE_ROOT = `${ROOT}5.1.4.1.1.`;

/** All storage classes of this list below the common root. */
export const STORAGE_CLASSES: readonly string[] = [...IMAGE_CLASSES, ...OTHER_CLASSES].map(
  (suffix) => STORAGE_ROOT + suffix,
);

/**
 * `image`: a storage class that should have pixel data. `unknown`: private, or newer than this list.
 * `not-storage`: cannot be stored.
 */
export type SOPClassKind = 'image' | 'other' | 'unknown' | 'not-storage';

export function sopClassKind(sopClassUID: SOPClassUID | string): SOPClassKind {
  if (sopClassUID.startsWith(STORAGE_ROOT)) {
    const suffix = sopClassUID.slice(STORAGE_ROOT.length);
    if (IMAGE_CLASSES.has(suffix)) return 'image';
    return OTHER_CLASSES.has(suffix) ? 'other' : 'unknown';
  }
  if (HARDCOPY_CLASSES.includes(sopClassUID)) return 'image';
  if (OTHER_ROOTS.has(sopClassUID)) return 'other';
  return NOT_STORED.some((uid) => sopClassUID === uid || sopClassUID.startsWith(`${uid}.`))
    ? 'not-storage'
    : 'unknown';
}

/** The Media Storage Directory. PS3.4 Annex B.6 defines no service for it: it exists only on media (PS3.3 §F). */
export const MEDIA_STORAGE_DIRECTORY = `${ROOT}1.3.10` as SOPClassUID;

/** The storage SOP Classes that synthetic studies use, by content. */
export const SOP_CLASSES = {
  CR: `${STORAGE_ROOT}1` as SOPClassUID,
  DX: `${STORAGE_ROOT}1.1` as SOPClassUID,
  CT: `${STORAGE_ROOT}2` as SOPClassUID,
  MR: `${STORAGE_ROOT}4` as SOPClassUID,
  US: `${STORAGE_ROOT}6.1` as SOPClassUID,
  SC: `${STORAGE_ROOT}7` as SOPClassUID,
  multiframeGrayscaleWordSC: `${STORAGE_ROOT}7.3` as SOPClassUID,
} as const;
