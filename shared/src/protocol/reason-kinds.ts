/** Kinds of reasons. Their sentences (reasons.ts) stand apart: a page needs them only once it shows one. */
import { isIrregularity } from './irregularities.ts';
import type { ReasonCode } from './reasons.ts';

/** The file is something else: no fault in a folder. Files saved for a stick are not among them. */
const NOT_DICOM: readonly ReasonCode[] = [
  'empty-file',
  'not-dicom',
  'not-dicom-image',
  'not-dicom-document',
  'not-dicom-archive',
  'not-dicom-disc',
];

export function isNotDicom(code: ReasonCode): boolean {
  return NOT_DICOM.includes(code);
}

/** Files among the foreign ones that may hold studies, and are not opened here. */
const UNOPENED: readonly ReasonCode[] = ['not-dicom-archive', 'not-dicom-disc'];

export function isUnopened(code: ReasonCode): boolean {
  return UNOPENED.includes(code);
}

/** The same bytes may be stored later: the cause lay elsewhere. A conflict ends where the other image is deleted. */
const MAY_PASS_LATER: readonly ReasonCode[] = [
  'digest-mismatch',
  'cannot-be-verified',
  'pacs-refused',
  'pacs-lost',
  'pacs-changed-it',
  'pacs-fails-on-it',
  'pacs-refuses-size',
  'no-copy-to-send',
  'conflicting-instance',
  'never-arrived',
];

/** The PACS answered, and an administrator there has to mend something before it takes such an instance. */
export const NOT_TAKEN: readonly ReasonCode[] = [
  'pacs-refused',
  'pacs-lost',
  'pacs-changed-it',
  'pacs-fails-on-it',
  'pacs-refuses-size',
];

/** Whether trying a refused instance again, unchanged, can help. False for a code outside the table. */
export function canRetry(code: string): boolean {
  return (MAY_PASS_LATER as readonly string[]).includes(code);
}

/** The same original came first, in another form, and stands: this form is not stored. */
export function isAlreadyHere(code: string | null): boolean {
  return code === 'already-here-other-policy' || code === 'already-here-other-boxes';
}

/** Not stored because another content stands under its UID. */
export function isUidTaken(code: string | null): boolean {
  return isAlreadyHere(code) || code === 'conflicting-instance' || code === 'already-here-other-key';
}

/** Held on the device where names are removed: a person who looks at its pixels, or its texts, can release it. */
export function isReleasable(code: string | null): boolean {
  return isHeldForPixels(code) || code === 'named-by-companion' || isIrregularity(code);
}

/** Held because of its pixels: a person who looks at them can release it. */
export function isHeldForPixels(code: string | null): boolean {
  return code === 'burned-in-annotation' || code === 'undeclared-text';
}

/**
 * Faults of a file's structure that mean the same to a person: export it again. Screens say so in one sentence
 * and give the precise one as details; receipts and the command line give the precise one alone. Reasons with
 * another next step, such as telling the administrator, are not among them.
 */
const DAMAGED: readonly ReasonCode[] = [
  'not-parseable',
  'length-beyond-end',
  'inconsistent-length',
  'missing-delimiter',
  'trailing-data',
  'duplicate-element',
  'wrong-vr',
  'unknown-vr',
  'multiple-values',
  'command-element',
  'file-meta-in-data-set',
  'identifier-mismatch',
  'invalid-uid',
  'transfer-syntax-mismatch',
  'pixel-data-encoding',
  'offset-table-invalid',
  'invalid-dimensions',
  'invalid-number-of-frames',
  'inconsistent-pixel-module',
  'palette-missing',
];

/** The file itself is faulty, and only another export helps. */
export function isDamaged(code: string | null): boolean {
  return (DAMAGED as readonly (string | null)[]).includes(code);
}

/** The file is faulty, or its copy was cut off: an instance of some study is missing. */
export function isCutOrDamaged(code: string | null): boolean {
  return code === 'truncated' || isDamaged(code);
}
