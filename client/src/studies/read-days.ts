/**
 * The calendar days that a person may mean by typed text, in the formats of the list and of the printed receipts: "Nov
 * 23, 2026", "23 November", "2026-11-23", "23.11.2026", "11/23/2026", "today". If day and month can be swapped, both
 * readings count. Pure.
 */

type TypedDays = {
  /** Midnights in this device's time zone, in milliseconds since 1970; empty: no day was typed. */
  readonly days: readonly number[];
  /** The text without the day. */
  readonly rest: string;
};

type Day = { readonly year: number | null; readonly month: number; readonly day: number };

export function readDays(text: string, now: Date): TypedDays {
  const words = text.split(/[\s,]+/).filter(Boolean);
  for (let first = 0; first < words.length; first += 1) {
    // The longest format is tried first, because "Nov 23, 2026" is not "Nov 23" plus a word.
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

/** Reads a whole word of digits. A part of a UID or of a receipt's id is not a day. */
function readNumbers(word: string): readonly Day[] {
  const ordered = /^(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})$/.exec(word);
  if (ordered && (ordered[2] !== '' || word.length === 8))
    return [{ year: Number(ordered[1]), month: Number(ordered[3]), day: Number(ordered[4]) }];
  const either = /^(\d{1,2})([-/.])(\d{1,2})(?:\2(\d{4}|\d{2})|\.)?$/.exec(word);
  if (!either) return [];
  // Every UID begins like "1.2".
  if (/^\d\.\d(\.\d{0,2})?$/.test(word)) return [];
  const one = Number(either[1]);
  const other = Number(either[3]);
  const year = yearOf(either[4]);
  return [
    { year, month: other, day: one },
    { year, month: one, day: other },
  ];
}

/** Reads "Nov 23" and "23. November", with or without a year after it. */
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

/** Without a year, the most recent such day; null: no such day exists. */
function midnightOf({ year, month, day }: Day, now: Date): number | null {
  const inYear = (one: number) => new Date(one, month - 1, day);
  const thisYear = now.getFullYear();
  const date = inYear(year ?? (inYear(thisYear) > now ? thisYear - 1 : thisYear));
  return date.getMonth() === month - 1 && date.getDate() === day ? date.getTime() : null;
}

const lower = (word: string): string => word.toLowerCase();

/** The browser's language, in which the page shows months and days, and English. */
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

/** "Sept" is used as well as "Sep", so a prefix of three letters or more is accepted. */
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
