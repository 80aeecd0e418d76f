/**
 * Identifies the caller: reads the bearer token or API key, and checks that its account (and the device, if it names
 * one) still has rights. It rejects nobody; that is left to a route's roles and scopes.
 */
import type { MiddlewareHandler } from 'hono';
import type { User } from '#shared/protocol/api.ts';
import type { ApiKeyScope } from '#shared/protocol/api-key.ts';
import type { MessageChannel } from '../database/message-channel.ts';
import type { Caller, GatewayEnv, TokenWatch } from './route.ts';

/**
 * How long a gateway that missed the message may still use an account's or device's old rights. All other gateways know
 * at once.
 */
const REMEMBERED_MS = 10_000;
const REMEMBERED_LIMIT = 10_000;

export type Remembered<T> = {
  /** The value under this id, at most some seconds old; null where there is no valid one. */
  find(id: string): Promise<T | null>;
  forget(id: string): void;
  /** Calls `changed` whenever this id is forgotten. Returns the function that ends the watch. */
  watch(id: string, changed: () => void): () => void;
};

/**
 * Caches the answers of `load`, so that a request costs no query. `others`: the gateways that forget an id together
 * with this one; null where it is alone.
 */
export function createRemembered<T>(
  load: (id: string) => Promise<T | null>,
  now: () => number,
  others: MessageChannel | null = null,
): Remembered<T> {
  const known = new Map<string, { value: T | null; until: number }>();
  const watchers = new Set<{ readonly id: string; readonly changed: () => void }>();
  let forgotten = 0;
  const forget = (forgets: (id: string) => boolean): void => {
    forgotten += 1;
    for (const id of known.keys()) if (forgets(id)) known.delete(id);
    for (const { id, changed } of watchers) if (forgets(id)) changed();
  };
  others?.hear(
    (id) => forget((one) => one === id),
    () => forget(() => true),
  );
  return {
    async find(id) {
      const remembered = known.get(id);
      if (remembered && remembered.until > now()) return remembered.value;
      const before = forgotten;
      const value = await load(id);
      if (known.size >= REMEMBERED_LIMIT) known.clear();
      // If anything was forgotten during the query, the value may be out of date, and is not cached.
      if (before === forgotten) known.set(id, { value, until: now() + REMEMBERED_MS });
      return value;
    },
    forget(id) {
      forget((one) => one === id);
      void others?.say(id);
    },
    watch(id, changed) {
      const watcher = { id, changed };
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
  };
}

/**
 * An account that is not disabled. Tokens of an earlier `epoch` are no longer valid, nor are keys of an earlier
 * `keyEpoch`.
 */
export type KnownAccount = { readonly user: User; readonly epoch: number; readonly keyEpoch: number };

/** An API key that was not revoked. It is valid only for the account's `keyEpoch` in which it was made. */
export type KnownKey = {
  readonly id: string;
  readonly accountId: string;
  readonly epoch: number;
  readonly scopes: readonly ApiKeyScope[];
  readonly policy: string | null;
  readonly expiresAt: Date;
};

/**
 * The token's owner. `deviceId` null: a signed-in person. `epoch`: the account's epoch when the token was signed; it
 * increases when sessions are ended.
 */
export type TokenSubject = {
  readonly accountId: string;
  readonly epoch: number;
  readonly deviceId: string | null;
};
export type ReadToken = TokenSubject & { readonly expiresAt: Date };

/** What the caller presented. `keyDigest` null: an access token. For a key, `epoch` is the account's `keyEpoch`. */
export type Shown = ReadToken & { readonly keyDigest: string | null };

export type CallerTools = {
  /** The owner of a bearer token; null where the token is not valid. */
  readonly readToken: (token: string) => Promise<Shown | null>;
  /** API keys, by the digest of the key's text. */
  readonly apiKeys: Remembered<KnownKey>;
  readonly users: Remembered<KnownAccount>;
  /** The account's id, for devices that still have the right to send. */
  readonly devices: Remembered<string>;
  readonly now: () => Date;
};

/** RFC 6750 §2.1; RFC 9110 §11.1: the scheme's name is case-insensitive. */
const BEARER = /^bearer +([A-Za-z0-9._~+/=-]+)$/i;

/** Sets `caller`. */
export function authenticate(tools: CallerTools): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    const [, token] = BEARER.exec(c.req.header('authorization') ?? '') ?? [];
    const subject = token ? await tools.readToken(token) : null;
    c.set('caller', subject && (await callerWith(tools, subject)));
    c.set('tokenWatch', subject && watchToken(tools, subject));
    await next();
  };
}

function watchToken(tools: CallerTools, subject: Shown): TokenWatch {
  const { users, devices, apiKeys, now } = tools;
  const { accountId, deviceId, expiresAt, keyDigest } = subject;
  const isNotTaken = async (): Promise<boolean> => (await callerWith(tools, subject)) !== null;
  return {
    stillHolds: async () => now() < expiresAt && (await isNotTaken()),
    isNotTaken,
    watch(changed) {
      const ends = [
        users.watch(accountId, changed),
        ...(deviceId === null ? [] : [devices.watch(deviceId, changed)]),
        ...(keyDigest === null ? [] : [apiKeys.watch(keyDigest, changed)]),
      ];
      return () => {
        for (const end of ends) end();
      };
    },
  };
}

async function callerWith(
  { users, devices, apiKeys, now }: CallerTools,
  { accountId, epoch, deviceId, keyDigest }: Shown,
): Promise<Caller | null> {
  const known = await users.find(accountId);
  if (known === null || (keyDigest === null ? known.epoch : known.keyEpoch) !== epoch) return null;
  const user = { ...known.user, epoch: known.epoch };
  if (keyDigest !== null) {
    const key = await apiKeys.find(keyDigest);
    if (key === null || now() >= key.expiresAt) return null;
    const { id, scopes, policy } = key;
    return { ...user, scheme: 'bearer', scope: 'key', device: null, key: { id, scopes, policy } };
  }
  if (deviceId === null) return { ...user, scheme: 'bearer', scope: 'session', device: null };
  return (await devices.find(deviceId)) === accountId
    ? { ...user, scheme: 'bearer', scope: 'upload', device: deviceId }
    : null;
}
