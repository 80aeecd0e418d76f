/**
 * Every refusal of RelayPACS in one table: its code, whether a retry can help, a sentence for a person and
 * what to do next.
 *
 * Two lists: `REASONS` say what became of an instance or a file (they stand in states, receipts and reports),
 * `PROBLEMS` answer HTTP requests (RFC 9457). Codes are a contract: they are never renamed. No sentence may
 * hold a value of the data.
 */

import type { AnyProblemCode } from './inference-problems.ts';

type Reason = {
  /** What happened. */
  readonly title: string;
  /** What to do next. */
  readonly next: string;
  /** The same bytes may be stored later: the cause lay elsewhere. */
  readonly retry?: 'later';
};

/** Why a file or an instance did not end as `stored`. */
export const REASONS = {
  // The file is not DICOM at all.
  'empty-file': { title: 'The file is empty (0 bytes).', next: 'Copy it from its source again.' },
  'not-dicom': {
    title: 'The file is not DICOM.',
    next: 'Nothing to do, unless it should have been an image of the study.',
  },
  'not-dicom-image': {
    title: 'The file is an ordinary picture, not DICOM.',
    next: 'Ask the modality for the DICOM export.',
  },
  'not-dicom-document': {
    title: 'The file is a document, not DICOM.',
    next: 'Ask for the DICOM export of it.',
  },
  'not-dicom-archive': {
    title: 'The file is an archive, although its name says DICOM.',
    next: 'Unpack it and choose the files in it.',
  },
  // The file is damaged.
  truncated: {
    title: 'The file ends too early: a part of it is missing.',
    next: 'Copy it from its source again.',
  },
  'not-parseable': {
    title: 'The file begins as DICOM, but what follows cannot be read.',
    next: 'Copy it from its source again.',
  },
  'length-beyond-end': {
    title: 'A length in the file points beyond its end.',
    next: 'Copy it from its source again.',
  },
  'inconsistent-length': {
    title: 'Lengths inside the file contradict each other.',
    next: 'Export the study again.',
  },
  'missing-delimiter': {
    title: 'A part of unknown length in the file is never closed.',
    next: 'Export the study again.',
  },
  'nesting-too-deep': {
    title: 'Sequences are nested deeper than any real object needs.',
    next: 'Do not send this file; tell the administrator where it came from.',
  },
  'too-many-items': { title: 'A sequence has more items than the limit.', next: 'Tell the administrator.' },
  'too-many-elements': {
    title: 'The file has more elements than the limit.',
    next: 'Tell the administrator.',
  },
  'header-too-large': {
    title: 'The part of the file before the pixels is larger than the limit.',
    next: 'Tell the administrator.',
  },
  'instance-too-large': { title: 'The instance is larger than the limit.', next: 'Tell the administrator.' },
  'expansion-limit': {
    title: 'The compressed file grows beyond the limit when it is opened.',
    next: 'Do not send this file; tell the administrator where it came from.',
  },
  'forbidden-preamble': {
    title: 'The file is DICOM and a program or document at once.',
    next: 'Do not open it with other programs; tell the administrator where it came from.',
  },
  'trailing-data': {
    title: 'After the end of the object there are further bytes that do not belong to it.',
    next: 'Export the study again.',
  },
  'duplicate-element': { title: 'An element occurs twice.', next: 'Export the study again.' },
  'wrong-vr': {
    title: 'An element that everything depends on has the wrong type.',
    next: 'Export the study again.',
  },
  'unknown-vr': { title: 'An element has a type that DICOM does not know.', next: 'Export the study again.' },
  'multiple-values': {
    title: 'An element that must have one value has several.',
    next: 'Export the study again.',
  },
  'command-element': {
    title: 'The file holds network commands that must not stand in a file.',
    next: 'Export the study again.',
  },
  'file-meta-in-data-set': {
    title: 'File Meta Information stands inside the Data Set.',
    next: 'Export the study again.',
  },
  'identifier-mismatch': {
    title: 'The identifiers at the start of the file and inside it differ.',
    next: 'Export the study again.',
  },
  'missing-uid': {
    title: 'An identifier that every PACS needs is missing.',
    next: 'Export the study from the modality, not from a viewer.',
  },
  'invalid-uid': { title: 'An identifier is not a valid UID.', next: 'Export the study again.' },
  'transfer-syntax-unknown': {
    title: 'The transfer syntax of the file is not known.',
    next: 'Export the study in a standard transfer syntax.',
  },
  'transfer-syntax-mismatch': {
    title: 'The file is not encoded as it says.',
    next: 'Export the study again.',
  },
  'sop-class-not-storage': {
    title: 'This kind of object is not one that can be stored (for example a media directory).',
    next: 'Nothing to do: its images travel on their own.',
  },
  // The pixels cannot be what the header says.
  'pixel-data-encoding': {
    title: 'The pixels are not encoded as the transfer syntax says.',
    next: 'Export the study again.',
  },
  'pixel-data-length': {
    title: 'The amount of pixel data does not fit rows, columns and frames.',
    next: 'Export the study again.',
  },
  'pixel-data-missing': { title: 'The image has no pixel data.', next: 'Export the study again.' },
  'pixel-data-not-decodable': {
    title: 'The compressed pixel data is damaged.',
    next: 'Export the study again.',
  },
  'offset-table-invalid': {
    title: 'The table that finds the frames points beyond the data.',
    next: 'Export the study again.',
  },
  'invalid-dimensions': { title: 'The image has no rows or no columns.', next: 'Export the study again.' },
  'invalid-number-of-frames': {
    title: 'The number of frames is not a positive number.',
    next: 'Export the study again.',
  },
  'inconsistent-pixel-module': {
    title: 'The description of the pixels contradicts itself.',
    next: 'Export the study again.',
  },
  'palette-missing': {
    title: 'The image needs a colour palette that it does not have.',
    next: 'Export the study again.',
  },
  // Archives.
  'archive-unsafe-path': {
    title: 'The archive names files outside of itself.',
    next: 'Do not unpack it; tell the administrator where it came from.',
  },
  'archive-expansion-limit': {
    title: 'The archive grows beyond the limit when it is opened.',
    next: 'Unpack it and choose the folder.',
  },
  'archive-too-many-entries': {
    title: 'The archive has more entries than the limit.',
    next: 'Unpack it and choose the folder.',
  },
  'archive-nested': { title: 'The archive holds another archive.', next: 'Unpack it and choose the folder.' },
  'archive-duplicate-entry': {
    title: 'The archive holds two entries of one name.',
    next: 'Unpack it and choose the files.',
  },
  'archive-damaged': { title: 'The archive is damaged.', next: 'Copy it from its source again.' },
  'archive-encrypted': {
    title: 'The archive asks for a password.',
    next: 'Unpack it and choose the folder.',
  },
  'file-unreadable': {
    title: 'The device could not read the file.',
    next: 'Put the medium in again and choose the file once more.',
  },
  'file-changed': {
    title: 'The file was changed while it was being made safe.',
    next: 'Choose it again when nothing writes to it any more.',
  },
  // The gateway or the PACS decided.
  'conflicting-instance': {
    title:
      'Another instance with the same identifier, but other content, is already there. Nothing was overwritten.',
    next: 'Leave it out, or have the sender give it a new identifier.',
  },
  'already-here-other-policy': {
    title: 'The same original was stored under another version of the policy.',
    next: 'Nothing to do: it is not stored twice.',
  },
  'digest-mismatch': {
    title: 'The bytes that arrived are not the bytes that were promised.',
    next: 'It is sent again by itself.',
    retry: 'later',
  },
  'manifest-mismatch': {
    title: 'The instance is not the one that was promised.',
    next: 'Choose the study again.',
  },
  'identity-remains': {
    title: 'The instance still holds identifying values.',
    next: 'It was not stored. Tell the administrator.',
  },
  'cannot-be-verified': {
    title: 'The gateway could not check the instance: the check itself failed, again and again.',
    next: 'It was not stored. Try it again; tell the administrator if it happens twice.',
  },
  'cannot-be-deidentified': {
    title: 'The identifying values of this kind of object cannot be removed safely.',
    next: 'Leave it out, or send it under another policy.',
  },
  'burned-in-annotation': {
    title: 'The object says that identifying text is burned into its pixels.',
    next: 'Look at it; leave it out, or send it under another policy.',
  },
  'pacs-refused': {
    title: 'The PACS refused the instance.',
    next: 'Try again when the PACS was mended, or leave it out.',
    retry: 'later',
  },
  'pacs-lost': {
    title: 'The PACS said it stored the instance, but does not have it.',
    next: 'Try again; tell the administrator if it happens twice.',
    retry: 'later',
  },
  'never-arrived': {
    title: 'The device promised the instance, but it never arrived.',
    next: 'Choose the study again on the device that has it.',
    retry: 'later',
  },
  'left-out': { title: 'A person left the instance out.', next: 'Nothing to do.' },
} as const satisfies Record<string, Reason>;

