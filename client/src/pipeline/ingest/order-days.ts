/** Days of the calendar around the one of a study, as the gateway takes them (YYYY-MM-DD). */

const DAY_MS = 24 * 3_600_000;
/** On each side: with the day itself as many as the gateway lists at once (WORKLIST_DAYS). */
export const DAYS_AROUND = 15;

type Days = { readonly from: string; readonly to: string };

export const shiftDay = (day: string, by: number): string =>
  new Date(Date.parse(day) + by * DAY_MS).toISOString().slice(0, 10);

export const daysAround = (day: string): Days => ({
  from: shiftDay(day, -DAYS_AROUND),
  to: shiftDay(day, DAYS_AROUND),
});
