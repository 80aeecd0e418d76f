/**
 * The filters and the sort order of the list of cases. They are part of the page's address, so that a list can be
 * bookmarked and shared. A search for a UID is left out, because addresses contain no UIDs.
 */
import { DAY_MS } from '#shared/day.ts';
import { CASE_FILTERS } from '#shared/protocol/case-views.ts';
import { daysOf, filtersOf, oneOf, orderOf, textOf } from '../../kit/filters.ts';

export const CHOICE_NAMES = Object.keys(CASE_FILTERS) as readonly (keyof typeof CASE_FILTERS)[];

/** A case's number. PostgreSQL's integers go higher, but no site has that many cases. */
const NUMBER = /^\d{1,9}$/;

export const CASES = filtersOf({
  q: textOf((text) => NUMBER.test(text)),
  status: oneOf(CASE_FILTERS.status),
  priority: oneOf(CASE_FILTERS.priority),
  assignee: oneOf(CASE_FILTERS.assignee),
  due: oneOf(CASE_FILTERS.due),
  opened: oneOf(CASE_FILTERS.opened),
  modality: oneOf(CASE_FILTERS.modality),
  bodyPart: oneOf(CASE_FILTERS.bodyPart),
  early: oneOf(CASE_FILTERS.early),
  finding: oneOf(CASE_FILTERS.finding),
  sort: orderOf(CASE_FILTERS.sort),
  ...daysOf('opened'),
});
export const { usual: USUAL, write: writeFilters, isFiltered } = CASES;
export type CaseFilters = typeof USUAL;

const WEEK_MS = 7 * DAY_MS;
/** Whether the text is a case number or empty, and not the first digits of a UID. */
export const isCaseNumber = (q: string): boolean => q === '' || NUMBER.test(q);
/** Whether the gateway accepts the text as a search. */
export const mayBeSearched = (q: string): boolean => /^[\d.]{0,64}$/.test(q);

/** A day in the person's local calendar: YYYY-MM-DD. */
export function dayOf(at: Date): string {
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** Days in UTC, as the gateway counts. `to` is inclusive in the filters, but exclusive in the query. */
function momentsOf({ opened, from, to }: Pick<CaseFilters, 'opened' | 'from' | 'to'>, now: Date) {
  if (opened === '') return {};
  const midnight = (day: number): string => new Date(Math.floor(day / DAY_MS) * DAY_MS).toISOString();
  if (opened !== 'days') return { from: midnight(now.getTime() - (Number(opened) - 1) * DAY_MS) };
  return {
    ...(from === '' ? {} : { from: midnight(Date.parse(from)) }),
    ...(to === '' ? {} : { to: midnight(Date.parse(to) + DAY_MS) }),
  };
}

type Page = {
  readonly now: Date;
  readonly cursor: string | null;
  readonly isAnonymous: boolean;
  /** A text that is searched for in the body of the request. */
  readonly typed?: string;
};

/** The query of `GET /cases`. A number identifies one case, which may be closed. */
export function queryOf(
  { q, due, opened, from, to, ...filters }: CaseFilters,
  { now, cursor, isAnonymous, typed = '' }: Page,
): string {
  const query = new URLSearchParams();
  if (q !== '' && mayBeSearched(q)) query.set('q', q);
  if ((NUMBER.test(q) || NUMBER.test(typed)) && filters.status === USUAL.status) filters.status = '';
  for (const [name, value] of Object.entries(filters)) if (value !== '') query.set(name, value);
  for (const [name, at] of Object.entries(momentsOf({ opened, from, to }, now))) query.set(name, at);
  // A case that is due today is not overdue.
  if (due === 'overdue')
    query.set('dueUntil', dayOf(new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1)));
  if (due === 'week') query.set('dueUntil', dayOf(new Date(now.getTime() + WEEK_MS)));
  if (cursor !== null) query.set('cursor', cursor);
  if (isAnonymous) query.set('anonymise', '1');
  return query.toString();
}
