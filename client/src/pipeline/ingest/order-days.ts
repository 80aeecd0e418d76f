/** Days of the calendar around the one of a study, as the gateway takes them (YYYY-MM-DD). */
import { DAY_MS } from '#shared/day.ts';

/** On each side: with the day itself as many as the gateway lists at once (WORKLIST_DAYS). */
export const DAYS_AROUND = 15;

/** A later year has more than four digits. */
export const LAST_DAY = '9999-12-31';
const FIRST = new Date('0000-01-01');
const LAST = new Date(LAST_DAY);

type Days = { readonly from: string; readonly to: string };

/** The day itself where there is none so far on: before year 0, and beyond `LAST_DAY`. */
export function shiftDay(day: string, by: number): string {
  const shifted = new Date(Date.parse(day) + by * DAY_MS);
  const isDay = shifted >= FIRST && shifted <= LAST;
  return isDay ? shifted.toISOString().slice(0, 10) : day;
}

export const daysAround = (day: string): Days => ({
  from: shiftDay(day, -DAYS_AROUND),
  to: shiftDay(day, DAYS_AROUND),
});
