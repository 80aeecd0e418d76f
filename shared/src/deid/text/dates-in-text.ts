/**
 * Finds dates as people write them, and moves them by whole days in the same form (PS3.15 E.3.6: modified dates). The
 * form is kept so that comparisons in the text stay readable. Years alone and times of day stay, because they name no
 * day.
 */
import { composePattern } from '../../compose-pattern.ts';
import { fromDayNumber, toDayNumber } from '../dates.ts';
import {
  COUNT_BEHIND,
  COUNT_CUE,
  CUE_FAR,
  DATE_CUE,
  FORMS,
  PROGRAM_CUE,
  RANGE_BEFORE,
  RANGE_FAR,
  VERSION_CUE,
} from './date-forms.ts';
import type { Folded } from './fold.ts';
import type { KnownValues } from './known-values.ts';
import {
  MONTHS_AND_WORDS,
  MONTHS_WITH_A_YEAR,
  monthNameLike,
  monthNumber,
  ERAS,
  numberOf,
  ROMAN,
} from './month-names.ts';
import { UNIT } from './vocabulary.ts';

export interface FoundDate {
  readonly start: number;
  readonly end: number;
  /**
   * The days that the text may mean: more than one if day and month are ambiguous. None if the date cannot be moved,
   * because it lacks its year or the calendar has no such day.
   */
  readonly days: readonly number[];
  /** It is the build date of a program, which stays. */
  readonly isOfAProgram: boolean;
  /** Writes another day in the same form; null if that is not possible. */
  readonly moved: (days: number) => string | null;
}

/**
 * Two-digit years from here on belong to the last century: births lie in the past, and no image was made in the
 * future.
 */
const PIVOT = 41;
const YEARS = { least: 1850, most: 2150 };
/** The latest plausible year: R99 is not a year of the present Japanese era. */
const LATEST_YEAR = 2060;
/** In these years, a day that the calendar lacks (31.02.2024) counts as a mistaken date and not as something else. */
const WRITTEN_YEARS = { least: 1900, most: 2100 };
/** Years of the Islamic calendar since 1960. Such dates cannot be moved here. */
const HIJRI_YEARS = { least: 1380, most: 1460 };

type Groups = Readonly<Record<string, string | undefined>>;

function fullYear(text: string): number {
  const digits = text.replace("'", '');
  const year = Number(digits);
  return digits.length === 4 ? year : year + (year < PIVOT ? 2000 : 1900);
}

function dayOf(year: string, month: number, day: string | number): number[] {
  const number = toDayNumber(fullYear(year), month, Number(day));
  return number === null || fullYear(year) < YEARS.least || fullYear(year) > YEARS.most ? [] : [number];
}

/**
 * Whether three numbers are a date: they may also be minutes or ribs. Without a four-digit year they count as a date
 * if one of them has a leading zero, if the year has an apostrophe, or if only one of them can be the month. Numbers
 * separated only by spaces are no date, unless the header names that day.
 */
function looksLikeDate({ a = '', b = '', y = '', s = '' }: Groups, before: string): boolean {
  if (/^\s$/.test(s)) return false;
  if (y.length > 2) return true;
  const hasZero = a.startsWith('0') || b.startsWith('0');
  const isPlain = Number(a) > 12 !== Number(b) > 12 && (a.length === 2 || b.length === 2);
  return s !== '_' && (hasZero || (isPlain && s !== '-' && !VERSION_CUE.test(before)));
}

/** Writes `number` (two digits) without its leading zero if the original had one digit. */
const like = (number: string, original: string): string =>
  original.length === 1 ? String(Number(number)) : number;
const yearLike = (year: string, original: string): string =>
  original.length === 4 ? year : original.replace(/\d\d/, year.slice(-2));

