/**
 * The days of the calendar that a person may mean by what they typed, in the forms that the list and the forms on paper
 * have: "Nov 23, 2026", "23 November", "2026-11-23", "23.11.2026", "11/23/2026", "today". Where day and month may be
 * either way round, both are meant. Pure.
 */

type TypedDays = {
  /** Midnights of this device, in milliseconds since 1970; empty: no day was typed. */
  readonly days: readonly number[];
  /** The text without the day. */
  readonly rest: string;
};

type Day = { readonly year: number | null; readonly month: number; readonly day: number };

export function readDays(text: string, now: Date): TypedDays {
  const words = text.split(/[\s,]+/).filter(Boolean);
  for (let first = 0; first < words.length; first += 1) {
    // The longest form first: "Nov 23, 2026" is not "Nov 23" and a word.
    for (const count of [3, 2, 1]) {
      const typed = words.slice(first, first + count);
      if (typed.length < count) continue;
      const days = daysOf(typed, now);
      if (days.length > 0) return { days, rest: words.toSpliced(first, count).join(' ') };
    }
  }
  return { days: [], rest: text };
}

function daysOf(typed: readonly string[], now: Date): readonly number[] {
  const ago = typed.length === 1 ? DAYS_AGO.get(lower(typed[0]!)) : undefined;
  if (ago !== undefined) return [new Date(now.getFullYear(), now.getMonth(), now.getDate() - ago).getTime()];
  const read = typed.length === 1 ? readNumbers(typed[0]!) : readMonthName(typed);
  return [...new Set(read.map((day) => midnightOf(day, now)))].filter((midnight) => midnight !== null);
}

/** A whole word of digits: a part of a UID or of a receipt's id is no day. */
function readNumbers(word: string): readonly Day[] {
  const ordered = /^(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})$/.exec(word);
  if (ordered && (ordered[2] !== '' || word.length === 8))
    return [{ year: Number(ordered[1]), month: Number(ordered[3]), day: Number(ordered[4]) }];
  const either = /^(\d{1,2})([-/.])(\d{1,2})(?:\2(\d{4}|\d{2})|\.)?$/.exec(word);
  if (!either) return [];
  // "1.2" is how every UID begins.
  if (/^\d\.\d(\.\d{0,2})?$/.test(word)) return [];
  const one = Number(either[1]);
  const other = Number(either[3]);
  const year = yearOf(either[4]);
  return [
    { year, month: other, day: one },
    { year, month: one, day: other },
  ];
}

/** "Nov 23", "23. November", each with or without a year after it. */
function readMonthName([one = '', other = '', last]: readonly string[]): readonly Day[] {
  const isYear = last === undefined || /^\d{4}$/.test(last);
  const month = monthOf(one) ?? monthOf(other);
  const day = /^(\d{1,2})(?:st|nd|rd|th|\.)?$/i.exec(monthOf(one) === null ? one : other)?.[1];
  return !isYear || month === null || day === undefined
    ? []
    : [{ year: yearOf(last), month, day: Number(day) }];
}

function yearOf(digits: string | undefined): number | null {
  if (digits === undefined) return null;
  return digits.length === 2 ? 2000 + Number(digits) : Number(digits);
}

/** Without a year the last such day; null: there is no such day. */
function midnightOf({ year, month, day }: Day, now: Date): number | null {
  const inYear = (one: number) => new Date(one, month - 1, day);
  const thisYear = now.getFullYear();
  const date = inYear(year ?? (inYear(thisYear) > now ? thisYear - 1 : thisYear));
  return date.getMonth() === month - 1 && date.getDate() === day ? date.getTime() : null;
}

const lower = (word: string): string => word.toLowerCase();

/** The language of the browser, in which the page shows months and days, and English. */
const LOCALES = [undefined, 'en'] as const;

const DAYS_AGO: ReadonlyMap<string, number> = new Map(
  LOCALES.flatMap((locale) => {
    const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
    return [0, 1].map((ago) => [lower(format.format(-ago, 'day')), ago] as const);
  }),
);

const MONTHS: ReadonlyMap<string, number> = new Map(
  LOCALES.flatMap((locale) =>
    (['long', 'short'] as const).flatMap((month) => {
      const format = new Intl.DateTimeFormat(locale, { month, day: 'numeric', timeZone: 'UTC' });
      return Array.from({ length: 12 }, (_, nth) => {
        const parts = format.formatToParts(Date.UTC(2026, nth, 1));
        const name = parts.find(({ type }) => type === 'month')?.value ?? '';
        return [withoutDot(name), nth + 1] as const;
      });
    }),
  ),
);

/** "Sept" is written for "Sep" too: a name of three letters or more is known by how it begins. */
function monthOf(word: string): number | null {
  const typed = withoutDot(word);
  if (typed.length < 3) return null;
  const known =
    [...MONTHS].find(([name]) => name === typed) ?? [...MONTHS].find(([name]) => name.startsWith(typed));
  return known?.[1] ?? null;
}

function withoutDot(name: string): string {
  return lower(name).replace(/\.$/, '');
}
