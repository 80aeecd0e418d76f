/**
 * The uploads that a caller may touch. A person who is signed in: all uploads of the account, from any device.
 * A device with its right to send: only the uploads it made itself; it never learns of the others.
 */
import type { Caller } from '../http/route.ts';

/** `deviceId` null: all uploads of the account. */
export type UploadOwner = { readonly accountId: string; readonly deviceId: string | null };

export function ownerOf({ id, device }: Pick<Caller, 'id' | 'device'>): UploadOwner {
  return { accountId: id, deviceId: device };
}

export function isOwnedBy(
  { accountId, deviceId }: UploadOwner,
  upload: { readonly account_id: string | null; readonly device_id: string | null },
): boolean {
  return upload.account_id === accountId && (deviceId === null || upload.device_id === deviceId);
}
