/** Calendar days around the day of a study, in the gateway's format (YYYY-MM-DD). */
import { DAY_MS } from '#shared/day.ts';

/** The number of days on each side: with the day itself, as many as the gateway lists at once (WORKLIST_DAYS). */
export const DAYS_AROUND = 15;

/** The last day before years have more than four digits. */
export const LAST_DAY = '9999-12-31';
const FIRST = new Date('0000-01-01');
const LAST = new Date(LAST_DAY);

type Days = { readonly from: string; readonly to: string };

/** Returns the same day if there is none at that distance: before year 0, or after `LAST_DAY`. */
export function shiftDay(day: string, by: number): string {
  const shifted = new Date(Date.parse(day) + by * DAY_MS);
  const isDay = shifted >= FIRST && shifted <= LAST;
  return isDay ? shifted.toISOString().slice(0, 10) : day;
}

export const daysAround = (day: string): Days => ({
  from: shiftDay(day, -DAYS_AROUND),
  to: shiftDay(day, DAYS_AROUND),
});