export type ReasonCode = keyof typeof REASONS;
/** Whether trying a refused instance again, unchanged, can help. A code that is not in the table: no. */
export function canRetry(code: string): boolean {
  const reasons: Readonly<Record<string, Reason>> = REASONS;
  return Object.hasOwn(reasons, code) && reasons[code]?.retry === 'later';
}

export const REASON_CODES = Object.keys(REASONS) as [ReasonCode, ...ReasonCode[]];

/** Things worth saying of an instance that travels all the same. */
export const WARNINGS = {
  'file-meta-written': 'The file had no File Meta Information; one was written.',
  'non-zero-preamble': 'The first 128 bytes of the file are not empty.',
  'trailing-padding': 'The file ends with Data Set Trailing Padding.',
  'odd-length': 'A value has an odd length.',
  'tag-order': 'Elements are not in ascending order.',
  'file-meta-length': 'The length of the File Meta Information is wrong.',
  'missing-delimiter': 'The pixel data is not closed by a delimiter.',
  'undecodable-text': 'Text cannot be decoded with the character set that the file names.',
  'unknown-character-set': 'The file names a character set that is not known.',
  'patient-missing': 'The file has no Patient Name and no Patient ID.',
  'invalid-date': 'A date is not a date.',
  'invalid-number': 'A number is not a number.',
  'invalid-value-count': 'An element has more values than DICOM allows.',
  'value-too-long': 'A value is longer than DICOM allows.',
  'many-elements': 'The file has an unusual number of elements or items.',
  'unknown-vr': 'An element has a type that DICOM does not know.',
  'wrong-vr': 'An element has another type than DICOM says.',
  'sop-class-unknown': 'The kind of object is not in the standard.',
  'pixel-data-length': 'There is more pixel data than the image needs.',
  'pixel-data-missing': 'The image has no pixel data.',
  'icon-oversized': 'The icon image says it is larger than it can be.',
  'identifier-mismatch': 'The identifiers at the start of the file and inside it differ; those inside count.',
  'control-characters': 'Text holds characters that steer terminals or the direction of writing.',
  'name-form': 'A name is not written as the standard asks.',
  'uid-form': 'An identifier is not written as the standard asks.',
} as const satisfies Record<string, string>;

