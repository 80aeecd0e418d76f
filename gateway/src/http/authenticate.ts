/**
 * Who calls: reads the bearer token and looks whether its account still may do anything. It refuses nobody: a route's roles do.
 */
import type { MiddlewareHandler } from 'hono';
import type { User } from '#shared/protocol/api.ts';
import type { GatewayEnv } from './route.ts';

/** How long a change of an account may go unseen by other gateways; the gateway that made it knows at once. */
const REMEMBERED_MS = 10_000;
const REMEMBERED_LIMIT = 10_000;

export type KnownUsers = {
  /** The user, or null where the account is gone or disabled. */
  find(accountId: string): Promise<User | null>;
  forget(accountId: string): void;
};

/** Remembers what `load` said, so that a request costs no query. */
export function createKnownUsers(load: (accountId: string) => Promise<User | null>, now: () => number): KnownUsers {
  const known = new Map<string, { user: User | null; until: number }>();
  return {
    async find(accountId) {
      const remembered = known.get(accountId);
      if (remembered && remembered.until > now()) return remembered.user;
      const user = await load(accountId);
      if (known.size >= REMEMBERED_LIMIT) known.clear();
      known.set(accountId, { user, until: now() + REMEMBERED_MS });
      return user;
    },
    forget: (accountId) => void known.delete(accountId),
  };
}

/** RFC 6750 §2.1; RFC 9110 §11.1: the scheme's name is case-insensitive. */
const BEARER = /^bearer +([A-Za-z0-9._~+/=-]+)$/i;

/** Sets `caller`. `readToken` gives the account of a token that holds, else null. */
export function authenticate(readToken: (token: string) => Promise<string | null>, users: KnownUsers): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    const [, token] = BEARER.exec(c.req.header('authorization') ?? '') ?? [];
    const accountId = token ? await readToken(token) : null;
    const user = accountId ? await users.find(accountId) : null;
    c.set('caller', user && { ...user, scheme: 'bearer' });
    await next();
  };
}
