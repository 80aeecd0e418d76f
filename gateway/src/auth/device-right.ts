/**
 * The right to send that outlives a login: a device is enrolled while its user is signed in, and later shows
 * by a signed assertion that it is the same one. The token it then gets opens only the uploads of this
 * device, with the roles that the account has at that moment.
 *
 * It ends with the account: a new password, or being disabled, ends it as it ends sessions. It also ends when
 * it is unused for long. Only the account's user can renew it, by signing in.
 */
import { calculateJwkThumbprint } from 'jose';
import { Problem } from '#shared/protocol/problem.ts';
import type { User } from '#shared/protocol/api.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Db, Trx } from '../database/database.ts';
import type { RateLimit } from '../http/rate-limit.ts';
import { ACCESS_TOKEN_SECONDS, type AccessTokens } from './access-token.ts';
import { findAccount } from './account.store.ts';
import { checkAssertion, deviceNamedIn, isUsableKey } from './device-assertion.ts';
import {
  type Device,
  endDevices,
  findDevice,
  insertOrRenewDevice,
  livingDevices,
  lockDevice,
  type PublicEcKey,
  useAssertion,
} from './device.store.ts';

/**
 * Twice the longest time that a queue waits in a drawer and is still wanted; a key that nobody misses should
 * not send for ever.
 */
export const UNUSED_DAYS = 60;
const UNUSED_MS = UNUSED_DAYS * 86_400_000;
/**
 * A ward's tablets may share an account, and each browser profile is one; beyond that somebody enrols without
 * end.
 */
const DEVICES_LIMIT = 200;

export type DeviceRightTools = {
  readonly db: Db;
  readonly accessTokens: AccessTokens;
  /** The same buckets as signing in: attempts for one device from one address, and for one address in all. */
  readonly attempts: { readonly perName: RateLimit; readonly perAddress: RateLimit };
  readonly now: () => Date;
  /** The first is what enrolment tells the device; each of them means this gateway. */
  readonly audiences: readonly [string, ...string[]];
  /** These devices no longer have a right: forget their cached answers. */
  readonly forget: (deviceIds: readonly string[]) => void;
};

type Because = 'unused' | 'too-many' | 'user-disabled' | 'password-set';

/** Ends all rights of an account, in the transaction that changes it. The devices that had one. */
export async function endRightsOf(
  trx: Trx,
  account: { readonly id: string; readonly siteId: string },
  because: Because,
  now: Date,
): Promise<readonly string[]> {
  return endRights(trx, { siteId: account.siteId, accountId: account.id }, because, now);
}

async function endRights(
  trx: Trx,
  which: { readonly siteId: string; readonly accountId: string; readonly ids?: readonly string[] },
  because: Because,
  now: Date,
): Promise<readonly string[]> {
  if (which.ids?.length === 0) return [];
  const devices = await endDevices(trx, which, now);
  if (devices.length > 0)
    await recordAudit(
      trx,
      which.siteId,
      { event: 'device-ended', accountId: which.accountId, devices, because },
      now,
    );
  return devices;
}

/**
 * Gives the device with this key the right to send the studies that this user queues on it. Repeatable.
 * @throws Problem invalid-request.
 */
export async function enrolDevice(tools: DeviceRightTools, user: User, key: PublicEcKey): Promise<string> {
  const { kty, crv, x, y } = key;
  const publicKey = { kty, crv, x, y };
  if (!(await isUsableKey(publicKey))) throw new Problem('invalid-request', 'Invalid: publicKey.');
  const thumbprint = await calculateJwkThumbprint(publicKey);
  const now = tools.now();
  const { deviceId, ended } = await tools.db.transaction().execute(async (trx) => {
    const deviceId = await insertOrRenewDevice(
      trx,
      { siteId: user.siteId, accountId: user.id, thumbprint, publicKey },
      now,
    );
    const living = (await livingDevices(trx, user.id)).filter(({ id }) => id !== deviceId);
    const unused = living.filter((device) => isUnused(device, now)).map(({ id }) => id);
    const beyond = living
      .slice(unused.length, Math.max(unused.length, living.length + 1 - DEVICES_LIMIT))
      .map(({ id }) => id);
    const ended = [
      ...(await endRights(trx, { siteId: user.siteId, accountId: user.id, ids: unused }, 'unused', now)),
      ...(await endRights(trx, { siteId: user.siteId, accountId: user.id, ids: beyond }, 'too-many', now)),
    ];
    await recordAudit(trx, user.siteId, { event: 'device-enrolled', accountId: user.id, deviceId }, now);
    return { deviceId, ended };
  });
  tools.forget([...ended, deviceId]);
  return deviceId;
}

function isUnused({ last_seen_at }: Pick<Device, 'last_seen_at'>, now: Date): boolean {
  return now.getTime() - last_seen_at.getTime() > UNUSED_MS;
}

export type DeviceToken = { readonly accessToken: string; readonly expiresIn: number };

/**
 * A short token for a device's own uploads. A caller that cannot sign for the device learns nothing about it:
 * unknown, ended and forged get the same answer. @throws Problem session-ended: only its user can renew the
 * right; assertion-refused: another assertion may hold; rate-limited.
 */
export async function giveDeviceToken(
  tools: DeviceRightTools,
  assertion: string,
  address: string,
): Promise<DeviceToken> {
  const { db, attempts, now, audiences } = tools;
  const named = deviceNamedIn(assertion);
  const waitSeconds = Math.max(
    attempts.perName.take(`${address} device ${named ?? ''}`),
    attempts.perAddress.take(address),
  );
  if (waitSeconds > 0) throw new Problem('rate-limited', undefined, { 'Retry-After': String(waitSeconds) });
  if (named === null) throw new Problem('assertion-refused');
  const device = await findDevice(db, named);
  if (!device) throw new Problem('session-ended');
  const check = await checkAssertion(
    assertion,
    { id: device.id, publicKey: device.public_key },
    audiences,
    now(),
  );
  if (check.kind === 'forged') throw new Problem('session-ended');
  if (check.kind === 'untrue') throw new Problem('assertion-refused');
  const outcome = await db.transaction().execute((trx) => useRight(trx, device.id, check, now()));
  switch (outcome) {
    case 'ended':
      tools.forget([device.id]);
      throw new Problem('session-ended');
    case 'used-before':
      throw new Problem('assertion-refused');
    case 'holds':
      return {
        accessToken: await tools.accessTokens.sign({ accountId: device.account_id, deviceId: device.id }),
        expiresIn: ACCESS_TOKEN_SECONDS,
      };
    default:
      return outcome satisfies never;
  }
}

/**
 * Looks again under a lock: an account may be disabled at this moment. The end of a right must be committed,
 * so this never throws to refuse.
 */
async function useRight(
  trx: Trx,
  deviceId: string,
  assertion: { readonly jti: string; readonly usableUntil: Date },
  now: Date,
): Promise<'holds' | 'used-before' | 'ended'> {
  const device = await lockDevice(trx, deviceId);
  if (!device || device.revoked_at !== null) return 'ended';
  const account = await findAccount(trx, { id: device.account_id });
  if (!account || account.isDisabled) return 'ended';
  if (isUnused(device, now)) {
    await endRights(
      trx,
      { siteId: device.site_id, accountId: device.account_id, ids: [device.id] },
      'unused',
      now,
    );
    return 'ended';
  }
  return (await useAssertion(trx, deviceId, assertion, now)) ? 'holds' : 'used-before';
}
