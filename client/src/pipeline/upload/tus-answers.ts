/** What each answer to a tus request means for the device: one table, a row for each status. */

/** What to do after an answer. */
export type Step =
  | 'done'
  /** The gateway is asked where it is (HEAD), and the parcel goes on there. */
  | 'ask-offset'
  /** It does not know the upload any more: announced again, it says what it still needs. */
  | 'create-anew'
  /** Smaller pieces. */
  | 'smaller'
  | 'wait'
  | 'wait-for-room'
  | 'renew-right'
  /** The same request will not succeed later: the study is refused, with the problem's code. */
  | 'refused'
  /** The gateway cannot open what was sealed here, and neither can the device. */
  | 'copy-unreadable'
  /** Somebody between answered: not believed, asked again later. */
  | 'not-believed';

/**
 * Who speaks. `coded`: a problem of ours; `tus`: a tus server without one of our codes; `foreign`: somebody
 * between.
 */
export type Speaker = 'coded' | 'tus' | 'foreign';

interface Row {
  readonly status: number | '2xx' | '3xx' | '4xx' | '5xx';
  /** Only from these; without it: from whomever. */
  readonly from?: readonly Speaker[];
  readonly code?: string;
  readonly step: Step;
  readonly because: string;
}

const OURS: readonly Speaker[] = ['coded', 'tus'];

/** The first row that fits decides. */
export const ANSWERS: readonly Row[] = [
  { status: '2xx', from: OURS, step: 'done', because: 'tus' },
  {
    status: '2xx',
    step: 'not-believed',
    because: 'a sign-in page of the network, or a proxy, says yes to everything',
  },
  {
    status: '3xx',
    step: 'not-believed',
    because: 'the gateway never redirects: a sign-in page of the network does',
  },
  { status: 401, from: ['coded'], step: 'renew-right', because: 'the token was already renewed once' },
  { status: 404, from: ['foreign'], step: 'not-believed', because: 'a proxy that does not know the way' },
  { status: 404, step: 'create-anew', because: 'the upload expired, or the gateway lost its disk' },
  { status: 408, step: 'wait', because: 'the connection was too slow for somebody between' },
  {
    status: 409,
    code: 'seal-key-unknown',
    step: 'copy-unreadable',
    because: 'the gateway has lost the key that opens the parcel',
  },
  { status: 409, from: ['coded'], step: 'refused', because: 'the problem says why' },
  { status: 409, step: 'ask-offset', because: 'tus: the offset is not the one the gateway has' },
  { status: 410, from: OURS, step: 'create-anew', because: 'the upload expired' },
  { status: 413, from: ['coded'], step: 'refused', because: 'the gateway says that the parcel is too large' },
  { status: 413, step: 'smaller', because: 'a proxy between limits the size of a request' },
  {
    status: 423,
    step: 'wait',
    because: 'the connection that died still holds the lock: the next request takes it over',
  },
  { status: 429, step: 'wait', because: 'asked to slow down' },
  { status: 460, step: 'ask-offset', because: 'what arrived was damaged: the gateway says from where on' },
  { status: 507, step: 'wait-for-room', because: 'the gateway has no room' },
  { status: 511, step: 'not-believed', because: 'RFC 6585 §6: the network asks for a sign-in' },
  { status: '5xx', step: 'wait', because: 'the gateway or a proxy is not well' },
  { status: '4xx', from: OURS, step: 'refused', because: 'the same request will not succeed later' },
  { status: '4xx', step: 'not-believed', because: 'a proxy refuses what the gateway never saw' },
];

/**
 * Who gave this answer. A bare 404, 409 or 410 without any body may be the gateway's; a page of HTML never
 * is.
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
 * Where a request with a body may be what somebody between does not let through: there creation goes alone,
 * as tus 1.0 core has it.
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
