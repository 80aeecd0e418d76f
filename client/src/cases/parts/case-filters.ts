/**
 * The filters and the order of the list of cases. They stand in the address of the page, so that a list can be kept and
 * passed on; a search for a UID does not, because addresses hold none.
 */
import { DAY_MS } from '#shared/day.ts';
import { CASE_DAYS, CASE_FILTERS, caseDaySchema, type CaseViewFilters } from '#shared/protocol/case-views.ts';

export type Choice = keyof typeof CASE_FILTERS;
export const CHOICE_NAMES = Object.keys(CASE_FILTERS) as readonly Choice[];
export const choicesOf = <C extends Choice>(name: C): (typeof CASE_FILTERS)[C] => CASE_FILTERS[name];

/** With what is searched for. */
export type CaseFilters = Readonly<CaseViewFilters> & { readonly q: string };

export const USUAL: CaseFilters = {
  q: '',
  status: 'active',
  priority: '',
  assignee: '',
  due: '',
  opened: '',
  from: '',
  to: '',
  modality: '',
  bodyPart: '',
  early: '',
  finding: '',
  sort: 'newest',
};

const WEEK_MS = 7 * DAY_MS;
/** A case's number: PostgreSQL counts further, and no site does. */
const NUMBER = /^\d{1,9}$/;
/** Or nothing, or the first digits of a UID. */
export const isCaseNumber = (q: string): boolean => q === '' || NUMBER.test(q);
/** Whether the gateway takes it as a search. */
export const mayBeSearched = (q: string): boolean => /^[\d.]{0,64}$/.test(q);

/** The part of an address that is understood; anything else is as usual. */
export function parseFilters(query: string): CaseFilters {
  const said = new URLSearchParams(query);
  const chosen = CHOICE_NAMES.map((name) => {
    const value = said.get(name) === 'all' ? '' : said.get(name);
    return [name, (CASE_FILTERS[name] as readonly string[]).find((known) => known === value) ?? USUAL[name]];
  });
  const q = said.get('q') ?? '';
  const filters = { ...(Object.fromEntries(chosen) as CaseFilters), q: NUMBER.test(q) ? q : '' };
  const days = CASE_DAYS.map((name) => [name, filters.opened === 'days' ? dayFrom(said.get(name)) : '']);
  return { ...filters, ...(Object.fromEntries(days) as Pick<CaseFilters, 'from' | 'to'>) };
}

const dayFrom = (said: string | null): string => caseDaySchema.safeParse(said).data ?? '';

/** For the address; empty where everything is as usual. */
export function writeFilters(filters: CaseFilters): string {
  const said = CHOICE_NAMES.filter((name) => filters[name] !== USUAL[name]).map((name): [string, string] => [
    name,
    filters[name] === '' ? 'all' : filters[name],
  ]);
  for (const name of CASE_DAYS) if (filters[name] !== '') said.push([name, filters[name]]);
  if (NUMBER.test(filters.q)) said.unshift(['q', filters.q]);
  return new URLSearchParams(said).toString();
}

/** Whether fewer cases are listed than usual. */
export const isFiltered = ({ sort: _, ...filters }: CaseFilters): boolean =>
  filters.q !== '' || CHOICE_NAMES.some((name) => name !== 'sort' && filters[name] !== USUAL[name]);

/** A day as the person's calendar has it: YYYY-MM-DD. */
export function dayOf(at: Date): string {
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** Days in UTC, as the gateway counts. `to` of a period of days is included; that of the question is not. */
function momentsOf({ opened, from, to }: Pick<CaseFilters, 'opened' | 'from' | 'to'>, now: Date) {
  if (opened === '') return {};
  const midnight = (day: number): string => new Date(Math.floor(day / DAY_MS) * DAY_MS).toISOString();
  if (opened !== 'days') return { from: midnight(now.getTime() - (Number(opened) - 1) * DAY_MS) };
  return {
    ...(from === '' ? {} : { from: midnight(Date.parse(from)) }),
    ...(to === '' ? {} : { to: midnight(Date.parse(to) + DAY_MS) }),
  };
}

type Page = { readonly now: Date; readonly cursor: string | null; readonly isAnonymous: boolean };

/** The query of `GET /cases`. A number names one case, which may be closed. */
export function queryOf(
  { q, due, opened, from, to, ...filters }: CaseFilters,
  { now, cursor, isAnonymous }: Page,
): string {
  const query = new URLSearchParams();
  if (q !== '' && mayBeSearched(q)) query.set('q', q);
  if (NUMBER.test(q) && filters.status === USUAL.status) filters.status = '';
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
