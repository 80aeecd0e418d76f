/**
 * Identifies the caller: reads the bearer token and checks that its account, and its device if it names one,
 * still have rights. It refuses nobody; a route's roles and scopes do.
 */
import type { MiddlewareHandler } from 'hono';
import type { User } from '#shared/protocol/api.ts';
import type { TokenSubject } from '../auth/access-token.ts';
import type { MessageChannel } from '../database/message-channel.ts';
import type { Caller, GatewayEnv } from './route.ts';

/**
 * How long another gateway that missed the message may act on an account's or device's old rights; all others
 * know at once.
 */
const REMEMBERED_MS = 10_000;
const REMEMBERED_LIMIT = 10_000;

export type Remembered<T> = {
  /** The value under this id, at most some seconds old; null where none is valid. */
  find(id: string): Promise<T | null>;
  forget(id: string): void;
};

/**
 * Remembers the answers of `load`, so that a request costs no query. `others`: the gateways that forget
 * together with this one; null where it is alone.
 */
export function createRemembered<T>(
  load: (id: string) => Promise<T | null>,
  now: () => number,
  others: MessageChannel | null = null,
): Remembered<T> {
  const known = new Map<string, { value: T | null; until: number }>();
  others?.hear(
    (id) => void known.delete(id),
    () => known.clear(),
  );
  return {
    async find(id) {
      const remembered = known.get(id);
      if (remembered && remembered.until > now()) return remembered.value;
      const value = await load(id);
      if (known.size >= REMEMBERED_LIMIT) known.clear();
      known.set(id, { value, until: now() + REMEMBERED_MS });
      return value;
    },
    forget(id) {
      known.delete(id);
      void others?.say(id);
    },
  };
}

export type CallerTools = {
  /** The token's owner, or null where the token is not valid. */
  readonly readToken: (token: string) => Promise<TokenSubject | null>;
  /** Accounts that are not disabled. */
  readonly users: Remembered<User>;
  /** The account's id, for devices whose right has not ended. */
  readonly devices: Remembered<string>;
};

/** RFC 6750 §2.1; RFC 9110 §11.1: the scheme's name is case-insensitive. */
const BEARER = /^bearer +([A-Za-z0-9._~+/=-]+)$/i;

/** Sets `caller`. */
export function authenticate(tools: CallerTools): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    const [, token] = BEARER.exec(c.req.header('authorization') ?? '') ?? [];
    const subject = token ? await tools.readToken(token) : null;
    c.set('caller', subject && (await callerWith(tools, subject)));
    await next();
  };
}

async function callerWith(
  { users, devices }: CallerTools,
  { accountId, deviceId }: TokenSubject,
): Promise<Caller | null> {
  const user = await users.find(accountId);
  if (user === null) return null;
  if (deviceId === null) return { ...user, scheme: 'bearer', scope: 'session', device: null };
  return (await devices.find(deviceId)) === accountId
    ? { ...user, scheme: 'bearer', scope: 'upload', device: deviceId }
    : null;
}
