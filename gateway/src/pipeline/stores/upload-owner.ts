/**
 * The uploads that a caller may touch. A signed-in person: all uploads of the account, from any device. A device with
 * its right to send: only the uploads it made itself; it never learns of the others.
 */
import { sql } from 'kysely';
import { SENDERS } from '#shared/protocol/policy.ts';
import type { Db } from '../../database/database.ts';
import type { Caller } from '../../http/route.ts';

/** `deviceId` null: all uploads of the account. */
export type UploadOwner = { readonly accountId: string; readonly deviceId: string | null };

export function ownerOf({ id, device }: Pick<Caller, 'id' | 'device'>): UploadOwner {
  return { accountId: id, deviceId: device };
}

/**
 * The sender of a request. `epoch`: the account's epoch in the caller's token. `keyId`: the API key's, where one is
 * used. `policy`: the key's own, for requests that name none.
 */
export type Sender = UploadOwner & {
  readonly epoch: number;
  readonly keyId?: string;
  readonly policy?: string;
};

export function senderOf(caller: Caller): Sender {
  const sender = { ...ownerOf(caller), epoch: caller.epoch };
  if (caller.scope !== 'key') return sender;
  const { id: keyId, policy } = caller.key;
  return { ...sender, keyId, ...(policy !== null && { policy }) };
}

/**
 * Whether the sender's session, key or right to send still holds. Checked when anything of the sender's takes effect. A
 * key stays valid when its account's roles change, as long as they may send.
 */
export async function maySend(db: Db, sender: Sender, now: Date): Promise<boolean> {
  const { accountId, deviceId, epoch, keyId } = sender;
  const account = db
    .selectFrom('account')
    .select('account.id')
    .where('account.id', '=', accountId)
    .where('account.disabled_at', 'is', null);
  const ofEpoch = keyId === undefined ? account.where('account.epoch', '=', epoch) : account;
  const right =
    deviceId === null
      ? ofEpoch
      : ofEpoch
          .innerJoin('device', 'device.account_id', 'account.id')
          .where('device.id', '=', deviceId)
          .where('device.revoked_at', 'is', null);
  const held =
    keyId === undefined
      ? right
      : right
          .where(sql<boolean>`account.roles && ${[...SENDERS]}::text[]`)
          .where(({ exists, selectFrom }) =>
            exists(
              selectFrom('api_key')
                .select('api_key.id')
                .where('api_key.id', '=', keyId)
                .whereRef('api_key.epoch', '=', 'account.key_epoch')
                .where('revoked_at', 'is', null)
                .where('expires_at', '>', now),
            ),
          );
  return (await held.executeTakeFirst()) !== undefined;
}

export function isOwnedBy(
  { accountId, deviceId }: UploadOwner,
  upload: { readonly account_id: string | null; readonly device_id: string | null },
): boolean {
  return upload.account_id === accountId && (deviceId === null || upload.device_id === deviceId);
}
