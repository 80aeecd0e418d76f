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
    title: 'The request does not have the required form.',
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
    next: 'Choose another, for example four words: no common password, no repetition or sequence (aaaa, 1234, qwerty), not your user name or RelayPACS.',
  },
  'session-ended': {
    status: 401,
    retry: 'login',
    title: 'The session has ended.',
    next: 'Sign in again; nothing here is lost.',
  },
  'assertion-refused': {
    status: 401,
    retry: 'later',
    title: 'The device’s signed assertion is not valid.',
    next: 'The device corrects its clock and signs a new one.',
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
    title: 'Your role may not send under this policy.',
    next: 'Choose another policy. An administrator can change roles.',
  },
  'policy-withdrawn': {
    status: 409,
    retry: 'changed',
    title: 'The policy was changed while the study waited.',
    next: 'Choose the study again under the present policy.',
  },
  'reason-missing': {
    status: 422,
    retry: 'changed',
    title: 'This policy asks why names are kept.',
    next: 'Choose the study again and give a reason.',
  },
  'origin-refused': { status: 403, retry: 'never', title: 'The request comes from another web site.' },
  'wrong-host': {
    status: 421,
    retry: 'never',
    title: 'The gateway is not served at this address.',
    next: 'Use the address that RELAY_PUBLIC_URL names.',
  },
  'not-found': { status: 404, retry: 'never', title: 'There is nothing here.' },
  'upload-not-found': {
    status: 404,
    retry: 'never',
    title: 'This upload is unknown here.',
    next: 'It starts again automatically.',
  },
  'no-receipt-yet': {
    status: 404,
    retry: 'later',
    title: 'There is no receipt yet: the PACS has not confirmed every instance.',
  },
  'upload-in-progress': {
    status: 409,
    retry: 'never',
    title: 'The first bytes have left: the study can no longer be taken back.',
  },
  'decision-not-possible': {
    status: 409,
    retry: 'never',
    title: 'This can no longer be decided for these instances.',
    next: 'Look at their present state.',
  },
  'parcels-missing': {
    status: 409,
    retry: 'changed',
    title: 'Not every promised instance has arrived.',
    next: 'The missing ones are sent automatically.',
  },
  'seal-key-unknown': {
    status: 409,
    retry: 'changed',
    title: 'The gateway no longer has the key to this sealed copy, so nobody can open it.',
    next: 'Choose the same files again.',
  },
  'body-too-large': { status: 413, retry: 'never', title: 'The request is larger than the limit.' },
  'too-many-instances': {
    status: 413,
    retry: 'never',
    title: 'The study has more instances than the limit.',
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
    title: 'Another request is sending this parcel.',
    next: 'Sending resumes automatically.',
  },
  'checksum-mismatch': {
    status: 460,
    retry: 'later',
    title: 'The bytes were damaged on the way.',
    next: 'They are sent again automatically.',
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
    title: 'Your account has reached its limit of studies under way.',
    next: 'The study waits on this device until earlier ones have arrived. An administrator can raise the quota.',
  },
  'too-many-patients': {
    status: 429,
    retry: 'later',
    title: 'Your account has reached its limit of patients for one day.',
    next: 'Prepare the rest tomorrow. An administrator can raise the quota.',
  },
  'storage-full': {
    status: 507,
    retry: 'later',
    title: 'The gateway is out of space.',
    next: 'The study waits on this device. An administrator must act.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;
