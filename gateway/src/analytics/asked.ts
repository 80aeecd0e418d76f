/** A query for figures: a period of days in UTC, and a cohort. */
import { z } from '@hono/zod-openapi';
import { sql, type RawBuilder } from 'kysely';
import { DAY_MS } from '#shared/day.ts';
import { modalitiesOf } from '#shared/dicom/modalities-of.ts';
import { STORAGE_CLASSES } from '#shared/dicom/registry.ts';
import {
  ANALYTICS_DAYS_LIMIT,
  ANALYTICS_DAYS_USUAL,
  cohortSchema,
  UNKNOWN,
  type Cohort,
} from '#shared/protocol/analytics.ts';
import { invalidRequest } from '../http/invalid-request.ts';
import type { Caller } from '../http/route.ts';

export type Asked = {
  /** The first and the last day, both included. */
  readonly from: string;
  readonly to: string;
  readonly cohort: Cohort;
  /** The same period as instants; `until` is not included. */
  readonly since: Date;
  readonly until: Date;
};
export type Asking = Pick<Caller, 'id' | 'siteId' | 'roles'>;

const DAY_LENGTH = 10;
const LONGEST_MONTH = 31;
export const dayOf = (at: Date): string => at.toISOString().slice(0, DAY_LENGTH);
const startOf = (day: string): Date => new Date(`${day}T00:00:00Z`);
/** Days that the database can represent, as it can the day after each. */
const day = z.iso.date().refine((text) => text >= '1970' && text < '9999', 'a day from 1970 to 9998');

export const askedSchema = cohortSchema.extend({
  from: day.optional().openapi({ description: `A day in UTC; ${ANALYTICS_DAYS_USUAL} days are usual.` }),
  to: day.optional().openapi({ description: `The last day; at most ${ANALYTICS_DAYS_LIMIT} of them.` }),
});

/** Without dates, the usual period ends today. @throws Problem invalid-request. */
export function askedOf({ from, to, ...cohort }: z.infer<typeof askedSchema>, now: Date): Asked {
  const last = to ?? (from === undefined ? dayOf(now) : laterDay(from, ANALYTICS_DAYS_USUAL - 1));
  const first = from ?? laterDay(last, 1 - ANALYTICS_DAYS_USUAL);
  const days = (startOf(last).getTime() - startOf(first).getTime()) / DAY_MS + 1;
  if (days < 1 || days > ANALYTICS_DAYS_LIMIT) {
    const message = `${ANALYTICS_DAYS_LIMIT} days at most, and the last not before the first`;
    throw invalidRequest([{ code: 'custom', path: ['to'], message, input: undefined }], 'query');
  }
  return { from: first, to: last, cohort, since: startOf(first), until: startOf(laterDay(last, 1)) };
}

export const laterDay = (from: string, days: number): string =>
  dayOf(new Date(startOf(from).getTime() + days * DAY_MS));

const firstOfMonth = (day: string): string => `${day.slice(0, 'YYYY-MM'.length)}-01`;

/**
 * Reduces the period to whole months that are over, so that no two answers differ by just a few days. If none of its
 * months is over, the last finished month is used.
 */
export function wholeMonths(asked: Asked, now: Date): Asked {
  const current = firstOfMonth(dayOf(now));
  const afterLast = firstOfMonth(laterDay(firstOfMonth(asked.to), LONGEST_MONTH));
  const until = afterLast < current ? afterLast : current;
  const lastMonth = firstOfMonth(laterDay(until, -1));
  const from = firstOfMonth(asked.from);
  const first = from < lastMonth ? from : lastMonth;
  return { ...asked, from: first, to: laterDay(until, -1), since: startOf(first), until: startOf(until) };
}

/** The part of an answer that repeats the query. */
export const saidOf = ({ from, to, cohort }: Asked) => ({ from, to, cohort });

export const isOfAll = ({ cohort }: Asked): boolean =>
  Object.values(cohort).every((value) => value === undefined);

/** The modality of each storage class. */
const MODALITY_OF_CLASS: ReadonlyMap<string, string> = new Map(
  STORAGE_CLASSES.flatMap((sopClass) =>
    modalitiesOf([sopClass]).map((modality): [string, string] => [sopClass, modality]),
  ),
);
/** Null: the storage class has no known modality. */
export const modalityOf = (sopClass: string): string | null => MODALITY_OF_CLASS.get(sopClass) ?? null;

/** A condition on `sopClass`, a column of the query: its modality is `modality`. */
export function isOfModality(sopClass: string, modality: string): RawBuilder<boolean> {
  const classes = [...MODALITY_OF_CLASS].filter(([, of]) => of === modality).map(([uid]) => uid);
  return sql`coalesce(${sql.ref(sopClass)} = any(${classes}::text[]), false)`;
}

/** The modality of `sopClass`, a column of the query; UNKNOWN if there is none. */
export function modalityNameOf(sopClass: string): RawBuilder<string> {
  const classes = [...MODALITY_OF_CLASS.keys()];
  const names = [...MODALITY_OF_CLASS.values()];
  return sql`coalesce((${names}::text[])[array_position(${classes}::text[], ${sql.ref(sopClass)})], ${UNKNOWN})`;
}

/** Conditions on `cohort`, the name in the query of a row of study_cohort, which may be missing. */
export function* patientConditions(cohort: string, { sex, ageBand }: Cohort): Generator<RawBuilder<boolean>> {
  const is = (column: string, value: string): RawBuilder<boolean> =>
    sql`coalesce(${sql.ref(`${cohort}.${column}`)}, ${UNKNOWN}) = ${value}`;
  if (sex !== undefined) yield is('sex', sex);
  if (ageBand !== undefined) yield is('age_band', ageBand);
}

export const all = (conditions: Iterable<RawBuilder<boolean>>): RawBuilder<boolean> =>
  sql<boolean>`(${sql.join([sql`true`, ...conditions], sql` and `)})`;

/** [p50, p95] as PostgreSQL returns it; null: there were no values. */
export const spreadOf = (percentiles: readonly number[] | null) => {
  const [p50, p95] = percentiles ?? [];
  return p50 === undefined || p95 === undefined ? null : { p50, p95 };
};
