/** Whose studies wait on this device: each account's are sent by its own right, whoever is signed in. */
import { liveQuery } from 'dexie';
import type { LocalDatabase, StudyRow } from './local-database.ts';

/** Still being packed is for the page that packs; what needs a person is for a person. */
const GOES_ON: ReadonlySet<StudyRow['state']> = new Set(['safe', 'uploading', 'at-gateway']);
const OVER: ReadonlySet<StudyRow['state']> = new Set(['done', 'taken-back', 'failed']);

/**
 * Calls `onChange` with the accounts that have something in the queue, now and whenever that changes; returns
 * how to stop that.
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

/** null: studies that were queued while nobody was known. */
async function accountsIn(database: LocalDatabase): Promise<readonly (string | null)[]> {
  const rows = (await database.studies.toArray()).filter(({ state }) => !OVER.has(state));
  return [...new Set(rows.map(({ account }) => account))];
}

/**
 * Accounts with a study that goes on without anybody, not paused and not yet confirmed: what the service
 * worker asks before and after it was given time.
 */
export async function accountsWithWork(database: LocalDatabase): Promise<readonly string[]> {
  const rows = await database.studies
    .filter(
      ({ state, paused, packing, account }) => GOES_ON.has(state) && !paused && !packing && account !== null,
    )
    .toArray();
  return [...new Set(rows.map(({ account }) => account!))];
}

/** What was queued while nobody was known is theirs who is here. */
export async function claimNobodys(database: LocalDatabase, account: string): Promise<void> {
  await database.studies.filter((study) => study.account === null).modify({ account });
}

/** Says of all that this account has under way that it waits for its owner, or no longer does. */
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
