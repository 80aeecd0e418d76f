/**
 * Dates as people write them, moved by whole days in the form in which they stand (PS3.15 E.3.6: modified
 * dates; the form is kept so that comparisons in the text stay readable). Years alone and times of day stay:
 * they name no day.
 */
import { fromDayNumber, toDayNumber } from '../dates.ts';
import type { Folded } from './fold.ts';
import type { KnownValues } from './known-values.ts';
import { UNIT } from './vocabulary.ts';

export interface FoundDate {
  readonly start: number;
  readonly end: number;
  /**
   * The days that it may mean; more than one where day and month could be either. None: a date that lacks its
   * year.
   */
  readonly days: readonly number[];
  /** The same form for another day; null where that cannot be written so. */
  readonly moved: (days: number) => string | null;
}

/** Month names, whole and short, folded: a date is moved within the language that it was written in. */
const MONTHS: readonly (readonly string[])[] = [
  'january february march april may june july august september october november december',
  'jan feb mar apr may jun jul aug sep oct nov dec',
  'jan feb mar apr may jun jul aug sept oct nov dec',
  'januar februar marz april mai juni juli august september oktober november dezember',
  'jan feb mrz apr mai jun jul aug sep okt nov dez',
  'janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre',
  'janv fevr mars avr mai juin juil aout sept oct nov dec',
  'enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre',
  'ene feb mar abr may jun jul ago sep oct nov dic',
  'gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre',
  'gen feb mar apr mag giu lug ago set ott nov dic',
  'jan feb mrt apr mei jun jul aug sep okt nov dec',
  'stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia',
  'ocak subat mart nisan mayis haziran temmuz agustos eylul ekim kasim aralik',
  'января февраля марта апреля мая июня июля августа сентября октября ноября декабря',
  'januari februari maart april mei juni juli augustus september oktober november december',
  'janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro',
].map((names) => names.split(' '));

const MONTH = [...new Set(MONTHS.flat())].sort((a, b) => b.length - a.length).join('|');
/** Neither side is part of a longer number or of a word. */
const BEFORE = '(?<!\\p{N}|\\p{N}[.,])';
const AFTER = '(?!\\p{N}|\\.\\p{N})';
/** Of numbers: the same on both sides of the month. */
const BETWEEN = '\\s?[-/._·]\\s?|\\s';
const SEPARATOR = '[\\s.,/-]{0,3}';
/**
 * Two digits of a year from here on are of the last century: births are, and no image is of the time to come.
 */
const PIVOT = 41;
const YEARS = { least: 1850, most: 2150 };

