/**
 * The right to send, which outlives a login. A device is enrolled while its user is signed in, and later proves with
 * a signed assertion that it is the same one. The token that it then gets gives access only to the uploads of this
 * device, with the roles that the account has at that time.
 *
 * The right ends with the account's sessions: when the password is changed, the account is disabled or the user signs
 * out everywhere. It also ends if it is unused for long. Only the account's user can renew it, by signing in.
 */
import { calculateJwkThumbprint } from 'jose';
import { DAY_MS } from '#shared/day.ts';
import { UNUSED_DAYS } from '#shared/protocol/limits.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Db, Trx } from '../database/database.ts';
import { type Caller, tokenEnded } from '../http/route.ts';
import { ACCESS_TOKEN_SECONDS, type AccessTokens } from './access-token.ts';
import { type Account, holdAccount } from './account.store.ts';
import type { Attempts } from './attempts.ts';
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

const UNUSED_MS = UNUSED_DAYS * DAY_MS;
/**
 * Devices of an account. The tablets of a ward may share an account, and each browser profile is a device. A larger
 * number means that somebody enrols without end.
 */
const DEVICES_LIMIT = 200;

export type DeviceRightTools = {
  readonly db: Db;
  readonly accessTokens: AccessTokens;
  readonly attempts: Attempts;
  readonly now: () => Date;
  /** Names of this gateway. Enrolment tells the device the first one. */
  readonly audiences: readonly [string, ...string[]];
  /** Drops the cached answers for these devices, which no longer have a right. */
  readonly forget: (deviceIds: readonly string[]) => void;
};

type Because = 'unused' | 'too-many' | 'user-disabled' | 'password-set' | 'signed-out';

/** Ends all rights to send of an account, in the transaction that changes it. Returns the devices that had one. */
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
 * @throws Problem invalid-request; not-authenticated if the caller's session was ended meanwhile.
 */
export async function enrolDevice(
  tools: DeviceRightTools,
  user: Pick<Caller, 'id' | 'siteId' | 'epoch'>,
  { name, key }: { readonly name: string | null; readonly key: PublicEcKey },
): Promise<string> {
  const { kty, crv, x, y } = key;
  const publicKey = { kty, crv, x, y };
  if (!(await isUsableKey(publicKey))) throw new Problem('invalid-request', 'Invalid: publicKey.');
  const thumbprint = await calculateJwkThumbprint(publicKey);
  const now = tools.now();
  const { deviceId, ended } = await tools.db.transaction().execute(async (trx) => {
    await requireEpoch(trx, user);
    const deviceId = await insertOrRenewDevice(
      trx,
      { siteId: user.siteId, accountId: user.id, name, thumbprint, publicKey },
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

/** A right must not outlive the session that asked for it. @throws Problem not-authenticated. */
async function requireEpoch(trx: Trx, { id, epoch }: Pick<Caller, 'id' | 'epoch'>): Promise<void> {
  const account = await holdAccount(trx, id);
  if (account === null || account.isDisabled || account.epoch !== epoch) throw tokenEnded();
}

/** Whether the device was unseen for so long that its right ends when it is next checked. */
export function isUnused({ last_seen_at }: Pick<Device, 'last_seen_at'>, now: Date): boolean {
  return last_seen_at < unusedSince(now);
}

/** A device that was last seen before this time is unused. */
export const unusedSince = (now: Date): Date => new Date(now.getTime() - UNUSED_MS);

type DeviceToken = { readonly accessToken: string; readonly expiresIn: number };

/**
 * Gives a short-lived token for a device's own uploads. A caller that cannot sign for the device learns nothing about
 * it: an unknown device, an ended right and a forged assertion get the same answer and do not count against the
 * device's attempts.
 * @throws Problem session-ended: only its user can renew the right; assertion-refused: another assertion may be
 * accepted; too-many-attempts.
 */
export async function giveDeviceToken(tools: DeviceRightTools, assertion: string): Promise<DeviceToken> {
  const { db, attempts, now, audiences } = tools;
  const named = deviceNamedIn(assertion);
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
  attempts.takeAssertion(device.id);
  if (check.kind === 'untrue') throw new Problem('assertion-refused');
  const outcome = await db.transaction().execute((trx) => useRight(trx, device, check, now()));
  switch (outcome.kind) {
    case 'ended':
      tools.forget([device.id]);
      throw new Problem('session-ended');
    case 'used-before':
      throw new Problem('assertion-refused');
    case 'holds': {
      const subject = { accountId: outcome.account.id, epoch: outcome.account.epoch, deviceId: device.id };
      return { accessToken: await tools.accessTokens.sign(subject), expiresIn: ACCESS_TOKEN_SECONDS };
    }
    default:
      return outcome satisfies never;
  }
}

type Use =
  | { readonly kind: 'holds'; readonly account: Account }
  | { readonly kind: 'used-before' }
  | { readonly kind: 'ended' };

/**
 * Checks the right again under a lock, because the account may be disabled at this moment. It reports a refusal by
 * its result and never throws one, because the end of a right must be committed.
 */
async function useRight(
  trx: Trx,
  { id, account_id: accountId }: Device,
  assertion: { readonly jti: string; readonly usableUntil: Date },
  now: Date,
): Promise<Use> {
  const account = await holdAccount(trx, accountId);
  const device = await lockDevice(trx, id);
  if (!device || device.revoked_at !== null) return { kind: 'ended' };
  if (!account || account.isDisabled) return { kind: 'ended' };
  if (isUnused(device, now)) {
    await endRights(
      trx,
      { siteId: device.site_id, accountId: device.account_id, ids: [device.id] },
      'unused',
      now,
    );
    return { kind: 'ended' };
  }
  return (await useAssertion(trx, id, assertion, now)) ? { kind: 'holds', account } : { kind: 'used-before' };
}
