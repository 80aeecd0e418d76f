/**
 * Numbers, sizes, dates and names in the reader's own locale. Pure: the locale is an input, `undefined` is the
 * browser's.
 */

type Locale = string | undefined;

/** Formatters are slow to create and fast to use, so there is one per locale and form. */
const made = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

function numberFormat(locale: Locale, name: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `n ${locale} ${name}`;
  const known = made.get(key) as Intl.NumberFormat | undefined;
  const format = known ?? new Intl.NumberFormat(locale, options);
  made.set(key, format);
  return format;
}

function dateFormat(locale: Locale, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `d ${locale} ${name}`;
  const known = made.get(key) as Intl.DateTimeFormat | undefined;
  const format = known ?? new Intl.DateTimeFormat(locale, options);
  made.set(key, format);
  return format;
}

/**
 * The formatters that every list needs first. Creating the first of a kind takes a tenth of a second on a tablet, so
 * the page creates them while it is idle.
 */
export const FIRST_FORMATS: readonly (() => unknown)[] = [
  () => formatCount(0),
  () => formatBytes(1e6),
  () => formatDicomDate('20000101'),
];

/** 10000 → "10,000". */
export function formatCount(count: number, locale?: Locale): string {
  return numberFormat(locale, 'count', { maximumFractionDigits: 0 }).format(count);
}

/**
 * Decimal units, as disks and links are sold: 52_500_000 → "53 MB". One decimal below 10, none above, because more
 * digits only flicker.
 */
export function formatBytes(bytes: number, locale?: Locale): string {
  const steps = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
  let step = 0;
  let value = bytes;
  while (value >= 999.5 && step < steps.length - 1) {
    value /= 1000;
    step += 1;
  }
  const digits = step > 0 && value < 9.95 ? 1 : 0;
  const options = {
    style: 'unit',
    unit: steps[step]!,
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: digits,
  } as const;
  return numberFormat(locale, `bytes ${steps[step]} ${digits}`, options).format(value);
}

/** Bytes per second: "2.4 MB/s". */
export function formatRate(bytesPerSecond: number, locale?: Locale): string {
  return `${formatBytes(bytesPerSecond, locale)}/s`;
}

/**
 * A DICOM date (PS3.5 table 6.2-1, DA: YYYYMMDD) → "12 Mar 2026" in the locale's order; null if it is not a calendar
 * day.
 */
export function formatDicomDate(value: string | null | undefined, locale?: Locale): string | null {
  const match = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(value?.trim() ?? '');
  if (!match) return null;
  const year = Number(match[1]);
  const month = Number(match[2]);
  const day = Number(match[3]);
  const date = new Date(Date.UTC(year, month - 1, day));
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day)
    return null;
  return dateFormat(locale, 'day', { dateStyle: 'medium', timeZone: 'UTC' }).format(date);
}

/** Only the time if it was today, otherwise date and time. */
export function formatMoment(at: Date, now: Date, locale?: Locale): string {
  const today = at.toDateString() === now.toDateString();
  return today
    ? dateFormat(locale, 'time', { timeStyle: 'short' }).format(at)
    : dateFormat(locale, 'moment', { dateStyle: 'medium', timeStyle: 'short' }).format(at);
}

/** Date and time to the second, with the zone, for the receipt, which is read elsewhere and later. */
export function formatFullMoment(at: Date, locale?: Locale): string {
  return dateFormat(locale, 'full', { dateStyle: 'long', timeStyle: 'long' }).format(at);
}

/**
 * A Person Name (PS3.5 §6.2.1) as one line: the first component group that is not empty, family name first, e.g.
 * "Yamada^Tarou=山田^太郎" → "Yamada, Tarou". Prefix and suffix follow. Null if there is nothing to show.
 */
export function formatPersonName(value: string | null | undefined): string | null {
  for (const group of (value ?? '').split('=')) {
    const [family = '', given = '', middle = '', prefix = '', suffix = ''] = group
      .split('^')
      .map((part) => part.trim());
    const forenames = [given, middle].filter(Boolean).join(' ');
    const name = [family, forenames].filter(Boolean).join(', ');
    const whole = [name, prefix, suffix].filter(Boolean).join(' ');
    if (whole) return whole;
  }
  return null;
}

/**
 * Seconds rounded as a person would say them: 5-second steps to a minute, minutes to an hour, then quarters
 * of an hour.
 */
export function roundRemaining(seconds: number): { minutes: number; seconds: number } {
  if (seconds < 55) return { minutes: 0, seconds: Math.max(5, Math.ceil(seconds / 5) * 5) };
  if (seconds < 3570) return { minutes: Math.max(1, Math.round(seconds / 60)), seconds: 0 };
  return { minutes: Math.round(seconds / 900) * 15, seconds: 0 };
}
