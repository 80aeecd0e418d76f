/**
 * Time that is counted, not dated. A clock may be set, even by a year at once, so no fact about an instance (that it
 * never arrived, that the PACS lost it) depends on a date.
 *
 * `minutes`: the minutes in which a gateway ran on this database. The difference between two counts may exceed the time
 * between them by up to one minute, so n minutes have certainly passed once more than n were counted. Time in which no
 * gateway ran, or in which the machine slept, is not counted.
 */
import { sql, type RawBuilder } from 'kysely';
import type { Db } from '../../database/database.ts';

export const MINUTE_SECONDS = 60;

/** The minutes counted so far, as an SQL expression. */
export const minutesNow = (): RawBuilder<number> => sql<number>`(select minutes from tally)`;

/** The minutes counted so far. */
export async function countedMinutes(db: Db): Promise<number> {
  return (await db.selectFrom('tally').select('minutes').executeTakeFirstOrThrow()).minutes;
}

/**
 * Call the returned function once a minute, from a timer that does not depend on the wall clock. A minute is counted
 * only if no other gateway has counted since the last call: several gateways count no more than one does.
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
