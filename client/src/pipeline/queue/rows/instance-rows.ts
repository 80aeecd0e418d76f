/** Reads the rows of a study's instances in batches, so that thousands of rows do not block the page's thread. */
import { Dexie } from 'dexie';
import { countReasons } from '../count-reasons.ts';
import type { InstanceRow, LocalDatabase } from './local-database.ts';

/** The batch size in a worker. All rows of a large study at once would be a message of several megabytes. */
const ROWS_AT_ONCE = 200;

/** The batch size on the page's thread. */
export const FEW_ROWS = 50;

/** Returns the rows in the order of the chosen files. `atOnce`: the batch size. */
export async function instancesOf(
  database: LocalDatabase,
  studyId: string,
  atOnce = ROWS_AT_ONCE,
): Promise<InstanceRow[]> {
  const rows: InstanceRow[] = [];
  for (let after: number = Number.NEGATIVE_INFINITY; ; ) {
    const some = await database.instances
      .where('[studyId+position]')
      .between([studyId, after], [studyId, Dexie.maxKey], false)
      .limit(atOnce)
      .toArray();
    rows.push(...some);
    if (some.length < atOnce) return rows;
    after = some.at(-1)!.position;
  }
}

export async function putInstances(database: LocalDatabase, rows: readonly InstanceRow[]): Promise<void> {
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE)
    await database.instances.bulkPut(rows.slice(at, at + ROWS_AT_ONCE));
}

/** Updates the study's row after the states of single instances were changed. Part of the caller's transaction. */
export async function recountReasons(database: LocalDatabase, studyId: string): Promise<void> {
  await database.studies.update(studyId, { reasons: countReasons(await instancesOf(database, studyId)) });
}
