/**
 * Identifies the caller: reads the bearer token or API key and checks that its account, and its device if it names
 * one, still have rights. It refuses nobody; a route's roles and scopes do.
 */
import type { MiddlewareHandler } from 'hono';
import type { User } from '#shared/protocol/api.ts';
import type { ApiKeyScope } from '#shared/protocol/api-key.ts';
import type { MessageChannel } from '../database/message-channel.ts';
import type { Caller, GatewayEnv, TokenWatch } from './route.ts';

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
  /** Calls `changed` whenever this id is forgotten. Returns the function that ends it. */
  watch(id: string, changed: () => void): () => void;
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
      // A value that was forgotten while it was read may have been read too early.
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

/** An account that is not disabled; tokens of an earlier epoch no longer hold, nor do keys of an earlier `keyEpoch`. */
export type KnownAccount = { readonly user: User; readonly epoch: number; readonly keyEpoch: number };

/** An API key that was not revoked; it ends with the account's `keyEpoch` as well. */
export type KnownKey = {
  readonly id: string;
  readonly accountId: string;
  readonly epoch: number;
  readonly scopes: readonly ApiKeyScope[];
  readonly policy: string | null;
  readonly expiresAt: Date;
};

/**
 * The token's owner; `deviceId` null: a person who is signed in. `epoch`: the account's when it was signed; it
 * grows when sessions are ended.
 */
export type TokenSubject = {
  readonly accountId: string;
  readonly epoch: number;
  readonly deviceId: string | null;
};
export type ReadToken = TokenSubject & { readonly expiresAt: Date };

/** The caller's proof; `keyDigest` null: an access token. Of a key, `epoch` is the account's `keyEpoch`. */
export type Shown = ReadToken & { readonly keyDigest: string | null };

export type CallerTools = {
  /** The owner that a bearer token names, or null where it is not valid. */
  readonly readToken: (token: string) => Promise<Shown | null>;
  /** API keys, by the digest of their text. */
  readonly apiKeys: Remembered<KnownKey>;
  readonly users: Remembered<KnownAccount>;
  /** The account's id, for devices whose right has not ended. */
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
