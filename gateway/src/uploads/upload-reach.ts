/**
 * Which uploads a caller reaches. Who is signed in: all of the account's, from whatever device. A device by
 * its right to send: its own alone; that there are others is not said.
 */
import type { Caller } from '../http/route.ts';

/** `deviceId` null: all of the account's. */
export type Reach = { readonly accountId: string; readonly deviceId: string | null };

export function reachOf({ id, device }: Pick<Caller, 'id' | 'device'>): Reach {
  return { accountId: id, deviceId: device };
}

export function isWithin(
  { accountId, deviceId }: Reach,
  upload: { readonly account_id: string | null; readonly device_id: string | null },
): boolean {
  return upload.account_id === accountId && (deviceId === null || upload.device_id === deviceId);
}
