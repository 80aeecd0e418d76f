/**
 * The session of the signed-in person. The access token is only in memory. The refresh token is an HttpOnly cookie of
 * this origin in the page, and in memory on the command line. Only one renewal runs at a time over all tabs, because a
 * refresh token can be used once.
 *
 * Guarantees that sending a study never asks for a password while the refresh token is valid. Does not decide what a
 * role may do; the gateway does.
 */
import { signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { Session, User } from '#shared/protocol/api.ts';
import { problemOf, Unreachable, type ApiProblem } from './api-client.ts';
import { parseSession } from './read-answers.ts';

/** The lock held over all tabs while a refresh token is exchanged. */
export const SESSION_LOCK = 'relaypacs-session';

export interface SessionTools {
  /** The address of the API: `/api` in the page, the gateway's URL on the command line. */
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
  /** Milliseconds that never go back, so that setting the clock makes no token look valid or expired. */
  readonly now: () => number;
  /** Runs `work` while no other tab does. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
  /** The user who signed in last and has not signed out since. They can work without a network. */
  readonly remembered?: () => Promise<User | null>;
  /** Calls `work` after `ms`. */
  readonly later?: (work: () => void, ms: number) => void;
  /** Called when the gateway has ended the session, or there was none, before the state changes. */
  readonly ended?: () => void;
  /**
   * Records for the next start that somebody has left, until the next person signs in, because the cookie stays valid
   * if the gateway cannot be told. Resolves once the record is on the disk, or cannot be written.
   */
  readonly keepLeft?: (left: 'signed-out' | 'locked' | null) => Promise<void>;
}

/**
 * `unknown`: the gateway was not asked yet; `offline`: it could not be asked, and `user` is the last user;
 * `signed-out`: the gateway said so.
 */
export type SessionState = 'unknown' | 'signed-in' | 'signed-out' | 'offline';

export interface SessionStore {
  readonly state: ReadonlySignal<SessionState>;
  readonly user: ReadonlySignal<User | null>;
  /** The number of sessions begun here, by signing in or by a new password. Rights from before may have ended. */
  readonly begun: ReadonlySignal<number>;
  /** Throws ApiProblem (`wrong-credentials`, `rate-limited` …) or Unreachable. */
  signIn(username: string, password: string): Promise<void>;
  /**
   * Ends all other sessions; this one continues. Throws ApiProblem (`wrong-password`, `weak-password`,
   * `too-many-attempts` …) or Unreachable.
   */
  changePassword(currentPassword: string, newPassword: string): Promise<void>;
  /**
   * The device is locking, and the person will be signed out soon. A page that is closed before then does not resume.
   */
  noteLock(): void;
  /**
   * Takes effect once the next start will know of it. Resolves when the gateway has been told, or cannot be. `locked`:
   * the device was locked, automatically or by hand.
   */
  signOut(locked?: boolean): Promise<void>;
  /**
   * Ends every session and every device's right to send. The page changes its state only once the gateway has
   * confirmed. Throws ApiProblem or Unreachable.
   */
  signOutEverywhere(): Promise<void>;
  /** At the start of the page: resumes the session with the stored cookie. Never throws. */
  resume(): Promise<void>;
  /** A token that is valid for at least a few more seconds; null when signed out. Throws Unreachable. */
  accessToken(): Promise<string | null>;
  /** After a 401: a new token to replace `stale`; null when the session has ended. Throws Unreachable. */
  renew(stale: string | null): Promise<string | null>;
}

/** Without an answer within this time, the last user continues offline. A later answer still applies. */
const ANSWERS_WITHIN_MS = 1_500;
/** A token is renewed this long before it expires, so that it does not expire during a request. */
const RENEW_BEFORE_MS = 30_000;

interface Held {
  readonly tools: SessionTools;
  readonly fixedToken: string | null;
  readonly state: Signal<SessionState>;
  readonly user: Signal<User | null>;
  readonly begun: Signal<number>;
  token: string | null;
  refreshToken: string | undefined;
  /** In milliseconds of `tools.now`. */
  expiresAt: number;
  renewing: Promise<string | null> | null;
  /** How often somebody has left. An answer to a request from before the last time signs nobody in. */
  ends: number;
}

/** A session. `fixedToken` (command line, `--token`) is never renewed. */
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
  // Waits while the last session is being ended, because that answer deletes the cookie.
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
  // Keeps other tabs from exchanging the refresh token that this request ends.
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
  // The person walks away, so the screen does not wait for the network.
  end(held);
  await leaving;
}

async function signOutEverywhere(held: Held): Promise<void> {
  const token = await accessToken(held);
  await held.tools.alone(async () => {
    const response = await ask(held.tools, '/auth/sessions?which=all', { method: 'DELETE', token });
    if (!response.ok) throw await problemOf(response);
    await held.tools.keepLeft?.('signed-out');
    // Before another tab can ask, and learn that its session was ended.
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
  // Only the gateway can end a session. A proxy's refusal has no code of the gateway.
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
