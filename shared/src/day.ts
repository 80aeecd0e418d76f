/** The milliseconds of 24 hours. Calendar days on which summer time begins or ends differ. */
export const DAY_MS = 86_400_000;
