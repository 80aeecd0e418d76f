/**
 * What the device keeps of its right to send for each account, and of the gateway's time. A key that no
 * script can read, and no token.
 */
import type { LocalDatabase } from './local-database.ts';

/** The right to send what one account queued here (upload-right.ts). */
export interface KeptRight {
  /** ES256; the private key is not extractable. */
  readonly keys: CryptoKeyPair;
  /** The gateway's name for this device; null until it has answered the enrolment. */
  readonly deviceId: string | null;
  /** What assertions name as `aud`. */
  readonly audience: string;
  /** The gateway said so: only the account's user can begin it anew. */
  readonly hasEnded: boolean;
}

export async function keptRight(database: LocalDatabase, account: string): Promise<KeptRight | null> {
  return ((await database.device.get(`right/${account}`))?.value as KeptRight | undefined) ?? null;
}

export async function keepRight(database: LocalDatabase, account: string, right: KeptRight): Promise<void> {
  await database.device.put({ name: `right/${account}`, value: right });
}

/**
 * How many milliseconds the gateway's time was ahead of this device's, when it was last seen; null: never.
 */
export async function knownClockOffset(database: LocalDatabase): Promise<number | null> {
  return ((await database.device.get('clock'))?.value as number | undefined) ?? null;
}

export async function rememberClockOffset(database: LocalDatabase, offsetMs: number): Promise<void> {
  await database.device.put({ name: 'clock', value: offsetMs });
}
