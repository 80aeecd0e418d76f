/** Coarse forms of the dates of the PACS (PS3.5 §6.2, DA: YYYYMMDD). An invalid date becomes null. */

const DATE = /^(\d{4})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/;
/** Ages over a hundred are so rare that a band would identify the person. */
const OLDEST_BAND = 90;

/** The form is `40 to 49` because a spreadsheet reads `10-19` as a date. Null: unknown, or born after the study. */
export function ageBandOf(birthDate: string | null | undefined, on: string | null): string | null {
  if (!DATE.test(birthDate ?? '') || !DATE.test(on ?? '')) return null;
  // Whole years between two dates, as digits: 20261123 - 19800224 = 460899.
  const age = Math.floor((Number(on) - Number(birthDate)) / 10_000);
  if (age < 0) return null;
  if (age >= OLDEST_BAND) return `${OLDEST_BAND} and over`;
  const from = age - (age % 10);
  return `${from} to ${from + 9}`;
}

/** In the form `2026-11`. */
export function monthOf(date: string | null): string | null {
  const [, year, month] = DATE.exec(date ?? '') ?? [];
  return year === undefined ? null : `${year}-${month}`;
}
