/**
 * Moves dates by whole days (PS3.15 E.3.6, modified dates), and tells whether a value is a date at all: a name in
 * place of a date must not pass as one. Times of day stay, so that intervals between events can still be computed.
 */
import { DAY_MS } from '../day.ts';

/** PS3.5 §6.2 DA: YYYYMMDD; "YYYY.MM.DD" was the form of ACR-NEMA 2.0 and is still met. */
const DATE = /^(\d{4})(\.?)(\d{2})\2(\d{2})$/;
/** PS3.5 §6.2 DT: YYYYMMDDHHMMSS.FFFFFF&ZZXX, trailing parts may be missing. */
const DATE_TIME =
  /^(\d{4})(?:(\d{2})(?:(\d{2})((?:\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?))?)?([+-]\d{4})?$/;
/** PS3.5 §6.2 TM, and the "HH:MM:SS" of ACR-NEMA 2.0. */
const TIME = /^\d{2}(:?\d{2}(:?\d{2}(\.\d{1,6})?)?)?$/;

/** Days since 1970-01-01, or null if the calendar has no such day. */
export function toDayNumber(year: number, month: number, day: number): number | null {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day)
    return null;
  return date.getTime() / DAY_MS;
}

/**
 * Year, month and day as digits; null outside the years 1 to 9999, because other years do not fit into four digits.
 */
export function fromDayNumber(days: number): [string, string, string] | null {
  const date = new Date(days * DAY_MS);
  const year = date.getUTCFullYear();
  if (Number.isNaN(year) || year < 1 || year > 9999) return null;
  return [
    String(year).padStart(4, '0'),
    String(date.getUTCMonth() + 1).padStart(2, '0'),
    String(date.getUTCDate()).padStart(2, '0'),
  ];
}

/** The day that a DA value names, or null. */
export function dayNumberOf(value: string): number | null {
  const [, year = '', , month = '', day = ''] = DATE.exec(value) ?? [];
  return toDayNumber(Number(year), Number(month), Number(day));
}

function shiftOneDate(value: string, days: number): string | null {
  const number = dayNumberOf(value);
  return number === null ? null : (fromDayNumber(number + days)?.join('') ?? null);
}

function shiftOneDateTime(value: string, days: number): string | null {
  const match = DATE_TIME.exec(value);
  if (match === null) return null;
  const [, year = '', month, day, time = '', zone = ''] = match;
  const number = toDayNumber(Number(year), Number(month ?? '1'), Number(day ?? '1'));
  const digits = number === null ? null : fromDayNumber(number + days);
  if (digits === null) return null;
  // Missing parts are not filled in: a year stays a year.
  const precision = day !== undefined ? 3 : month !== undefined ? 2 : 1;
  return digits.slice(0, precision).join('') + time + zone;
}

/**
 * Moves the one or several values of a DA or DT element by whole days. Spaces around a value are removed, so that they
 * do not prevent the shift. Null if any value is not a date of the calendar; the caller then treats the whole value as
 * if no dates were to be retained.
 */
export function shiftDates(vr: 'DA' | 'DT', value: string, days: number): string | null {
  const shifted = value.split('\\').map((one) => {
    const trimmed = one.trim();
    if (trimmed === '') return '';
    return vr === 'DA' ? shiftOneDate(trimmed, days) : shiftOneDateTime(trimmed, days);
  });
  return shifted.includes(null) ? null : shifted.join('\\');
}

/** PS3.3 §C.12.1.1.8, Timezone Offset From UTC: "&ZZXX". */
const OFFSET = /^[+-]\d{4}$/;
const FORMS: Readonly<Record<string, RegExp>> = { TM: TIME, SH: OFFSET };

/**
 * True if every value of a DA, DT or TM element is a valid date or time, or every value of an SH element an offset
 * from UTC. An empty value counts as valid.
 */
export function isTemporal(vr: string, value: string): boolean {
  if (vr === 'DA' || vr === 'DT') return shiftDates(vr, value, 0) !== null;
  return value.split('\\').every((one) => one.trim() === '' || (FORMS[vr]?.test(one.trim()) ?? false));
}
