/**
 * The right to send, which outlives a login: studies that one account queued on this device are sent whoever is
 * signed in, even if nobody is. The device has a key pair for the account, whose private key no script can read. It
 * is enrolled while the account is signed in; later each token is requested with a signed assertion
 * (sign-assertion.ts). Tokens are kept only in memory.
 *  The token is null if the right has ended (a new password, a disabled account, long disuse) and the account is not
 * signed in to renew it. If a device cannot be enrolled, the session's own token is used.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { deviceTokenAnswerSchema, enrolAnswerSchema } from '#shared/protocol/api.ts';
import {
  ApiProblem,
  createApiClient,
  ForeignAnswer,
  isPage,
  problemOf,
  Unreachable,
  type TokenSource,
} from '../../net/api-client.ts';
import type { ServerClock } from '../../net/server-clock.ts';
import type { KeptRight } from '../queue/rows/kept-rights.ts';
import { makeKeys, signAssertion, toPublicJwk } from './sign-assertion.ts';

/** Stores the right of this account. */
interface RightStore {
  get(): Promise<KeptRight | null>;
  put(right: KeptRight): Promise<void>;
}

interface UploadRightTools {
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
  readonly store: RightStore;
  readonly clock: ServerClock;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  readonly newId: () => string;
  /** Runs `work` in only one tab at a time, so that a device is enrolled once. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
  /** The session while it belongs to this account, otherwise null. */
  session(): TokenSource | null;
}

export interface UploadRight extends TokenSource {
  /** Whether a token request may succeed: the right has not ended, or the account is signed in and can renew it. */
  mayGive(): Promise<boolean>;
  /**
   * Requests a new token even if one is held. The right may have ended with the previous session, and is then
   * renewed.
   */
  confirm(): Promise<string | null>;
}

type EnrolledRight = KeptRight & { readonly deviceId: string };
type Exchange =
  | { readonly kind: 'given'; readonly token: string; readonly expiresIn: number }
  | { readonly kind: 'ended' | 'untrue' };

/** A token is renewed this long before its end, so that it does not expire during a request. */
const RENEW_BEFORE_MS = 30_000;
/**
 * The number of attempts. After the first refusal the gateway's time is used; the third attempt covers an assertion
 * that a repeated request had already used up.
 */
const ATTEMPTS = 3;
/**
 * The delay before asking again if the gateway does not enrol this device (a role that may not send), so that it is
 * not asked before each request.
 */
const ENROL_AGAIN_MS = 60_000;

/** The right of one account, for the lifetime of the page. */
interface Right {
  readonly tools: UploadRightTools;
  held: { readonly token: string; readonly until: number } | null;
  enrolRefusedAt: number;
  asking: Promise<string | null> | null;
}

export function createUploadRight(tools: UploadRightTools): UploadRight {
  const right: Right = { tools, held: null, enrolRefusedAt: Number.NEGATIVE_INFINITY, asking: null };
  return {
    async accessToken() {
      const { held } = right;
      return held !== null && tools.monotonic() < held.until ? held.token : ask(right);
    },
    async renew(stale) {
      // Another caller, or an earlier 401 of the same burst, has already renewed the token.
      const { held } = right;
      return held !== null && held.token !== stale ? held.token : ask(right);
    },
    confirm: () => ask(right),
    async mayGive() {
      return tools.session() !== null || isEnrolled(await tools.store.get());
    },
  };
}

/** Callers that ask at the same time share one exchange. */
function ask(right: Right): Promise<string | null> {
  right.held = null;
  right.asking ??= right.tools
    .alone(() => obtain(right))
    .finally(() => {
      right.asking = null;
    });
  return right.asking;
}

async function obtain(right: Right): Promise<string | null> {
  const { tools } = right;
  const kept = await tools.store.get();
  const first = isEnrolled(kept) ? await exchange(tools, kept) : null;
  if (first?.kind === 'given') return hold(right, first);
  if (kept !== null && first?.kind === 'ended') await tools.store.put({ ...kept, hasEnded: true });
  const session = tools.session();
  if (session === null) return null;
  const isTooSoon = tools.monotonic() - right.enrolRefusedAt < ENROL_AGAIN_MS;
  const enrolled = isTooSoon ? null : await enrol(right, session);
  const second = enrolled === null ? null : await exchange(tools, enrolled);
  return second?.kind === 'given' ? hold(right, second) : session.accessToken();
}

function hold(right: Right, { token, expiresIn }: Extract<Exchange, { kind: 'given' }>): string {
  right.held = { token, until: right.tools.monotonic() + expiresIn * 1000 - RENEW_BEFORE_MS };
  return token;
}

async function exchange(tools: UploadRightTools, right: EnrolledRight): Promise<Exchange> {
  for (let attempt = 1; ; attempt += 1) {
    const assertion = await signAssertion(right, tools.clock.now(), tools.newId());
    const response = await post(tools, '/auth/device-token', { assertion });
    if (isPage(response)) throw new ForeignAnswer(response.status);
    if (response.ok) {
      const body = await ignoreFailure(response.json(), 'a body that breaks off fails the schema below');
      const answer = deviceTokenAnswerSchema.safeParse(body);
      if (!answer.success) throw new Unreachable(answer.error);
      return { kind: 'given', token: answer.data.accessToken, expiresIn: answer.data.expiresIn };
    }
    const problem = await problemOf(response);
    if (problem.code === 'session-ended') return { kind: 'ended' };
    if (problem.code !== 'assertion-refused') throw new Unreachable(problem);
    if (attempt >= ATTEMPTS) return { kind: 'untrue' };
  }
}

async function post(tools: UploadRightTools, path: string, body: unknown): Promise<Response> {
  const arrived = tools.clock.exchange();
  try {
    const response = await tools.fetch(`${tools.baseUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
    });
    arrived(response.headers);
    return response;
  } catch (error) {
    throw new Unreachable(error);
  }
}

/**
 * Null if the gateway does not enrol this device. The key is stored before it is sent, so that a lost answer does not
 * create a second device.
 */
async function enrol(right: Right, session: TokenSource): Promise<EnrolledRight | null> {
  const { tools } = right;
  const { baseUrl, fetch, store } = tools;
  const kept = await store.get();
  const keys = kept?.keys ?? (await makeKeys());
  if (kept === null) await store.put({ keys, deviceId: null, audience: '', hasEnded: false });
  const api = createApiClient({ baseUrl, fetch, tokens: session, serverClock: tools.clock });
  try {
    const body = { publicKey: await toPublicJwk(keys.publicKey) };
    const { deviceId, audience } = await api.json('/auth/enrol', enrolAnswerSchema, { body });
    const enrolled = { keys, deviceId, audience, hasEnded: false };
    await store.put(enrolled);
    return enrolled;
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    right.enrolRefusedAt = tools.monotonic();
    return null;
  }
}

function isEnrolled(right: KeptRight | null): right is EnrolledRight {
  return right !== null && right.deviceId !== null && !right.hasEnded;
}
