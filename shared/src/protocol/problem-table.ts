/**
 * The gateway's error answers (RFC 9457) that a device can meet while uploading: status, whether a retry can help, a
 * sentence for a person and the next step. Codes are a contract and never renamed. No sentence may hold a value of the
 * data. Problems about models and images are in `inference-problems.ts`, because no page needs them at its start.
 */

export type ProblemKind = {
  readonly status: number;
  /** Can the same request succeed later? `login`: after signing in again. */
  readonly retry: 'never' | 'later' | 'login' | 'changed';
  readonly title: string;
  readonly next?: string;
};

export const PROBLEMS = {
  'bad-request': { status: 400, retry: 'never', title: 'The request cannot be read.' },
  'invalid-request': {
    status: 422,
    retry: 'never',
    title: 'The request is not valid.',
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
  },
  'account-disabled': {
    status: 403,
    retry: 'never',
    title: 'This account is disabled.',
    next: 'An administrator can enable it.',
  },
  'wrong-password': {
    status: 403,
    retry: 'changed',
    title: 'The current password is wrong.',
    next: 'Type it again.',
  },
  'weak-password': {
    status: 422,
    retry: 'changed',
    title: 'This password is too easy to guess.',
    next: 'Choose another, for example four words. Do not use a common password, a repetition or sequence (aaaa, 1234, qwerty), your user name or RelayPACS.',
  },
  'session-ended': {
    status: 401,
    retry: 'login',
    title: 'The session has ended.',
    next: 'Sign in again. Nothing is lost.',
  },
  'assertion-refused': {
    status: 401,
    retry: 'later',
    title: 'The device could not prove its identity.',
    next: 'The device corrects its clock and tries again automatically.',
  },
  'not-allowed': {
    status: 403,
    retry: 'never',
    title: 'Your role does not allow this.',
    next: 'An administrator can change roles.',
  },
  'policy-not-allowed': {
    status: 403,
    retry: 'never',
    title: 'Your role does not allow sending with this policy.',
    next: 'Choose another policy. An administrator can change roles.',
  },
  'policy-withdrawn': {
    status: 409,
    retry: 'changed',
    title: 'The policy was changed while the study was waiting.',
    next: 'Choose the study again to send it with the current policy.',
  },
  'reason-missing': {
    status: 422,
    retry: 'changed',
    title: 'This policy requires a reason for keeping names.',
    next: 'Choose the study again and enter a reason.',
  },
  'origin-refused': { status: 403, retry: 'never', title: 'The request comes from another website.' },
  'wrong-host': {
    status: 421,
    retry: 'never',
    title: 'This is not the gateway’s address.',
    next: 'Use the address set in RELAY_PUBLIC_URL.',
  },
  'not-found': { status: 404, retry: 'never', title: 'This was not found. It may have been deleted.' },
  'upload-not-found': {
    status: 404,
    retry: 'never',
    title: 'The gateway does not know this upload.',
    next: 'It starts again automatically.',
  },
  'no-receipt-yet': {
    status: 404,
    retry: 'later',
    title: 'There is no receipt yet, because the PACS has not confirmed every image.',
  },
  'under-hold': {
    status: 409,
    retry: 'changed',
    title: 'This is under a legal hold, so nothing of it is deleted.',
    next: 'An administrator can end the hold: Administration, Retention.',
  },
  'receipt-deleted': {
    status: 410,
    retry: 'never',
    title: 'The receipt was deleted, because the site keeps receipts for a limited time.',
    next: 'The study is in the PACS. A receipt that was saved before still holds.',
  },
  'upload-in-progress': {
    status: 409,
    retry: 'never',
    title: 'Sending has begun, so the study can no longer be taken back.',
  },
  'decision-not-possible': {
    status: 409,
    retry: 'never',
    title: 'This decision is no longer possible for these images.',
    next: 'Check their current state.',
  },
  'parcels-missing': {
    status: 409,
    retry: 'changed',
    title: 'Not all announced images have arrived.',
    next: 'The missing images are sent automatically.',
  },
  'seal-key-unknown': {
    status: 409,
    retry: 'changed',
    title: 'The gateway no longer has the key to this encrypted copy, so it cannot be opened.',
    next: 'Choose the same files again.',
  },
  'body-too-large': { status: 413, retry: 'never', title: 'The request is larger than the limit.' },
  'too-many-instances': {
    status: 413,
    retry: 'never',
    title: 'The study has more images than the gateway accepts.',
  },
  'rate-limited': {
    status: 429,
    retry: 'later',
    title: 'Too many requests.',
    next: 'Sending continues automatically.',
  },
  'too-many-attempts': {
    status: 429,
    retry: 'later',
    // `Retry-After` and the detail say how long to wait.
    title: 'Too many attempts to sign in.',
  },
  'parcel-busy': {
    status: 423,
    retry: 'later',
    title: 'Another request is already sending this part of the study.',
    next: 'Sending resumes automatically.',
  },
  'checksum-mismatch': {
    status: 460,
    retry: 'later',
    title: 'The data was damaged during transfer.',
    next: 'It is sent again automatically.',
  },
  unexpected: {
    status: 500,
    retry: 'later',
    title: 'Something went wrong in the gateway.',
    next: 'Try again. If it happens again, give the correlation ID to an administrator.',
  },
  'pacs-unreachable': {
    status: 502,
    retry: 'later',
    title: 'The PACS is not responding.',
    next: 'Studies wait at the gateway and continue automatically.',
  },
  'not-ready': {
    status: 503,
    retry: 'later',
    title: 'The gateway is starting or cannot reach its database.',
  },
  'quota-exceeded': {
    status: 507,
    retry: 'later',
    title: 'Your account has reached its limit of studies being sent.',
    next: 'The study waits on this device until earlier ones have arrived. An administrator can raise the quota.',
  },
  'too-many-patients': {
    status: 429,
    retry: 'later',
    title: 'Your account has reached its daily limit of patients.',
    next: 'Send the rest tomorrow. An administrator can raise the quota.',
  },
  'storage-full': {
    status: 507,
    retry: 'later',
    title: 'The gateway is out of space.',
    next: 'The study waits on this device. An administrator must free space on the gateway.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;
