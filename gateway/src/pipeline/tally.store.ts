/**
 * Time that is counted instead of dated. A clock may be set, by a year in a moment; so nothing that is true or false
 * of an instance (that it never arrived, that the PACS lost it) rests on a date.
 *
 * `minutes`: minutes in which a gateway ran on this database. Two counts differ by at most the minutes between
 * them, and one: so what must last n minutes has lasted them once more than n were counted. Time in which no
 * gateway ran, or in which the machine slept, is not counted.
 */
import { sql, type RawBuilder } from 'kysely';
import type { Db } from '../database/database.ts';

export const MINUTE_SECONDS = 60;

/** The minutes counted so far, inside a statement. */
export const minutesNow = (): RawBuilder<number> => sql<number>`(select minutes from tally)`;

/** The minutes counted so far. */
export async function countedMinutes(db: Db): Promise<number> {
  return (await db.selectFrom('tally').select('minutes').executeTakeFirstOrThrow()).minutes;
}

/**
 * To be called once a minute, by a clock that is never set. A minute is counted where nobody has counted since
 * the call before: several gateways count no more than one does.
 */
export function createMinuteCounter(db: Db): () => Promise<void> {
  let seen: number | null = null;
  return async () => {
    if (seen !== null) {
      const { numUpdatedRows } = await db
        .updateTable('tally')
        .set({ minutes: seen + 1 })
        .where('minutes', '=', seen)
        .executeTakeFirst();
      if (numUpdatedRows > 0n) {
        seen += 1;
        return;
      }
    }
    seen = await countedMinutes(db);
  };
}