/** 1st, 22nd, 13th. */
function ordinalOf(day: number): string {
  const ends = ['th', 'st', 'nd', 'rd'];
  return day % 100 >= 11 && day % 100 <= 13 ? 'th' : (ends[day % 10] ?? 'th');
}
const ordinalLike = (day: string, original: string): string =>
  /^(st|nd|rd|th)$/.test(original) ? ordinalOf(Number(day)) : original;

/** Year, month and day of a day number, as digits. */
function partsOf(day: number): Parts {
  const [y = '', m = '', d = ''] = fromDayNumber(day) ?? [];
  return { y, m, d };
}

type Parts = { readonly y: string; readonly m: string; readonly d: string };

type Reading = Pick<FoundDate, 'days' | 'moved'> | null;
/** The text around a match. */
interface Surroundings {
  /** The match as written in the text; it has the same length if folding changed nothing. */
  readonly written: string;
  readonly before: string;
  readonly behind: string;
  /** The header names this day. */
  readonly isPreferred: (day: number) => boolean;
}
/** Reads the date from a match of a form. Null: it is not a date. */
type Reader = (groups: Groups, around: Surroundings) => Reading;

const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);
const iso = ({ y, m, d }: Parts, parts: 2 | 3 = 3): string => [y, m, d].slice(0, parts).join('-');

/**
 * `write` writes other numbers in the same form; month and day have two digits. A form outside of ASCII becomes ISO
 * 8601, with `parts` of year, month and day.
 */
function reading(days: readonly number[], write: (parts: Parts) => string, parts: 2 | 3 = 3): Reading {
  const moved = (day: number): string | null => {
    const [y, m, d] = fromDayNumber(day) ?? [];
    if (y === undefined || m === undefined || d === undefined) return null;
    const text = write({ y, m, d });
    return isAscii(text) ? text : iso({ y, m, d }, parts);
  };
  return days.length === 0 ? null : { days, moved };
}

const UNMOVABLE: Reading = { days: [], moved: () => null };

/** A day and a month without a year cannot be moved. */
const withoutYear = (day: string): Reading => (Number(day) <= 31 && Number(day) > 0 ? UNMOVABLE : null);

/** Whether the numbers are a mistyped date, or one of another calendar, and not three unrelated numbers. */
function isMistaken(year: string, a: string, b: string, separator: string): boolean {
  const number = Number(year);
  if (year.length !== 4 || /^\s$/.test(separator)) return false;
  const isYear = number >= WRITTEN_YEARS.least && number <= WRITTEN_YEARS.most;
  const isHijri = number >= HIJRI_YEARS.least && number <= HIJRI_YEARS.most;
  const small = Math.min(Number(a), Number(b));
  const large = Math.max(Number(a), Number(b));
  return (isYear || isHijri) && small >= 1 && small <= 12 && large <= 31;
}

/** The name of another month, written in the style of the match. */
function monthLike(month: string, { n = '', s = '' }: Groups, written: string): string {
  const at = written.toLowerCase().search(/\p{L}{3}/u);
  const own = /\p{L}[\p{L}\p{M}]*/u.exec(at < 0 ? written : written.slice(at))?.[0] ?? n;
  return monthNameLike(Number(month), own, n, !/\s/.test(s));
}

/** With dots the day always comes first; otherwise the days in the header may decide. */
const readYearLast: Reader = (groups, { isPreferred, before }) => {
  const { y = '', a = '', b = '', s = '' } = groups;
  const dayFirst = dayOf(y, Number(b), a);
  const monthFirst = dayOf(y, Number(a), b);
  const yearFirst = y.length === 2 ? dayOf(a.padStart(2, '0'), Number(b), y) : [];
  // The order 24/03/14 applies only if the header names that day.
  if (yearFirst.some(isPreferred) && ![...dayFirst, ...monthFirst].some(isPreferred))
    return reading(yearFirst, (p) => [p.y.slice(2), like(p.m, b), p.d].join(s));
  const isNamed = [...dayFirst, ...monthFirst].some(isPreferred);
  const isDayFirst =
    monthFirst.length === 0 ||
    (dayFirst.length > 0 &&
      (s === '.' || dayFirst.some(isPreferred) || (s === '-' && !monthFirst.some(isPreferred))));
  if (!isNamed && !looksLikeDate(groups, before)) return null;
  const write = (p: Parts) =>
    (isDayFirst ? [like(p.d, a), like(p.m, b)] : [like(p.m, a), like(p.d, b)])
      .concat(yearLike(p.y, y))
      .join(s);
  const days = isDayFirst ? [...dayFirst, ...monthFirst] : [...monthFirst, ...dayFirst];
  return days.length === 0 && isMistaken(y, a, b, s) ? UNMOVABLE : reading(days, write);
};

