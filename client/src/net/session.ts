/**
 * The session of the person who is signed in. The access token is only in memory; the refresh token is an
 * HttpOnly cookie of this origin in the page, and in memory on the command line. One renewal runs at a time
 * over all tabs, because a refresh token can be used once.
 *
 * Promises that a study under way never asks for a password while the refresh token is valid. Does not decide
 * what a role may do: the gateway does.
 */
import { signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { Session, User } from '#shared/protocol/api.ts';
import { problemOf, Unreachable, type ApiProblem } from './api-client.ts';
import { parseSession } from './read-answers.ts';

/** Held among all tabs while a refresh token is exchanged. */
export const SESSION_LOCK = 'relaypacs-session';

export interface SessionTools {
  /** Where the API is: `/api` in the page, the gateway's URL on the command line. */
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
  /** Milliseconds that never go back: setting the clock must not make a token look valid, or ended. */
  readonly now: () => number;
  /** Runs `work` alone among all tabs. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
  /** The user who was signed in last and has not signed out since: they can work without a network. */
  readonly remembered?: () => Promise<User | null>;
  /** Calls `work` after `ms`. */
  readonly later?: (work: () => void, ms: number) => void;
  /** The gateway has ended the session, or there was none; called before the state says so. */
  readonly ended?: () => void;
  /**
   * Keeps for the next start that somebody has left, until the next person signs in: the cookie stays good where the
   * gateway cannot be told. Resolves once it is on the disk, or cannot be.
   */
  readonly keepLeft?: (left: 'signed-out' | 'locked' | null) => Promise<void>;
}

/**
 * `unknown`: the gateway was not asked yet; `offline`: it could not be asked, and `user` is the last one;
 * `signed-out`: the gateway said so.
 */
export type SessionState = 'unknown' | 'signed-in' | 'signed-out' | 'offline';

export interface SessionStore {
  readonly state: ReadonlySignal<SessionState>;
  readonly user: ReadonlySignal<User | null>;
  /** The sessions that began here: by signing in, and by a new password. Rights of before may have ended. */
  readonly begun: ReadonlySignal<number>;
  /** Throws ApiProblem (`wrong-credentials`, `rate-limited` …) or Unreachable. */
  signIn(username: string, password: string): Promise<void>;
  /**
   * Ends all other sessions; this one continues. Throws ApiProblem (`wrong-password`, `weak-password`,
   * `too-many-attempts` …) or Unreachable.
   */
  changePassword(currentPassword: string, newPassword: string): Promise<void>;
  /** The device locks, and the person is signed out soon: a page that is closed before that does not resume. */
  noteLock(): void;
  /**
   * Takes effect once the next start will know of it; resolves when the gateway has been told, or cannot be. `locked`:
   * the device locked, by itself or by hand.
   */
  signOut(locked?: boolean): Promise<void>;
  /**
   * Ends every session and what devices may send; only once the gateway has said so does this page believe it.
   * Throws ApiProblem or Unreachable.
   */
  signOutEverywhere(): Promise<void>;
  /** At the start of the page: resumes with the cookie of last time. Never throws. */
  resume(): Promise<void>;
  /** A token that is valid for some more seconds; null when signed out. Throws Unreachable. */
  accessToken(): Promise<string | null>;
  /** After a 401: a new token instead of `stale`; null when the session has ended. Throws Unreachable. */
  renew(stale: string | null): Promise<string | null>;
}

/** After this time without an answer the last user works on; the answer is taken when it comes. */
const ANSWERS_WITHIN_MS = 1_500;
/** A token is renewed this long before its end, so that a request that starts now does not outlive it. */
const RENEW_BEFORE_MS = 30_000;

interface Held {
  readonly tools: SessionTools;
  readonly fixedToken: string | null;
  readonly state: Signal<SessionState>;
  readonly user: Signal<User | null>;
  readonly begun: Signal<number>;
  token: string | null;
  refreshToken: string | undefined;
  /** By `tools.now`. */
  expiresAt: number;
  renewing: Promise<string | null> | null;
  /** How often somebody left: an answer to a question from before that signs nobody in. */
  ends: number;
}

/** A session; `fixedToken` (command line, `--token`) is never renewed. */
export function createSession(tools: SessionTools, fixedToken: string | null = null): SessionStore {
  const held: Held = {
    tools,
    fixedToken,
    state: signal<SessionState>(fixedToken === null ? 'unknown' : 'signed-in'),
    user: signal<User | null>(null),
    begun: signal(0),
    token: fixedToken,
    refreshToken: undefined,
    expiresAt: fixedToken === null ? 0 : Number.POSITIVE_INFINITY,
    renewing: null,
    ends: 0,
  };
  return {
    state: held.state,
    user: held.user,
    begun: held.begun,
    renew: (stale) => renew(held, stale),
    accessToken: () => accessToken(held),
    changePassword: (currentPassword, newPassword) => changePassword(held, { currentPassword, newPassword }),
    signIn: (username, password) => signIn(held, username, password),
    noteLock: () => void tools.keepLeft?.('locked'),
    signOut: (locked) => signOut(held, locked),
    signOutEverywhere: () => signOutEverywhere(held),
    resume: () => resume(held),
  };
}

async function accessToken(held: Held): Promise<string | null> {
  if (held.token !== null && held.tools.now() < held.expiresAt - RENEW_BEFORE_MS) return held.token;
  if (held.token === null && held.state.value === 'signed-out') return null;
  return renew(held, held.token);
}

async function signIn(held: Held, username: string, password: string): Promise<void> {
  // Not while the last session is being ended: the answer to that deletes the cookie.
  await held.tools.alone(async () => {
    const response = await post(held.tools, '/auth/login', { username, password });
    if (!response.ok) throw await problemOf(response);
    const session = parseSession(await response.json());
    await held.tools.keepLeft?.(null);
    begin(held, session);
  });
}

async function changePassword(
  held: Held,
  passwords: { readonly currentPassword: string; readonly newPassword: string },
): Promise<void> {
  const { ends } = held;
  const token = await accessToken(held);
  // No other tab may exchange the refresh token that this ends.
  await held.tools.alone(async () => {
    const response = await post(held.tools, '/auth/password', passwords, token);
    if (!response.ok) throw await problemOf(response);
    const session = parseSession(await response.json());
    if (held.ends === ends) begin(held, session);
  });
}

async function signOut(held: Held, locked?: boolean): Promise<void> {
  const { keepLeft } = held.tools;
  if (keepLeft) await keepLeft(locked ? 'locked' : 'signed-out');
  const body = { refreshToken: held.refreshToken, locked };
  const leaving = ignoreFailure(
    held.tools.alone(() => post(held.tools, '/auth/logout', body)),
    'a gateway that cannot be reached ends the session by its age',
  );
  // The person walks away: the screen does not wait for the network.
  end(held);
  await leaving;
}

async function signOutEverywhere(held: Held): Promise<void> {
  const token = await accessToken(held);
  await held.tools.alone(async () => {
    const response = await ask(held.tools, '/auth/sessions?which=all', { method: 'DELETE', token });
    if (!response.ok) throw await problemOf(response);
    await held.tools.keepLeft?.('signed-out');
    // Before another tab can ask, and be told that its session was ended.
    end(held);
  });
}

async function resume(held: Held): Promise<void> {
  const { tools, state, user } = held;
  const asked = exchangeOnce(held).catch(() => {
    if (state.value !== 'signed-out') state.value = 'offline';
  });
  const known = (await tools.remembered?.().catch(() => null)) ?? null;
  const workOffline = () => {
    if (state.value === 'signed-in' || state.value === 'signed-out') return;
    user.value ??= known;
    state.value = 'offline';
  };
  if (known !== null) tools.later?.(workOffline, ANSWERS_WITHIN_MS);
  await asked;
  workOffline();
}

async function renew(held: Held, stale: string | null): Promise<string | null> {
  // Another caller, or an earlier 401 of the same burst, was faster.
  if (held.token !== null && held.token !== stale) return held.token;
  if (held.fixedToken !== null) return end(held);
  // A session that has ended is resumed by signing in or by `resume`, not by every request.
  return held.state.value === 'signed-out' ? null : exchangeOnce(held);
}

function exchangeOnce(held: Held): Promise<string | null> {
  const { ends } = held;
  held.renewing ??= held.tools
    .alone(() => (held.ends === ends ? exchange(held) : Promise.resolve(null)))
    .finally(() => {
      held.renewing = null;
    });
  return held.renewing;
}

async function exchange(held: Held): Promise<string | null> {
  const { refreshToken, ends } = held;
  const response = await post(
    held.tools,
    '/auth/refresh',
    refreshToken === undefined ? {} : { refreshToken },
  );
  const answer = response.ok ? parseSession(await response.json()) : await problemOf(response);
  if (held.ends !== ends) return null;
  if (!('code' in answer)) return take(held, answer);
  const problem: ApiProblem = answer;
  // Only the gateway ends a session: a proxy's refusal has no code of ours.
  if (problem.code !== null && [401, 403, 422].includes(problem.status)) {
    held.tools.ended?.();
    return end(held);
  }
  throw new Unreachable(problem);
}

const post = (
  tools: SessionTools,
  path: string,
  body: unknown,
  token: string | null = null,
): Promise<Response> => ask(tools, path, { method: 'POST', body, token });

type Asked = { readonly method: string; readonly body?: unknown; readonly token: string | null };

async function ask(
  { fetch, baseUrl }: SessionTools,
  path: string,
  { method, body, token }: Asked,
): Promise<Response> {
  try {
    return await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        accept: 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    throw new Unreachable(error);
  }
}

function begin(held: Held, session: Session): void {
  take(held, session);
  held.begun.value += 1;
}

function take(held: Held, session: Session): string {
  held.token = session.accessToken;
  held.refreshToken = session.refreshToken ?? held.refreshToken;
  held.expiresAt = held.tools.now() + session.expiresIn * 1000;
  held.user.value = session.user;
  held.state.value = 'signed-in';
  return held.token;
}

function end(held: Held): null {
  held.ends += 1;
  held.token = null;
  held.refreshToken = undefined;
  held.expiresAt = 0;
  held.user.value = null;
  held.state.value = 'signed-out';
  return null;
}
