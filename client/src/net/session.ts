/**
 * Who is signed in. The access token lives in memory only; the refresh token is an HttpOnly cookie of this
 * origin in the page, and in memory on the command line. Renewal is one at a time, over all tabs, because a
 * refresh token is good for one use.
 *
 * Promises that a study under way never asks for a password while the refresh token holds. Does not decide
 * what a role may do: the gateway does.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { Session, User } from '#shared/protocol/api.ts';
import { problemOf, Unreachable, type ApiProblem } from './api-client.ts';
import { parseSession } from './read-answers.ts';

/** Held among all tabs while a refresh token is exchanged. */
export const SESSION_LOCK = 'relaypacs-session';

export interface SessionTools {
  /** Where the API is: `/api` in the page, the gateway's URL on the command line. */
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
  /** Milliseconds that never go back: a clock that is set must not make a token look good, or ended. */
  readonly now: () => number;
  /** Runs `work` alone among all tabs. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
  /** Who was signed in here last, and has not signed out since: it goes on without a network. */
  readonly remembered?: () => Promise<User | null>;
  /** Calls `work` after `ms`. */
  readonly later?: (work: () => void, ms: number) => void;
}

/**
 * `unknown`: not asked yet; `offline`: could not be asked, `user` is who was here last; `signed-out`: the
 * gateway said so.
 */
export type SessionState = 'unknown' | 'signed-in' | 'signed-out' | 'offline';

export interface SessionStore {
  readonly state: ReadonlySignal<SessionState>;
  readonly user: ReadonlySignal<User | null>;
  /** Throws ApiProblem (`wrong-credentials`, `rate-limited` …) or Unreachable. */
  signIn(username: string, password: string): Promise<void>;
  /** Takes effect at once; resolves when the gateway has heard of it, or cannot. */
  signOut(): Promise<void>;
  /** At the start of the page: goes on with the cookie of last time. Never throws. */
  resume(): Promise<void>;
  /** A token that holds for some seconds more; null when signed out. Throws Unreachable. */
  accessToken(): Promise<string | null>;
  /**
   * After a 401: a new token in the place of `stale`; null when the session has ended. Throws Unreachable.
   */
  renew(stale: string | null): Promise<string | null>;
}

/**
 * A link that does not answer for so long is not waited for: whoever was here last works on, and the answer
 * is taken when it comes.
 */
const ANSWERS_WITHIN_MS = 1_500;
/** Renewed so long before its end that a request which starts now does not meet it. */
const RENEW_BEFORE_MS = 30_000;

/** A session; `fixedToken` (command line, `--token`) is never renewed. */
export function createSession(tools: SessionTools, fixedToken: string | null = null): SessionStore {
  const state = signal<SessionState>(fixedToken === null ? 'unknown' : 'signed-in');
  const user = signal<User | null>(null);
  let token = fixedToken;
  let refreshToken: string | undefined;
  let expiresAt = fixedToken === null ? 0 : Number.POSITIVE_INFINITY;
  let renewing: Promise<string | null> | null = null;

  function take(session: Session): string {
    token = session.accessToken;
    refreshToken = session.refreshToken ?? refreshToken;
    expiresAt = tools.now() + session.expiresIn * 1000;
    user.value = session.user;
    state.value = 'signed-in';
    return token;
  }

  function end(): null {
    token = null;
    refreshToken = undefined;
    expiresAt = 0;
    user.value = null;
    state.value = 'signed-out';
    return null;
  }

  async function post(path: string, body: unknown): Promise<Response> {
    try {
      return await tools.fetch(`${tools.baseUrl}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify(body),
      });
    } catch (error) {
      throw new Unreachable(error);
    }
  }

  async function exchange(): Promise<string | null> {
    const response = await post('/auth/refresh', refreshToken === undefined ? {} : { refreshToken });
    if (response.ok) return take(parseSession(await response.json()));
    const problem: ApiProblem = await problemOf(response);
    // Only the gateway ends a session: a proxy's refusal has no code of ours.
    if (problem.code !== null && [401, 403, 422].includes(problem.status)) return end();
    throw new Unreachable(problem);
  }

  async function renew(stale: string | null): Promise<string | null> {
    // Another caller, or an earlier 401 of the same burst, was faster.
    if (token !== null && token !== stale) return token;
    if (fixedToken !== null) return end();
    // What has ended is taken up by signing in, or by `resume`, not by every request anew.
    return state.value === 'signed-out' ? null : exchangeOnce();
  }

  function exchangeOnce(): Promise<string | null> {
    renewing ??= tools.alone(exchange).finally(() => {
      renewing = null;
    });
    return renewing;
  }

  return {
    state,
    user,
    renew,
    async accessToken() {
      if (token !== null && tools.now() < expiresAt - RENEW_BEFORE_MS) return token;
      if (token === null && state.value === 'signed-out') return null;
      return renew(token);
    },
    async signIn(username, password) {
      // Not while the last session is being ended: the answer to that takes the cookie away.
      await tools.alone(async () => {
        const response = await post('/auth/login', { username, password });
        if (!response.ok) throw await problemOf(response);
        take(parseSession(await response.json()));
      });
    },
    async signOut() {
      const token = refreshToken === undefined ? {} : { refreshToken };
      const leaving = tools.alone(() => post('/auth/logout', token)).catch(() => undefined);
      // Nobody who walks away looks at a screen that waits for the network.
      end();
      await leaving;
    },
    async resume() {
      const asked = exchangeOnce().catch(() => void (state.value = 'offline'));
      const known = (await tools.remembered?.().catch(() => null)) ?? null;
      const goOn = () => {
        if (state.value === 'signed-in' || state.value === 'signed-out') return;
        user.value ??= known;
        state.value = 'offline';
      };
      if (known !== null) tools.later?.(goOn, ANSWERS_WITHIN_MS);
      await asked;
      goOn();
    },
  };
}