/**
 * Whether two numbers are a count: "3/14" counts up to a total, and a vision of 20/10 or a dose of 30/10 Gy has round
 * numbers.
 */
function isCount(a: number, b: number, isPadded: boolean): boolean {
  if (isPadded) return a > 31 || b > 31 || a < 1 || b < 1 || (a > 12 && b > 12);
  return a <= 12 || a > 31 || b > 12 || b < 1 || (a % 5 === 0 && b % 5 === 0) || (a === 24 && b === 7);
}

/**
 * Two numbers are a day and a month if they have leading zeros, if the second can only be a month, or if a date word
 * precedes them.
 */
const readWithoutYear: Reader = ({ a = '', b = '', s = '', e = '' }, { before, behind }) => {
  if (COUNT_CUE.test(before) || COUNT_BEHIND.test(behind)) return null;
  const day = Number(a);
  const month = Number(b);
  const isDayFirst = day >= 1 && day <= 31 && month >= 1 && month <= 12;
  const isPadded = a.length === 2 && b.length === 2 && (a.startsWith('0') || b.startsWith('0'));
  const isBehindCue = DATE_CUE.test(before);
  if (s === '-') return isBehindCue && isPadded && isDayFirst ? UNMOVABLE : null;
  const isGerman = day > 12 && /^\s\p{Ll}/u.test(behind);
  if (s === '.') return e === '.' && isDayFirst && (isBehindCue || isPadded || isGerman) ? UNMOVABLE : null;
  const isDay = isDayFirst || (day >= 1 && day <= 12 && month >= 1 && month <= 31);
  return (isBehindCue && isDay) || !isCount(day, month, isPadded) ? UNMOVABLE : null;
};

/** The year of an era, or of the common era. Null: the number is not meant as a year. */
function yearOf(era: string | undefined, year: string): string | null {
  const number = numberOf(year) + (era === undefined ? 0 : (ERAS[era] ?? 0));
  return number >= YEARS.least && number <= YEARS.most ? String(number) : null;
}

const readSigns: Reader = ({ e, y, m = '', d }) => {
  const month = numberOf(m);
  if (y === undefined) return d === undefined || month > 12 ? null : UNMOVABLE;
  const year = yearOf(e, y);
  const days = year === null ? [] : dayOf(year, month, d === undefined ? 1 : numberOf(d));
  if (days.length === 0) return UNMOVABLE;
  return d === undefined ? reading(days, (p) => iso(p, 2), 2) : reading(days, (p) => iso(p));
};

const readMonthAndDay: Reader = (groups, { written }) => {
  const { y = '', d = '', n = '', s = '', o = '', t = '', u = '', g } = groups;
  if (y === '') return withoutYear(d);
  const first = dayOf(y.replace("'", ''), monthNumber(n), d);
  const last = g === undefined ? first : dayOf(y.replace("'", ''), monthNumber(n), g);
  if (first.length === 0 || last.length === 0) return UNMOVABLE;
  const year = (p: Parts) => t + (y.startsWith("'") ? `'${p.y.slice(2)}` : p.y);
  const begin = (p: Parts) => monthLike(p.m, groups, written) + s + like(p.d, d) + ordinalLike(p.d, o);
  if (g === undefined) return reading(first, (p) => begin(p) + year(p));
  return reading(first, (p) => {
    const end = partsOf(toDayNumber(Number(p.y), Number(p.m), Number(p.d))! + last[0]! - first[0]!);
    return end.m === p.m ? begin(p) + u.replace(g, like(end.d, g)) + year(p) : `${iso(p)}/${iso(end)}`;
  });
};

