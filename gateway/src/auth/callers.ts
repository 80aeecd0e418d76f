/**
 * Finds the owner of a token, and whether its account and device are still valid. It reads the token, then the
 * database, and caches the answer for a few seconds. Gateways on one database tell each other whose rights have
 * changed.
 */
import type { Db } from '../database/database.ts';
import type { MessageChannel } from '../database/message-channel.ts';
import {
  createRemembered,
  type CallerTools,
  type KnownAccount,
  type KnownKey,
  type Remembered,
  type Shown,
} from '../http/authenticate.ts';
import type { Keys } from '../keys.ts';
import { createAccessTokens, type AccessTokens } from './access-token.ts';
import { findAccount, toUser } from './account.store.ts';
import { createKeyTexts, isKeyText, type KeyTexts } from '../http/api-key.ts';
import { useApiKey } from './api-key.store.ts';
import { findDevice } from './device.store.ts';

export type Callers = CallerTools & {
  readonly accessTokens: AccessTokens;
  /** Call it when the rights of the account, or of these devices, have changed. */
  forgetAccount(accountId: string, deviceIds: readonly string[]): void;
  forgetDevices(deviceIds: readonly string[]): void;
  readonly keyTexts: KeyTexts;
  /** Call it when the API key with this digest has ended. */
  forgetApiKey(digest: string): void;
};

type CallersTools = {
  readonly db: Db;
  readonly keys: Pick<Keys, 'tokens' | 'tokenKey' | 'secretFor'>;
  readonly publicUrl: string;
  readonly now: () => Date;
  /** Milliseconds. */
  readonly clock: () => number;
  readonly newId: () => string;
  /** The channel to the other gateways; null if this gateway runs alone. */
  readonly channel: (name: string) => Promise<MessageChannel | null>;
};

export async function openCallers(tools: CallersTools): Promise<Callers> {
  const { db, keys, publicUrl, now, clock, newId, channel } = tools;
  const accessTokens = createAccessTokens({
    signingKey: () => keys.tokens,
    keyOf: keys.tokenKey,
    issuer: publicUrl,
    now,
    newId,
  });
  const users = createRemembered((id) => enabledAccount(db, id), clock, await channel('relaypacs_users'));
  const devices = createRemembered(
    (id) => accountOfDevice(db, id),
    clock,
    await channel('relaypacs_devices'),
  );
  const apiKeys = createRemembered(
    (digest) => useApiKey(db, digest, now()),
    clock,
    await channel('relaypacs_api_keys'),
  );
  const keyTexts = createKeyTexts(keys.secretFor('api key'));
  const forgetDevices = (ids: readonly string[]): void => {
    for (const id of ids) devices.forget(id);
  };
  return {
    accessTokens,
    async readToken(token) {
      if (isKeyText(token)) return readKey(apiKeys, keyTexts.read(token));
      const read = await accessTokens.read(token);
      return read && { ...read, keyDigest: null };
    },
    users,
    devices,
    apiKeys,
    keyTexts,
    now,
    forgetApiKey: apiKeys.forget,
    forgetDevices,
    forgetAccount(accountId, deviceIds) {
      users.forget(accountId);
      forgetDevices(deviceIds);
    },
  };
}

async function readKey(apiKeys: Remembered<KnownKey>, keyDigest: string | null): Promise<Shown | null> {
  const key = keyDigest === null ? null : await apiKeys.find(keyDigest);
  if (key === null) return null;
  const { accountId, epoch, expiresAt } = key;
  return { accountId, epoch, expiresAt, deviceId: null, keyDigest };
}

async function enabledAccount(db: Db, id: string): Promise<KnownAccount | null> {
  const account = await findAccount(db, { id });
  return account && !account.isDisabled
    ? { user: toUser(account), epoch: account.epoch, keyEpoch: account.keyEpoch }
    : null;
}

/** The account of a device, if its right to send has not ended. */
async function accountOfDevice(db: Db, id: string): Promise<string | null> {
  const device = await findDevice(db, id);
  return device && device.revoked_at === null ? device.account_id : null;
}
