/** A time in a query, within the range that PostgreSQL accepts. */
import { z } from '@hono/zod-openapi';

/** PostgreSQL has no year 0, and nothing here is older than the least year. */
const YEARS = { least: 1900, most: 9999 };

export const isInTime = (at: Date): boolean =>
  at.getUTCFullYear() >= YEARS.least && at.getUTCFullYear() <= YEARS.most;

/** A day or a moment (RFC 3339), read as a Date. */
export const instantSchema = z.iso
  .datetime({ offset: true })
  .or(z.iso.date())
  .transform((text) => new Date(text))
  .refine(isInTime, `a year from ${YEARS.least} to ${YEARS.most}`);
