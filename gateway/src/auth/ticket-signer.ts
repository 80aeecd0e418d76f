/**
 * Finds the device that has signed a ticket from a stick, and the account for which it sends, if both still may send.
 */
import { Problem } from '#shared/protocol/problem.ts';
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import type { Db } from '../database/database.ts';
import { type Account, findAccount } from './account.store.ts';
import { checkGrant, deviceNamedIn, type Signed } from './check-grant.ts';
import { findDevice } from './device.store.ts';
import { isUnused } from './device-right.ts';

export type Signer = { readonly deviceId: string; readonly account: Account; readonly signedAt: Date };

const PROBLEM_OF = {
  expired: 'stick-expired',
  ahead: 'stick-clock-ahead',
  forged: 'stick-damaged',
} as const satisfies Record<string, AnyProblemCode>;

/**
 * Throws Problem `stick-damaged` if no device of ours has made this signature; `stick-expired`; `stick-clock-ahead`;
 * `stick-sender-ended` if the device's right has ended or it belongs to another site than the caller.
 */
export async function findSigner(
  { db, now }: { readonly db: Db; readonly now: () => Date },
  grant: string,
  signed: Signed,
  siteId: string,
): Promise<Signer> {
  const named = deviceNamedIn(grant);
  const device = named === null ? undefined : await findDevice(db, named);
  if (device === undefined) throw new Problem('stick-damaged');
  const check = await checkGrant(grant, { id: device.id, publicKey: device.public_key }, signed, now());
  if (typeof check === 'string') throw new Problem(PROBLEM_OF[check]);
  const account = await findAccount(db, { id: device.account_id });
  const hasEnded = device.revoked_at !== null || isUnused(device, now());
  if (hasEnded || account === null || account.isDisabled || device.site_id !== siteId)
    throw new Problem('stick-sender-ended');
  return { deviceId: device.id, account, ...check };
}
