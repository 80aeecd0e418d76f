/**
 * "Send only over Wi-Fi": a setting of this device, for everybody's studies. On a metered connection nothing more of
 * a study is sent, but what the gateway has is followed as always. A person may still send what waits now; studies
 * queued later wait again.
 */
import type { LocalDatabase, StudyRow } from './local-database.ts';

export interface WifiTerms {
  readonly only: boolean;
  /** Studies queued up to this time are sent over any connection; in milliseconds since 1970. */
  readonly anywayUntil: number;
  /**
   * Ids of further studies to send: their queuing time is later than `anywayUntil`, because the device's clock was
   * set back.
   */
  readonly anyway: readonly string[];
}

const ANY_LINK: WifiTerms = { only: false, anywayUntil: 0, anyway: [] };

export async function knownWifiTerms(database: LocalDatabase): Promise<WifiTerms> {
  return { ...ANY_LINK, ...((await database.device.get('wifi'))?.value as Partial<WifiTerms> | undefined) };
}

export async function setWifiTerms(database: LocalDatabase, changed: Partial<WifiTerms>): Promise<void> {
  await database.transaction('rw', database.device, async () => {
    await database.device.put({ name: 'wifi', value: { ...(await knownWifiTerms(database)), ...changed } });
  });
}

/** Sends the studies that wait now over any connection. */
export async function sendAnyway(database: LocalDatabase, now: number): Promise<void> {
  const dated = await database.studies.filter(({ queuedAt }) => queuedAt > now).primaryKeys();
  await setWifiTerms(database, { anywayUntil: now, anyway: dated });
}

type OfStudy = Pick<StudyRow, 'id' | 'state' | 'named' | 'paused' | 'waiting' | 'queuedAt'>;

/** Whether the study has something to send, and only the metered connection keeps it here. */
export function waitsForWifi(terms: WifiTerms, isMetered: boolean, study: OfStudy): boolean {
  if (!terms.only || !isMetered || study.paused) return false;
  if (study.queuedAt <= terms.anywayUntil || terms.anyway.includes(study.id)) return false;
  if (study.waiting === 'interrupted') return false;
  return study.state === 'safe' || study.state === 'uploading' || (study.state === 'reading' && study.named);
}
