/**
 * Devices with the right to send, in the database. Within an account, a device is identified by the thumbprint of its
 * public key (RFC 7638).
 */
import type { Selectable } from 'kysely';
import type { Db, Trx } from '../database/database.ts';
import type { DeviceTable } from '../database/tables.ts';

export type Device = Selectable<DeviceTable>;
export type PublicEcKey = Device['public_key'];

export async function findDevice(db: Db, id: string): Promise<Device | undefined> {
  return db.selectFrom('device').selectAll().where('id', '=', id).executeTakeFirst();
}

/**
 * Finds the device and locks it until the transaction ends, so that two assertions used at the same time are handled
 * one after the other.
 */
export async function lockDevice(trx: Trx, id: string): Promise<Device | undefined> {
  return trx.selectFrom('device').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

type NewDevice = {
  readonly siteId: string;
  readonly accountId: string;
  readonly name: string | null;
  readonly thumbprint: string;
  readonly publicKey: PublicEcKey;
};

/**
 * The id of the device with this key. A new key adds a device; a known one renews its right. Its uploads stay its
 * own.
 */
export async function insertOrRenewDevice(
  trx: Trx,
  { siteId, accountId, name, thumbprint, publicKey }: NewDevice,
  now: Date,
): Promise<string> {
  const row = await trx
    .insertInto('device')
    .values({
      site_id: siteId,
      account_id: accountId,
      name,
      thumbprint,
      public_key: JSON.stringify(publicKey),
      created_at: now,
      last_seen_at: now,
      revoked_at: null,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['account_id', 'thumbprint'])
        .doUpdateSet({ name, last_seen_at: now, revoked_at: null }),
    )
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

/** Ends these rights. Returns the ids of the devices whose right had not ended before. */
export async function endDevices(
  trx: Trx,
  where: { accountId: string; ids?: readonly string[] },
  now: Date,
): Promise<readonly string[]> {
  let query = trx
    .updateTable('device')
    .set({ revoked_at: now })
    .where('account_id', '=', where.accountId)
    .where('revoked_at', 'is', null);
  if (where.ids !== undefined) query = query.where('id', 'in', [...where.ids]);
  return (await query.returning('id').execute()).map(({ id }) => id);
}

/** The account's devices whose right has not ended, the one that was unseen for longest first. */
export async function livingDevices(
  db: Db,
  accountId: string,
): Promise<readonly Pick<Device, 'id' | 'created_at' | 'last_seen_at'>[]> {
  return db
    .selectFrom('device')
    .select(['id', 'created_at', 'last_seen_at'])
    .where('account_id', '=', accountId)
    .where('revoked_at', 'is', null)
    .orderBy('last_seen_at')
    .execute();
}

/**
 * Records that the device was seen and the assertion was used. False: the assertion was used before. Also deletes
 * assertions that have expired.
 */
export async function useAssertion(
  trx: Trx,
  deviceId: string,
  assertion: { readonly jti: string; readonly usableUntil: Date },
  now: Date,
): Promise<boolean> {
  await trx
    .deleteFrom('device_assertion')
    .where('device_id', '=', deviceId)
    .where('expires_at', '<', now)
    .execute();
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('device_assertion')
    .values({ device_id: deviceId, jti: assertion.jti, expires_at: assertion.usableUntil })
    .onConflict((conflict) => conflict.columns(['device_id', 'jti']).doNothing())
    .executeTakeFirst();
  if ((numInsertedOrUpdatedRows ?? 0n) === 0n) return false;
  await trx.updateTable('device').set({ last_seen_at: now }).where('id', '=', deviceId).execute();
  return true;
}
