/**
 * The messages between the page and its sending worker. The session stays in the page, whose memory holds its tokens,
 * and the worker asks for a token when it has to renew a right to send. Everything else that the screen shows about
 * sending goes through the database.
 */
import { Unreachable, type TokenSource } from '../../../net/api-client.ts';
import type { SessionState } from '../../../net/session.ts';

/** The person at the device. */
export interface Here {
  readonly account: string | null;
  readonly state: SessionState;
  /** False: the account only reads, so enrolling this device would be useless. */
  readonly maySend: boolean;
  /** The number of sessions begun so far, as in SessionStore. */
  readonly begun: number;
}

export type ToSender =
  | { readonly kind: 'here'; readonly here: Here }
  /** Whether the browser has a network. */
  | { readonly kind: 'network'; readonly isOnline: boolean }
  /** The queue has changed. */
  | { readonly kind: 'wake' }
  | { readonly kind: 'token'; readonly answer: TokenAnswer };

export type FromSender =
  | { readonly kind: 'ask'; readonly question: TokenQuestion }
  /** This worker has stopped sending, because the database can no longer be used or something unexpected happened. */
  | { readonly kind: 'ended' };

/** Requests a token of this account's session; a new one if `stale` is given. */
interface TokenQuestion {
  readonly id: number;
  readonly account: string;
  readonly stale?: string | null;
}

/** `unreachable`: the gateway could not be asked. */
type TokenAnswer = { readonly id: number } & (
  | { readonly token: string | null }
  | { readonly unreachable: true }
);

export interface BorrowedSession {
  /** The session while it belongs to this account; otherwise its tokens are null. Its calls throw Unreachable. */
  of(account: string): TokenSource;
  take(answer: TokenAnswer): void;
}

/** The worker's side of lending tokens. */
export function borrowSession(ask: (question: TokenQuestion) => void): BorrowedSession {
  const waiting = new Map<number, PromiseWithResolvers<string | null>>();
  let nextId = 0;

  function token(question: Omit<TokenQuestion, 'id'>): Promise<string | null> {
    const id = nextId;
    nextId += 1;
    const answered = Promise.withResolvers<string | null>();
    waiting.set(id, answered);
    ask({ id, ...question });
    return answered.promise;
  }

  return {
    of: (account) => ({ accessToken: () => token({ account }), renew: (stale) => token({ account, stale }) }),
    take(answer) {
      const asked = waiting.get(answer.id);
      waiting.delete(answer.id);
      if ('token' in answer) asked?.resolve(answer.token);
      else asked?.reject(new Unreachable(null));
    },
  };
}

/**
 * The page's side of lending tokens. `session` is null while it does not belong to the requested account. Never
 * throws.
 */
export async function lendToken(
  { id, stale }: TokenQuestion,
  session: TokenSource | null,
): Promise<TokenAnswer> {
  if (session === null) return { id, token: null };
  return (stale === undefined ? session.accessToken() : session.renew(stale)).then(
    (token) => ({ id, token }),
    () => ({ id, unreachable: true as const }),
  );
}
