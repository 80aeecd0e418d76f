/** A day in milliseconds, as the clock counts it: calendar days around a change to summer time differ. */
export const DAY_MS = 86_400_000;