export type WarningCode = keyof typeof WARNINGS;

export type ProblemKind = {
  readonly status: number;
  /** Can the same request succeed later? `login`: after signing in again. */
  readonly retry: 'never' | 'later' | 'login' | 'changed';
  readonly title: string;
  readonly next?: string;
};

/**
 * Answers that are no success (RFC 9457 problem details), as a device on its road may meet them; those of
 * models and images stand apart.
 */
export const PROBLEMS = {
  'bad-request': { status: 400, retry: 'never', title: 'The request cannot be read.' },
  'invalid-request': {
    status: 422,
    retry: 'never',
    title: 'The request does not have the form that is asked for.',
  },
  'not-authenticated': {
    status: 401,
    retry: 'login',
    title: 'You are not signed in.',
    next: 'Sign in and try again.',
  },
  'wrong-credentials': {
    status: 401,
    retry: 'changed',
    title: 'User name or password is wrong.',
    next: 'Type both again.',
  },
  'session-ended': {
    status: 401,
    retry: 'login',
    title: 'The session has ended.',
    next: 'Sign in again; nothing on this device is lost.',
  },
  'assertion-refused': {
    status: 401,
    retry: 'later',
    title: 'What the device signed does not hold: its time, its audience, or it was used before.',
    next: 'The device sets its clock by the gateway’s and signs another one by itself.',
  },
  'not-allowed': {
    status: 403,
    retry: 'never',
    title: 'Your role does not allow this.',
    next: 'Ask an administrator.',
  },
  'policy-not-allowed': {
    status: 403,
    retry: 'never',
    title: 'Your role may not send under this policy.',
    next: 'Choose another policy or ask an administrator.',
  },
  'policy-withdrawn': {
    status: 409,
    retry: 'changed',
    title: 'The policy was changed while the study waited.',
    next: 'Choose the study again under the present policy.',
  },
  'origin-refused': { status: 403, retry: 'never', title: 'The request comes from another web site.' },
  'not-found': { status: 404, retry: 'never', title: 'There is nothing here.' },
  'upload-not-found': {
    status: 404,
    retry: 'never',
    title: 'This upload is not known here.',
    next: 'It starts anew by itself.',
  },
  'no-receipt-yet': {
    status: 404,
    retry: 'later',
    title: 'There is no receipt yet: the PACS has not confirmed every instance.',
  },
  'method-not-allowed': { status: 405, retry: 'never', title: 'This address does not serve this method.' },
  'not-acceptable': {
    status: 406,
    retry: 'never',
    title: 'The answer cannot be given in a form that was asked for.',
  },
  'upload-in-progress': {
    status: 409,
    retry: 'never',
    title: 'The first bytes have left: the study can no longer be taken back.',
  },
  'parcels-missing': {
    status: 409,
    retry: 'changed',
    title: 'Not every promised instance has arrived.',
    next: 'The missing ones are sent by themselves.',
  },
  'seal-key-unknown': {
    status: 409,
    retry: 'changed',
    title: 'The gateway no longer has the key to which this copy is sealed: nobody can open it any more.',
    next: 'Choose the same files again.',
  },
  'user-exists': { status: 409, retry: 'never', title: 'There is already a user of this name.' },
  'policy-exists': {
    status: 409,
    retry: 'never',
    title: 'There is already a policy of this name.',
    next: 'Choose another name, or make a new version of it.',
  },
  'policy-changed': {
    status: 409,
    retry: 'changed',
    title: 'Somebody else has changed the policy meanwhile.',
    next: 'Look at the newest version and change that.',
  },
  'policy-built-in': {
    status: 409,
    retry: 'never',
    title: 'This policy is built in: it can be neither changed nor withdrawn.',
    next: 'Make a policy of another name.',
  },
  'policy-not-possible': {
    status: 422,
    retry: 'never',
    title: 'The policy asks for something that cannot be carried out.',
    next: 'Leave it out of the policy.',
  },
  'last-admin': {
    status: 409,
    retry: 'changed',
    title: 'Nobody could administer the site any more.',
    next: 'Give another user the role admin first.',
  },
  'body-too-large': { status: 413, retry: 'never', title: 'The request is larger than the limit.' },
  'too-many-instances': {
    status: 413,
    retry: 'never',
    title: 'The study has more instances than the limit.',
  },
  'unsupported-media-type': { status: 415, retry: 'never', title: 'This kind of content is not taken here.' },
  'rate-limited': {
    status: 429,
    retry: 'later',
    title: 'Too many requests.',
    next: 'It goes on by itself in a moment.',
  },
  'checksum-mismatch': {
    status: 460,
    retry: 'later',
    title: 'The bytes were damaged on the way.',
    next: 'They are sent again by themselves.',
  },
  unexpected: {
    status: 500,
    retry: 'later',
    title: 'Something went wrong in the gateway.',
    next: 'Try again; give the correlation id to the administrator.',
  },
  'pacs-unreachable': {
    status: 502,
    retry: 'later',
    title: 'The PACS does not answer.',
    next: 'Studies wait at the gateway and go on by themselves.',
  },
  'not-ready': {
    status: 503,
    retry: 'later',
    title: 'The gateway is starting or cannot reach its database.',
  },
  'storage-full': {
    status: 507,
    retry: 'later',
    title: 'The gateway has no room left.',
    next: 'The study waits on this device. Tell the administrator.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** A refusal on its way to the caller. `detail` is for a person and must not hold a value of the data. */
export class Problem extends Error {
  readonly code: AnyProblemCode;
  readonly detail: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: AnyProblemCode, detail?: string, headers: Record<string, string> = {}) {
    super(detail ?? code);
    this.name = 'Problem';
    this.code = code;
    this.detail = detail;
    this.headers = headers;
  }
}
