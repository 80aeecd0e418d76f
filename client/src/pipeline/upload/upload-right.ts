/**
 * The right to send that outlives a login: what one account queued on this device travels whoever is signed
 * in, or nobody. The device has a key pair for the account whose private half no script can read; while the
 * account is signed in it is enrolled, and later each token is asked for with a signed assertion. Tokens are
 * kept in memory only.
 *
 * Gives null where the right has ended (a new password, a disabled account, long unused) and nobody is signed
 * in who could begin it anew. Where a device cannot be enrolled, the session's own token serves.
 */
import { deviceTokenAnswerSchema, enrolAnswerSchema } from '#shared/protocol/api.ts';
import { toBase64Url } from '#shared/transfer/base64url.ts';
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

/** Where the right of this account is kept. */
export interface RightStore {
  get(): Promise<KeptRight | null>;
  put(right: KeptRight): Promise<void>;
}

export interface UploadRightTools {
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
  readonly store: RightStore;
  readonly clock: ServerClock;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  readonly newId: () => string;
  /** Runs `work` alone among all tabs: a device is enrolled once. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
  /** The session, while it is this account's; null while it is not. */
  session(): TokenSource | null;
}

export interface UploadRight extends TokenSource {
  /**
   * Whether asking for a token may give one: the right has not ended, or somebody is signed in who can begin
   * it anew.
   */
  mayGive(): Promise<boolean>;
}

type Exchange =
  | { readonly kind: 'given'; readonly token: string; readonly expiresIn: number }
  | { readonly kind: 'ended' | 'untrue' };

/** Renewed so long before its end that a request which starts now does not meet it. */
const RENEW_BEFORE_MS = 30_000;
/**
 * In the middle of what the gateway takes (a minute ago to six minutes ahead): a clock may be off by three
 * either way.
 */
const ASSERTION_SECONDS = 150;
/**
 * After the first refusal the clock is set by the gateway's; the third is for one that was used up by a
 * repeated request.
 */
const ATTEMPTS = 3;
/**
 * A gateway that does not enrol devices (an earlier version, a role that may not send) is not asked before
 * each request.
 */
const ENROL_AGAIN_MS = 60_000;

export function createUploadRight(tools: UploadRightTools): UploadRight {
  const { store, clock, monotonic } = tools;
  let held: { readonly token: string; readonly until: number } | null = null;
  let enrolRefusedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<string | null> | null = null;

  async function exchange(right: KeptRight & { readonly deviceId: string }): Promise<Exchange> {
    for (let attempt = 1; ; attempt += 1) {
      const response = await post('/auth/device-token', {
        assertion: await signAssertion(right, clock.now(), tools.newId()),
      });
      if (isPage(response)) throw new ForeignAnswer(response.status);
      if (response.ok) {
        const answer = deviceTokenAnswerSchema.safeParse(await response.json().catch(() => null));
        if (!answer.success) throw new Unreachable(answer.error);
        return { kind: 'given', token: answer.data.accessToken, expiresIn: answer.data.expiresIn };
      }
      const problem = await problemOf(response);
      if (problem.code === 'session-ended') return { kind: 'ended' };
      if (problem.code !== 'assertion-refused') throw new Unreachable(problem);
      if (attempt >= ATTEMPTS) return { kind: 'untrue' };
    }
  }

  async function post(path: string, body: unknown): Promise<Response> {
    const arrived = clock.exchange();
    try {
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify(body),
      };
      const response = await tools.fetch(`${tools.baseUrl}${path}`, init);
      arrived(response.headers);
      return response;
    } catch (error) {
      throw new Unreachable(error);
    }
  }

  /**
   * Null where the gateway does not enrol this device. The key is kept before it is named, so that a lost
   * answer makes no second device.
   */
  async function enrol(session: TokenSource): Promise<(KeptRight & { readonly deviceId: string }) | null> {
    const kept = await store.get();
    const keys = kept?.keys ?? (await makeKeys());
    if (kept === null) await store.put({ keys, deviceId: null, audience: '', hasEnded: false });
    const api = createApiClient({
      baseUrl: tools.baseUrl,
      fetch: tools.fetch,
      tokens: session,
      serverClock: clock,
    });
    try {
      const publicKey = await toPublicJwk(keys.publicKey);
      const { deviceId, audience } = await api.json('/auth/enrol', enrolAnswerSchema, {
        body: { publicKey },
      });
      const right = { keys, deviceId, audience, hasEnded: false };
      await store.put(right);
      return right;
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      enrolRefusedAt = monotonic();
      return null;
    }
  }

  async function obtain(): Promise<string | null> {
    const kept = await store.get();
    const first = isEnrolled(kept) ? await exchange(kept) : null;
    if (first?.kind === 'given') return take(first);
    if (kept !== null && first?.kind === 'ended') await store.put({ ...kept, hasEnded: true });
    const session = tools.session();
    if (session === null) return null;
    const isTooSoon = monotonic() - enrolRefusedAt < ENROL_AGAIN_MS;
    const right = isTooSoon ? null : await enrol(session);
    const second = right === null ? null : await exchange(right);
    return second?.kind === 'given' ? take(second) : session.accessToken();
  }

  function take({ token, expiresIn }: { readonly token: string; readonly expiresIn: number }): string {
    held = { token, until: monotonic() + expiresIn * 1000 - RENEW_BEFORE_MS };
    return token;
  }

  function ask(): Promise<string | null> {
    held = null;
    asking ??= tools.alone(obtain).finally(() => {
      asking = null;
    });
    return asking;
  }

  return {
    async accessToken() {
      return held !== null && monotonic() < held.until ? held.token : ask();
    },
    async renew(stale) {
      // Another caller, or an earlier 401 of the same burst, was faster.
      return held !== null && held.token !== stale ? held.token : ask();
    },
    async mayGive() {
      return tools.session() !== null || isEnrolled(await store.get());
    },
  };
}

function isEnrolled(right: KeptRight | null): right is KeptRight & { readonly deviceId: string } {
  return right !== null && right.deviceId !== null && !right.hasEnded;
}

function makeKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
}

async function toPublicJwk(key: CryptoKey) {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', key);
  return { kty, crv, x, y };
}

/**
 * A JWT (RFC 7523 §3) in compact form; WebCrypto's signature is already the one that JWS asks for (RFC 7518
 * §3.4: R and S as octets).
 */
async function signAssertion(
  { keys, deviceId, audience }: KeptRight,
  now: number,
  jti: string,
): Promise<string> {
  const encode = (value: unknown) => toBase64Url(new TextEncoder().encode(JSON.stringify(value)));
  const at = Math.floor(now / 1000);
  const claims = { iss: deviceId, sub: deviceId, aud: audience, iat: at, exp: at + ASSERTION_SECONDS, jti };
  const signed = `${encode({ alg: 'ES256', typ: 'JWT' })}.${encode(claims)}`;
  const signature = await crypto.subtle.sign(
    { name: 'ECDSA', hash: 'SHA-256' },
    keys.privateKey,
    new TextEncoder().encode(signed),
  );
  return `${signed}.${toBase64Url(new Uint8Array(signature))}`;
}
