/**
 * The device's right to send for each account, and the offset of the gateway's clock. The key stored here cannot be
 * read by a script, and no token is stored.
 */
import type { LocalDatabase } from './local-database.ts';

/** The right to send one account's queued studies (upload-right.ts). */
export interface KeptRight {
  /** ES256; the private key is not extractable. */
  readonly keys: CryptoKeyPair;
  /** The gateway's name for this device; null until the gateway has answered the enrolment. */
  readonly deviceId: string | null;
  /** The `aud` of assertions. */
  readonly audience: string;
  /** Whether the gateway ended the right. Only the account's user can then enrol the device again. */
  readonly hasEnded: boolean;
}

export async function keptRight(database: LocalDatabase, account: string): Promise<KeptRight | null> {
  return ((await database.device.get(`right/${account}`))?.value as KeptRight | undefined) ?? null;
}

export async function keepRight(database: LocalDatabase, account: string, right: KeptRight): Promise<void> {
  await database.device.put({ name: `right/${account}`, value: right });
}

/** Milliseconds by which the gateway's clock was ahead of this device's at the last answer; null: no answer yet. */
export async function knownClockOffset(database: LocalDatabase): Promise<number | null> {
  return ((await database.device.get('clock'))?.value as number | undefined) ?? null;
}

export async function rememberClockOffset(database: LocalDatabase, offsetMs: number): Promise<void> {
  await database.device.put({ name: 'clock', value: offsetMs });
}
