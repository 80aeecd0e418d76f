/**
 * The rows of a study's instances, thousands at a time, in pieces that leave the page's thread free in
 * between.
 */
import { Dexie } from 'dexie';
import { countReasons } from '../count-reasons.ts';
import type { InstanceRow, LocalDatabase } from './local-database.ts';

/** Beside the thread that draws; all of a large study at once would be a message of megabytes. */
const ROWS_AT_ONCE = 200;

/** For who reads on the thread that draws. */
export const FEW_ROWS = 50;

/** In the order of the files that were chosen; `atOnce`: so many in one piece. */
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

/**
 * After states of instances were changed one by one: what the study's row says of them. Part of the caller's
 * transaction.
 */
export async function recountReasons(database: LocalDatabase, studyId: string): Promise<void> {
  await database.studies.update(studyId, { reasons: countReasons(await instancesOf(database, studyId)) });
}