/** None looks further than some fifty characters (text-patterns.ts). */
export const FORMS = {
  // 2024-03-14, 2024/3/14, and what ISO 8601 puts behind it
  yearFirst: new RegExp(
    `${BEFORE}(?<y>\\d{4})(?<s>${BETWEEN})(?<m>\\d{1,2})\\k<s>(?<d>\\d{1,2})(?!\\k<s>\\p{N})(?=t\\d|${AFTER})`,
    'gu',
  ),
  // 14.03.2024, 3/14/24
  yearLast: new RegExp(
    `${BEFORE}(?<a>\\d{1,2})(?<s>${BETWEEN})(?<b>\\d{1,2})\\k<s>(?<y>\\d{4}|\\d{2}(?!\\k<s>\\p{N}|${UNIT}))${AFTER}`,
    'gu',
  ),
  // 20240314, 20240314123000.5 (PS3.5 §6.2 DA, DT)
  digits:
    /(?<!\p{N}|\p{N}[.,])(?<y>\d{4})(?<m>\d{2})(?<d>\d{2})(?<rest>[t_-]?\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?(?!\p{N})/gu,
  // 14 March 2024, 14MAR24, 14. März 2024, March 14
  dayAndMonth: new RegExp(
    `(?<![\\p{L}\\p{N}])(?<d>\\d{1,2})(?<o>st|nd|rd|th|er|º|\\.)?(?<s>${SEPARATOR}(?:(?:of|de)\\s)?)(?<n>${MONTH})` +
      `(?:(?<t>\\.?${SEPARATOR}(?:de\\s)?'?)(?<y>\\d{4}|\\d{2}(?![:h]\\d)))?${AFTER}(?!\\p{L})`,
    'gu',
  ),
  // 2024-Mar-14
  yearMonthDay: new RegExp(
    `${BEFORE}(?<y>\\d{4})(?<s>[\\s/-])(?<n>${MONTH})\\k<s>(?<d>\\d{1,2})${AFTER}`,
    'gu',
  ),
  // March 14th, 2024; Mar 14
  monthAndDay: new RegExp(
    `(?<!\\p{L})(?<n>${MONTH})(?<s>\\.?\\s{0,2}[-/]?)(?<d>\\d{1,2})(?<o>st|nd|rd|th)?(?:(?<t>[\\s,/-]{1,3})(?<y>\\d{4}|'\\d{2}))?${AFTER}(?!\\p{L})`,
    'gu',
  ),
  // March 2024
  monthAndYear: new RegExp(`(?<!\\p{L})(?<n>${MONTH})(?<t>\\.?[\\s,/-]{1,3}|[-/])(?<y>\\d{4})${AFTER}`, 'gu'),
  // 03/2024, 03.2024; 2024-03
  monthOfYear: new RegExp(
    `${BEFORE}(?<m>0?[1-9](?!\\.)|0[1-9]|1[0-2])(?<s>[/.])(?<y>(?:19|20)\\d{2})${AFTER}(?!${UNIT})`,
    'gu',
  ),
  yearAndMonth: new RegExp(`${BEFORE}(?<y>(?:19|20)\\d{2})(?<s>[/-])(?<m>0[1-9]|1[0-2])${AFTER}(?!-)`, 'gu'),
};

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
 * Three numbers may be minutes or ribs: without a whole year they are a date if one of them has a leading
 * zero, or only one can be the month. Spaces alone do not separate the parts of a date, unless the header
 * names it.
 */
function looksLikeDate(a: string, b: string, year: string, separator: string): boolean {
  if (/^\s$/.test(separator)) return false;
  if (year.length === 4) return true;
  const hasZero = a.startsWith('0') || b.startsWith('0');
  const isPlain = a.length === 2 && b.length === 2 && Number(a) > 12 !== Number(b) > 12;
  return separator !== '_' && (hasZero || (isPlain && separator !== '-'));
}

/** `number` has two digits; the original may do without a leading zero. */
const like = (number: string, original: string): string =>
  original.length === 1 ? String(Number(number)) : number;
const yearLike = (year: string, original: string): string => (original.length === 2 ? year.slice(-2) : year);

/**
 * The month's name in the list in which the original one stands; capitals as there. "May" is short where no
 * space is around it.
 */
function nameLike(month: number, original: string, folded: string, isShort: boolean): string {
  const lists = MONTHS.filter((names) => names.includes(folded));
  const list = (isShort ? lists.find((names) => names[0]!.length <= 4) : undefined) ?? lists[0] ?? MONTHS[0]!;
  const name = list[month - 1]!;
  if (original === original.toUpperCase()) return name.toUpperCase();
  return original[0] === original[0]!.toUpperCase() ? name[0]!.toUpperCase() + name.slice(1) : name;
}

/** 1st, 22nd, 13th. */
function ordinalOf(day: number): string {
  const ends = ['th', 'st', 'nd', 'rd'];
  return day % 100 >= 11 && day % 100 <= 13 ? 'th' : (ends[day % 10] ?? 'th');
}
const ordinalLike = (day: string, original: string): string =>
  /^(st|nd|rd|th)$/.test(original) ? ordinalOf(Number(day)) : original;

const monthNumber = (name: string): number =>
  (MONTHS.find((names) => names.includes(name)) ?? []).indexOf(name) + 1;

type Parts = { readonly y: string; readonly m: string; readonly d: string };
type Groups = Readonly<Record<string, string | undefined>>;

type Reading = Pick<FoundDate, 'days' | 'moved'> | null;
/**
 * Reads the date from a match of a form; null: no date. `written`: the match as it stands in the text, of the
 * same length if folding changed nothing; `isPreferred`: the header names this day.
 */
type Reader = (groups: Groups, written: string, isPreferred: (day: number) => boolean) => Reading;

/** `write`: the same form for other numbers, the month and the day with two digits. */
function reading(days: readonly number[], write: (parts: Parts) => string): Reading {
  const moved = (day: number): string | null => {
    const parts = fromDayNumber(day);
    return parts && write({ y: parts[0], m: parts[1], d: parts[2] });
  };
  return days.length === 0 ? null : { days, moved };
}

/** A day and a month alone name no day that could be moved. */
const withoutYear = (day: string): Reading =>
  Number(day) <= 31 && Number(day) > 0 ? { days: [], moved: () => null } : null;

/** Another month's name, as the match writes its own. */
function monthLike(month: string, { n = '', s = '' }: Groups, written: string): string {
  const at = written.toLowerCase().search(/\p{L}{3}/u);
  const own = /\p{L}[\p{L}\p{M}]*/u.exec(at < 0 ? written : written.slice(at))?.[0] ?? n;
  return nameLike(Number(month), own, n, !/\s/.test(s));
}

/** With dots the day always goes first; otherwise the header may tell. */
const readYearLast: Reader = ({ y = '', a = '', b = '', s = '' }, _written, isPreferred) => {
  const dayFirst = dayOf(y, Number(b), a);
  const monthFirst = dayOf(y, Number(a), b);
  const isNamed = [...dayFirst, ...monthFirst].some(isPreferred);
  const isDayFirst =
    monthFirst.length === 0 ||
    (dayFirst.length > 0 &&
      (s === '.' || dayFirst.some(isPreferred) || (s === '-' && !monthFirst.some(isPreferred))));
  if (!isNamed && !looksLikeDate(a, b, y, s)) return null;
  const write = (p: Parts) =>
    (isDayFirst ? [like(p.d, a), like(p.m, b)] : [like(p.m, a), like(p.d, b)])
      .concat(yearLike(p.y, y))
      .join(s);
  return reading(isDayFirst ? [...dayFirst, ...monthFirst] : [...monthFirst, ...dayFirst], write);
};

const READERS: Readonly<Record<keyof typeof FORMS, Reader>> = {
  yearFirst({ y = '', m = '', d = '', s = '' }, _written, isPreferred) {
    const days = dayOf(y, Number(m), d);
    if (/^\s$/.test(s) && !days.some(isPreferred)) return null;
    return reading(days, (p) => [p.y, like(p.m, m), like(p.d, d)].join(s));
  },
  yearLast: readYearLast,
  digits: ({ y = '', m = '', d = '', rest = '' }) =>
    reading(dayOf(y, Number(m), d), (p) => p.y + p.m + p.d + rest),
  dayAndMonth(groups, written) {
    const { y = '', d = '', n = '', s = '', o = '', t = '' } = groups;
    if (y === '') return withoutYear(d);
    const write = (p: Parts) =>
      like(p.d, d) + ordinalLike(p.d, o) + s + monthLike(p.m, groups, written) + t + yearLike(p.y, y);
    return reading(dayOf(y, monthNumber(n), d), write);
  },
  yearMonthDay(groups, written) {
    const { y = '', d = '', n = '', s = '' } = groups;
    const write = (p: Parts) => p.y + s + monthLike(p.m, groups, written) + s + like(p.d, d);
    return reading(dayOf(y, monthNumber(n), d), write);
  },
  monthAndDay(groups, written) {
    const { y = '', d = '', n = '', s = '', o = '', t = '' } = groups;
    if (y === '') return withoutYear(d);
    const write = (p: Parts) =>
      monthLike(p.m, groups, written) +
      s +
      like(p.d, d) +
      ordinalLike(p.d, o) +
      t +
      (y.startsWith("'") ? `'${p.y.slice(2)}` : p.y);
    return reading(dayOf(y, monthNumber(n), d), write);
  },
  monthAndYear(groups, written) {
    const { y = '', n = '', t = '' } = groups;
    return reading(dayOf(y, monthNumber(n), 1), (p) => monthLike(p.m, groups, written) + t + p.y);
  },
  monthOfYear: ({ y = '', m = '', s = '' }) => reading(dayOf(y, Number(m), 1), (p) => like(p.m, m) + s + p.y),
  yearAndMonth: ({ y = '', m = '', s = '' }) => reading(dayOf(y, Number(m), 1), (p) => p.y + s + p.m),
};

/** Months that are also words: "May 5" is a date only if written as a name. */
const WORDS = new Set(['may', 'mar', 'mars', 'dec', 'mei', 'mai', 'oct', 'mart']);
/** These only with a year: "Set 1 of 3", "Mag 2". */
const WITH_YEAR = new Set(['set', 'mag', 'gen', 'ago', 'lug', 'dic', 'sept', 'ocak', 'ekim', 'maja', 'sub']);
const MEASURED = new RegExp(`^(?:${UNIT}|\\s(?:of|lines|slices|phases)(?!\\p{L}))`, 'iu');

/**
 * True if a day and the name of a month without a year are something else. "14MAR" is a date, "OCT 3" an
 * image.
 */
function isAWord({ n = '', s = '', d = '' }: Groups, written: string, behind: string): boolean {
  if (WITH_YEAR.has(n) || MEASURED.test(behind)) return true;
  const isGlued = s === '' && d.length === 2 && written.startsWith(d);
  return WORDS.has(n) && !isGlued && !/\p{Lu}\p{Ll}/u.test(written);
}

/** As much of what stands behind a date as says that it is none. */
const BEHIND = 32;

/** The dates in a text, in their order. */
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
      const [start, end] = folded.rangeOf(match.index, match.index + match[0].length);
      if (taken.subarray(start, end).includes(1)) continue;
      const groups = match.groups as Groups;
      const written = text.slice(start, end);
      const isWord =
        groups['y'] === undefined &&
        groups['n'] !== undefined &&
        isAWord(groups, written, text.slice(end, end + BEHIND));
      // A two-digit year next to a letter is part of something else.
      const isPart =
        groups['y']?.length === 2 &&
        form === 'yearLast' &&
        (/\p{L}$/u.test(text.slice(Math.max(0, start - 2), start)) ||
          /^\p{L}/u.test(text.slice(end, end + 2)));
      const date = isWord || isPart ? null : READERS[form](groups, written, isPreferred);
      if (date === null) continue;
      found.push({ start, end, ...date });
      taken.fill(1, start, end);
    }
  }
  return found.sort((a, b) => a.start - b.start);
}