const READERS: Readonly<Record<keyof typeof FORMS, Reader>> = {
  yearFirst({ y = '', m = '', d = '', s = '' }, { isPreferred }) {
    const days = dayOf(y, Number(m), d);
    if (/^\s$/.test(s) && !days.some(isPreferred)) return null;
    if (days.length === 0 && isMistaken(y, m, d, s)) return UNMOVABLE;
    return reading(days, (p) => [p.y, like(p.m, m), like(p.d, d)].join(s));
  },
  yearLast: readYearLast,
  digits: ({ y = '', m = '', d = '', rest = '' }) =>
    reading(dayOf(y, Number(m), d), (p) => p.y + p.m + p.d + rest),
  signs: readSigns,
  eraLetter({ e = '', y = '', m = '', d = '' }, { written, before }) {
    const year = yearOf(e, y);
    if (!/^[RHST]/.test(written) || VERSION_CUE.test(before)) return null;
    return year === null || Number(year) > LATEST_YEAR
      ? null
      : reading(dayOf(year, Number(m), d), (p) => iso(p));
  },
  roman({ y = '', d = '', r = '', s = '', t = '' }, { written }) {
    const days = dayOf(y, ROMAN.indexOf(r) + 1, d);
    const cased = (numeral: string) => (/[IVX]/.test(written) ? numeral.toUpperCase() : numeral);
    return reading(days, (p) => like(p.d, d) + s + cased(ROMAN[Number(p.m) - 1]!) + t + yearLike(p.y, y));
  },
  dayAndMonth(groups, { written }) {
    const { y = '', d = '', n = '', s = '', o = '', t = '' } = groups;
    if (y === '') return withoutYear(d);
    const write = (p: Parts) =>
      like(p.d, d) + ordinalLike(p.d, o) + s + monthLike(p.m, groups, written) + t + yearLike(p.y, y);
    return reading(dayOf(y, monthNumber(n), d), write);
  },
  yearMonthDay(groups, { written }) {
    const { y = '', d = '', n = '', s = '' } = groups;
    const write = (p: Parts) => p.y + s + monthLike(p.m, groups, written) + s + like(p.d, d);
    return reading(dayOf(y, monthNumber(n), d), write);
  },
  monthAndDay: readMonthAndDay,
  monthAndYear(groups, { written }) {
    const { y = '', n = '', t = '' } = groups;
    const write = (p: Parts) => monthLike(p.m, groups, written) + t + p.y;
    return reading(dayOf(y, monthNumber(n), 1), write, 2);
  },
  monthOfYear: ({ y = '', m = '', s = '' }) => reading(dayOf(y, Number(m), 1), (p) => like(p.m, m) + s + p.y),
  yearAndMonth: ({ y = '', m = '', s = '' }) => reading(dayOf(y, Number(m), 1), (p) => p.y + s + p.m),
  dayOfYear: ({ d = '' }) => (Number(d) >= 1 && Number(d) <= 366 ? UNMOVABLE : null),
  withoutYear: readWithoutYear,
};

const MEASURED = composePattern(`^(?:${UNIT}|\\s(?:of|lines|slices|phases)(?!\\p{L}))`, 'iu');

/**
 * Whether the match of a day and a month name without a year is not a date. "14MAR" is a date, but "OCT 3" is an
 * image.
 */
