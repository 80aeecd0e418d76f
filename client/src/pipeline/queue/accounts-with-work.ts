/** Whose studies go on without anybody: what the service worker asks before and after it was given time. */
import type { LocalDatabase, StudyRow } from './local-database.ts';

/** Still being packed is for the page that packs; what needs a person is for a person. */
const GOES_ON: ReadonlySet<StudyRow['state']> = new Set(['safe', 'uploading', 'at-gateway']);

/** Accounts with a study that is not paused and not yet confirmed; without those of nobody known, who are whoever's signs in first. */
export async function accountsWithWork(database: LocalDatabase): Promise<readonly string[]> {
  const rows = await database.studies.filter(({ state, paused, packing, account = null }) => GOES_ON.has(state) && !paused && !packing && account !== null).toArray();
  return [...new Set(rows.map(({ account }) => account!))];
}
