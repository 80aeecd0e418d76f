/**
 * The accounts whose studies wait on this device. Each account's studies are sent under its own right, whoever is
 * signed in.
 */
import { liveQuery } from 'dexie';
import type { LocalDatabase, StudyRow } from './local-database.ts';
import { knownWifiTerms, waitsForWifi } from './wifi-terms.ts';
import { isUntold } from './withheld-of.ts';

/**
 * Studies that are still being packed belong to the page that packs them. Studies that need a person wait for that
 * person.
 */
const GOES_ON: ReadonlySet<StudyRow['state']> = new Set(['safe', 'uploading', 'at-gateway']);
const OVER: ReadonlySet<StudyRow['state']> = new Set(['done', 'taken-back', 'failed']);

/**
 * Calls `onChange` with the accounts that have waiting studies, now and on every change. Returns a function that
 * stops it.
 */
export function watchAccounts(
  database: LocalDatabase,
  onChange: (accounts: readonly (string | null)[]) => void,
): () => void {
  let last = '';
  const subscription = liveQuery(() => accountsIn(database)).subscribe((accounts) => {
    const now = accounts.join();
    if (now === last) return;
    last = now;
    onChange(accounts);
  });
  return () => subscription.unsubscribe();
}

/** null stands for studies queued while nobody was signed in. */
async function accountsIn(database: LocalDatabase): Promise<readonly (string | null)[]> {
  const rows = (await database.studies.toArray()).filter((row) => !OVER.has(row.state) || isUntold(row));
  return [...new Set(rows.map(({ account }) => account))];
}

/**
 * The accounts with a study that can be sent without a person: neither paused nor confirmed yet. The service worker
 * asks for them before and after a background run. `isMetered`: leaves out studies that wait for Wi-Fi.
 */
export async function accountsWithWork(
  database: LocalDatabase,
  isMetered = false,
): Promise<readonly string[]> {
  const terms = await knownWifiTerms(database);
  const rows = await database.studies
    .filter(
      (row) =>
        (GOES_ON.has(row.state) || isUntold(row)) &&
        !row.paused &&
        !row.packing &&
        row.account !== null &&
        !waitsForWifi(terms, isMetered, row),
    )
    .toArray();
  return [...new Set(rows.map(({ account }) => account!))];
}

/** Gives this account the studies that were queued while nobody was signed in. */
export async function claimNobodys(database: LocalDatabase, account: string): Promise<void> {
  await database.studies.filter((study) => study.account === null).modify({ account });
}

/** Marks all open studies of this account as waiting for their owner, or clears that mark. */
export async function tellOwnerMissing(
  database: LocalDatabase,
  account: string,
  isMissing: boolean,
): Promise<void> {
  await database.studies.toCollection().modify((study) => {
    if (
      study.account !== account ||
      OVER.has(study.state) ||
      study.state === 'attention' ||
      study.waiting === 'interrupted'
    )
      return;
    if (isMissing) study.waiting = 'signed-out';
    else if (study.waiting === 'signed-out') study.waiting = null;
  });
}