function isAWord({ n = '', s = '', d = '' }: Groups, written: string, behind: string): boolean {
  if (MONTHS_WITH_A_YEAR.has(n) || MEASURED.test(behind)) return true;
  const isGlued = s === '' && d.length === 2 && written.startsWith(d);
  return MONTHS_AND_WORDS.has(n) && !isGlued && !/\p{Lu}\p{Ll}/u.test(written);
}

/** A two-digit year next to a letter is not a year. */
function isPartOfAWord(form: string, { y }: Groups, { before, behind }: Surroundings): boolean {
  return y?.length === 2 && form === 'yearLast' && (/\p{L}$/u.test(before) || /^\p{L}/u.test(behind));
}

/** How many characters after a match may show that it is not a date. */
const BEHIND = 32;
/** Forms that can end a range whose first day precedes them. */
const WITH_A_DAY_FIRST: ReadonlySet<string> = new Set(['yearLast', 'dayAndMonth', 'roman', 'withoutYear']);

/** Extends a date to include the first day of its range, if that precedes it. */
function withRange(text: string, found: FoundDate): FoundDate {
  const match = RANGE_BEFORE.exec(text.slice(Math.max(0, found.start - RANGE_FAR), found.start));
  const { c = '', p = '', m, s = '' } = match?.groups ?? {};
  if (match === null) return found;
  const start = found.start - match[0].length;
  const [end] = found.days;
  if (end === undefined) return { ...found, start };
  const last = partsOf(end);
  const first = toDayNumber(Number(last.y), Number(m ?? last.m), Number(c));
  if (first === null || first > end) return found;
  const moved = (day: number): string | null => {
    const from = partsOf(day - end + first);
    const to = partsOf(day);
    const written = found.moved(day);
    if (m === undefined && from.m !== to.m) return `${iso(from)}/${iso(to)}`;
    return written && like(from.d, c) + (m === undefined ? '' : p + like(from.m, m)) + s + written;
  };
  return { ...found, start, moved };
}

interface Searched {
  readonly text: string;
  readonly folded: Folded;
  readonly isPreferred: (day: number) => boolean;
}

/** The date that a match of a form means. Null: it is not a date. */
function dateOf(
  { text, folded, isPreferred }: Searched,
  form: keyof typeof FORMS,
  match: RegExpExecArray,
): FoundDate | null {
  const [start, end] = folded.rangeOf(match.index, match.index + match[0].length);
  const groups = match.groups as Groups;
  const around: Surroundings = {
    written: text.slice(start, end),
    before: folded.text.slice(Math.max(0, match.index - CUE_FAR), match.index),
    behind: text.slice(end, end + BEHIND),
    isPreferred,
  };
  const isWord =
    groups['y'] === undefined && groups['n'] !== undefined && isAWord(groups, around.written, around.behind);
  const date = isWord || isPartOfAWord(form, groups, around) ? null : READERS[form](groups, around);
  if (date === null) return null;
  const isOfAProgram = form === 'digits' && PROGRAM_CUE.test(around.before) && !date.days.some(isPreferred);
  const found = { start, end, isOfAProgram, ...date };
  return WITH_A_DAY_FIRST.has(form) ? withRange(text, found) : found;
}

/** The dates in plain text, in order of position. */
export function findDates(
  text: string,
  folded: Folded,
  { namedDays, removedDays }: Pick<KnownValues, 'namedDays' | 'removedDays'>,
): FoundDate[] {
  const isPreferred = (day: number): boolean => namedDays.has(day) || removedDays.has(day);
  const found: FoundDate[] = [];
  const taken = new Uint8Array(text.length);
  for (const form of Object.keys(FORMS) as (keyof typeof FORMS)[]) {
    for (const match of folded.text.matchAll(FORMS[form])) {
      const date = dateOf({ text, folded, isPreferred }, form, match);
      if (date === null || taken.subarray(date.start, date.end).includes(1)) continue;
      found.push(date);
      taken.fill(1, date.start, date.end);
    }
  }
  return found.sort((a, b) => a.start - b.start);
}
