/** What the dashboard asks for: a page, a period and a cohort. All of it is in the address. */
import { DAY_MS } from '#shared/day.ts';
import { AGE_BANDS, MODELS_READERS, OPERATIONS_READERS, SEXES, UNKNOWN } from '#shared/protocol/analytics.ts';
import type { Role } from '#shared/protocol/api.ts';
import { CASE_MODALITIES } from '#shared/protocol/cases.ts';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import { filtersOf, oneOf } from '../kit/filters.ts';

export const PLACES = ['uploads', 'models', 'reviews'] as const;
export type Place = (typeof PLACES)[number];
const READERS: Record<Place, readonly Role[]> = {
  uploads: OPERATIONS_READERS,
  models: MODELS_READERS,
  reviews: CASE_KEEPERS,
};
/** Researchers see every page: with exact figures where their role allows it, and otherwise with noise. */
export const placesFor = (roles: readonly Role[]): readonly Place[] =>
  PLACES.filter((place) => roles.includes('researcher') || isExactFor(place, roles));
export const isExactFor = (place: Place, roles: readonly Role[]): boolean =>
  READERS[place].some((role) => roles.includes(role));

/** Auditors get no figures by sex or age. With noise, everybody may ask for them. */
export const mayAskPatients = (place: Place, roles: readonly Role[]): boolean =>
  place !== 'uploads' || roles.includes('admin') || !isExactFor(place, roles);

const DAYS = ['7', '30', '90', '365'] as const;
export type Days = (typeof DAYS)[number];

/** Avoids the plus sign, which an address cannot contain. */
const toAddress = (value: string): string => value.replace('+', '-up');

export const FIGURES = filtersOf({
  days: oneOf(DAYS, '30'),
  sex: oneOf(['', ...SEXES, UNKNOWN]),
  ageBand: oneOf(['', ...AGE_BANDS, UNKNOWN], '', toAddress),
  modality: oneOf(['', ...CASE_MODALITIES]),
});
export const { usual: USUAL, parse: parseFilters, write: writeFilters } = FIGURES;
export type Filters = typeof USUAL;

/** The day in UTC, as the gateway counts. */
const dayOf = (at: Date): string => at.toISOString().slice(0, 'YYYY-MM-DD'.length);

/** The query for the gateway: so many days, ending today. */
export function queryOf({ days, ...cohort }: Filters, now: Date): string {
  const from = dayOf(new Date(now.getTime() - (Number(days) - 1) * DAY_MS));
  const query = new URLSearchParams({ from, to: dayOf(now) });
  for (const [name, value] of Object.entries(cohort)) if (value !== '') query.set(name, value);
  return query.toString();
}

/** Every day from the first to the last. */
export function daysIn({ from, to }: { readonly from: string; readonly to: string }): readonly string[] {
  const first = Date.parse(from);
  const count = Math.round((Date.parse(to) - first) / DAY_MS) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, at) => dayOf(new Date(first + at * DAY_MS)));
}

/** Every month, as YYYY-MM, of which at least one day is in the range. */
export const monthsIn = (range: { readonly from: string; readonly to: string }): readonly string[] => [
  ...new Set(daysIn(range).map((day) => day.slice(0, 'YYYY-MM'.length))),
];
