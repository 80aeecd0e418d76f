/** Minutes go by in which a gateway runs. */
import type { Db } from '../database/database.ts';

/** Minutes, or parts of them, of which the whole ones are counted. */
export function createMinutes(db: Db): (minutes: number) => Promise<void> {
  let passed = 0;
  return async (minutes) => {
    const whole = Math.floor(passed + minutes) - Math.floor(passed);
    passed += minutes;
    if (whole > 0) await passMinutes(db, whole);
  };
}

/** Whole minutes. The clock of the gateway is another matter: it moves when the test says so. */
export async function passMinutes(db: Db, minutes: number): Promise<void> {
  await db
    .updateTable('tally')
    .set((column) => ({ minutes: column('minutes', '+', minutes) }))
    .execute();
}

export const DAY_MINUTES = 24 * 60;
