/** Kinds of reasons. Their sentences are in reasons.ts, because a page needs those only when it shows one. */
import { isIrregularity } from './irregularities.ts';
import type { ReasonCode } from './reasons.ts';

/** The file is not DICOM, which is normal in a folder. Files saved for a stick are not among these. */
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

/** Files that are not DICOM themselves, but may hold studies. They are not opened here. */
const UNOPENED: readonly ReasonCode[] = ['not-dicom-archive', 'not-dicom-disc'];

export function isUnopened(code: ReasonCode): boolean {
  return UNOPENED.includes(code);
}

/**
 * The same bytes may be stored later, because the cause lay elsewhere. A conflict ends when the other image is deleted.
 */
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

/** The PACS answered, but its administrator has to correct something before it accepts the instance. */
export const NOT_TAKEN: readonly ReasonCode[] = [
  'pacs-refused',
  'pacs-lost',
  'pacs-changed-it',
  'pacs-fails-on-it',
  'pacs-refuses-size',
];

/** Whether sending a refused instance again, unchanged, can help. False for an unknown code. */
export function canRetry(code: string): boolean {
  return (MAY_PASS_LATER as readonly string[]).includes(code);
}

/** The same original arrived earlier in another form, which is kept. This form is not stored. */
export function isAlreadyHere(code: string | null): boolean {
  return code === 'already-here-other-policy' || code === 'already-here-other-boxes';
}

/** Not stored, because another content is stored under the same UID. */
export function isUidTaken(code: string | null): boolean {
  return isAlreadyHere(code) || code === 'conflicting-instance' || code === 'already-here-other-key';
}

/** Held on the device under a policy that removes names. A person who looks at its pixels or texts can release it. */
export function isReleasable(code: string | null): boolean {
  return isHeldForPixels(code) || code === 'named-by-companion' || isIrregularity(code);
}

/** Held because of its pixels. A person who looks at them can release it. */
export function isHeldForPixels(code: string | null): boolean {
  return code === 'burned-in-annotation' || code === 'undeclared-text';
}

/**
 * Faults of a file's structure that mean the same to a person: export the file again. Screens say so in one sentence
 * and give the precise fault as details; receipts and the command line give only the precise fault. Reasons with
 * another next step, such as telling the administrator, are not among these.
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
