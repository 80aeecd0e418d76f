/** Formats days and months for axes and tables, in UTC as the gateway counts them. */
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' });
const month = new Intl.DateTimeFormat(undefined, { month: 'short', year: 'numeric', timeZone: 'UTC' });
const MS = 1000;

/** The start of `2026-11-23` or `2026-11`, in seconds since 1970. */
export const secondsOf = (period: string): number => Date.parse(period) / MS;
export const formatDay = (seconds: number): string => day.format(seconds * MS);
export const formatMonth = (seconds: number): string => month.format(seconds * MS);
export const formatWholeDay = (text: string): string => whole.format(Date.parse(text));
