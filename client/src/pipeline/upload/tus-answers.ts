/** Maps each answer to a tus request to the device's next step, in one table with a row for each status. */

/** The next step after an answer. */
export type Step =
  | 'done'
  /** Ask the gateway for its offset (HEAD) and continue there. */
  | 'ask-offset'
  /** The gateway no longer knows the upload, so the study has to be announced again to learn what it still needs. */
  | 'create-again'
  /** Send smaller pieces. */
  | 'smaller'
  | 'wait'
  | 'wait-for-room'
  | 'renew-right'
  /** The same request will never succeed: the study is refused, with the problem's code. */
  | 'refused'
  /** The gateway cannot open the sealed parcel, and neither can the device. */
  | 'copy-unreadable'
  /** A proxy or a sign-in page answered: ignore the answer and ask again later. */
  | 'not-believed';

/**
 * Who sent an answer. `coded`: one of our problems; `tus`: a tus server without one of our codes; `foreign`: a proxy
 * or a sign-in page.
 */
export type Speaker = 'coded' | 'tus' | 'foreign';

interface Row {
  readonly status: number | '2xx' | '3xx' | '4xx' | '5xx';
  /** The senders that the row applies to; default: all. */
  readonly from?: readonly Speaker[];
  readonly code?: string;
  readonly step: Step;
  readonly because: string;
}

const OURS: readonly Speaker[] = ['coded', 'tus'];

/** The first matching row applies. */
const ANSWERS: readonly Row[] = [
  { status: '2xx', from: OURS, step: 'done', because: 'tus' },
  {
    status: '2xx',
    step: 'not-believed',
    because: 'a sign-in page of the network, or a proxy, answers everything with success',
  },
  {
    status: '3xx',
    step: 'not-believed',
    because: 'the gateway never redirects: a sign-in page of the network does',
  },
  { status: 401, from: ['coded'], step: 'renew-right', because: 'the token was already renewed once' },
  { status: 404, from: ['foreign'], step: 'not-believed', because: 'a proxy that does not know the path' },
  { status: 404, step: 'create-again', because: 'the upload expired, or the gateway lost its disk' },
  { status: 408, step: 'wait', because: 'the connection was too slow for a proxy' },
  {
    status: 409,
    code: 'seal-key-unknown',
    step: 'copy-unreadable',
    because: 'the gateway has lost the key that opens the parcel',
  },
  { status: 409, from: ['coded'], step: 'refused', because: 'the problem says why' },
  { status: 409, step: 'ask-offset', because: 'tus: the offset is not the one the gateway has' },
  { status: 410, from: OURS, step: 'create-again', because: 'the upload expired' },
  { status: 413, from: ['coded'], step: 'refused', because: 'the gateway says that the parcel is too large' },
  { status: 413, step: 'smaller', because: 'a proxy between limits the size of a request' },
  {
    status: 423,
    step: 'wait',
    because: 'the dead connection still holds the lock: the next request takes it over',
  },
  { status: 429, step: 'wait', because: 'asked to slow down' },
  {
    status: 460,
    step: 'ask-offset',
    because: 'the bytes arrived damaged: the gateway says where to continue',
  },
  { status: 507, step: 'wait-for-room', because: 'the gateway is out of space' },
  { status: 511, step: 'not-believed', because: 'RFC 6585 §6: the network asks for a sign-in' },
  { status: '5xx', step: 'wait', because: 'the gateway or a proxy is in trouble' },
  { status: '4xx', from: OURS, step: 'refused', because: 'the same request will not succeed later' },
  { status: '4xx', step: 'not-believed', because: 'a proxy refuses a request that the gateway never saw' },
];

/**
 * Determines who sent this answer. A 404, 409 or 410 without a body may come from the gateway; an HTML page never
 * does.
 */
export function speakerOf(status: number, headers: Headers, code: string | null): Speaker {
  if (code !== null) return 'coded';
  if (headers.has('tus-resumable')) return 'tus';
  const isPage = (headers.get('content-type') ?? '').startsWith('text/html');
  return (status === 404 || status === 410) && !isPage ? 'tus' : 'foreign';
}

export function stepFor(status: number, speaker: Speaker, code: string | null = null): Step {
  const group = `${Math.floor(status / 100)}xx`;
  const fits = (row: Row): boolean =>
    (row.status === status || row.status === group) &&
    (row.from === undefined || row.from.includes(speaker)) &&
    (row.code === undefined || row.code === code);
  return ANSWERS.find(fits)?.step ?? 'not-believed';
}

/**
 * Whether a proxy may have blocked the request because of its body. In that case the upload is created without a
 * body, as in the core of tus 1.0.
 */
export function mayBeTheBody(status: number, speaker: Speaker): boolean {
  return (
    speaker === 'foreign' &&
    status >= 400 &&
    status !== 404 &&
    status !== 407 &&
    status !== 408 &&
    status !== 413 &&
    status !== 429 &&
    (status < 500 || status === 501)
  );
}
