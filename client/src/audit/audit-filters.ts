/**
 * The filters of the audit trail. They stand in the address of the page, so that it can be kept and passed on: with
 * ids for people and studies, because addresses hold no names and no UIDs.
 */
import { DAY_MS } from '#shared/day.ts';
import { UID_LENGTH_LIMIT } from '#shared/dicom/uid.ts';
import { AUDIT_KINDS, type AuditKind } from '#shared/protocol/audit-events.ts';

export const PERIODS = ['', 'today', 'yesterday', '7', '30', 'days'] as const;
export type Period = (typeof PERIODS)[number];

export type AuditFilters = {
  readonly period: Period;
  /** Where the period is `days`: the first and the last one, YYYY-MM-DD; empty: open. */
  readonly from: string;
  readonly to: string;
  /** The id of an account. */
  readonly person: string;
  readonly kind: AuditKind | '';
  readonly outcome: 'failed' | '';
  /** An id of the gateway for the study. */
  readonly study: string;
  /** The number or the id of a case. */
  readonly case: string;
  /** The id of a device. */
  readonly device: string;
};

export const EVERYTHING: AuditFilters = {
  period: '',
  from: '',
  to: '',
  person: '',
  kind: '',
  outcome: '',
  study: '',
  case: '',
  device: '',
};

/** No study, case or device: the page has one field for all three, so that one at a time is looked for. */
export const NO_SUBJECT = { study: '', case: '', device: '' } as const;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const NUMBER = /^[1-9]\d{0,8}$/;
const DAY = /^(?:19|[2-9]\d)\d{2}-\d{2}-\d{2}$/;
const isDay = (text: string): boolean => DAY.test(text) && !Number.isNaN(Date.parse(text));
const either =
  (...tests: readonly ((text: string) => boolean)[]) =>
  (text: string): string =>
    tests.some((test) => test(text)) ? text : '';
const id = (text: string): boolean => UUID.test(text);

/** The part of an address that is understood; anything else is as usual. */
export function parseFilters(query: string): AuditFilters {
  const said = new URLSearchParams(query);
  const get = (name: keyof AuditFilters): string => said.get(name) ?? '';
  const period = PERIODS.find((known) => known === get('period')) ?? '';
  return {
    period,
    from: period === 'days' ? either(isDay)(get('from')) : '',
    to: period === 'days' ? either(isDay)(get('to')) : '',
    person: either(id)(get('person')),
    kind: AUDIT_KINDS.find((known) => known === get('kind')) ?? '',
    outcome: get('outcome') === 'failed' ? 'failed' : '',
    study: either(id)(get('study')),
    case: either(id, (text) => NUMBER.test(text))(get('case')),
    device: either(id)(get('device')),
  };
}

const NAMES = Object.keys(EVERYTHING) as readonly (keyof AuditFilters)[];

/** For the address; empty where everything is shown. */
export const writeFilters = (filters: AuditFilters): string =>
  new URLSearchParams(
    NAMES.filter((name) => filters[name] !== '').map((name) => [name, filters[name]]),
  ).toString();

export const isNarrowed = (filters: AuditFilters): boolean =>
  NAMES.some((name) => name !== 'from' && name !== 'to' && filters[name] !== '');

/** A study, a case or a device as it is typed: a UID has dots. */
export type Typed =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'case'; readonly number: string }
  | { readonly kind: 'uid'; readonly uid: string }
  | { readonly kind: 'device'; readonly id: string }
  | { readonly kind: 'wrong' };

/** PS3.5 §9.1: components without leading zeros. Those of some devices have them, or are too long. */
const UID = /^\d+(\.\d+)+$/;

export function readSubject(text: string): Typed {
  const typed = text.trim();
  if (typed === '') return { kind: 'nothing' };
  if (NUMBER.test(typed)) return { kind: 'case', number: typed };
  if (id(typed.toLowerCase())) return { kind: 'device', id: typed.toLowerCase() };
  return UID.test(typed) && typed.length <= UID_LENGTH_LIMIT
    ? { kind: 'uid', uid: typed }
    : { kind: 'wrong' };
}

const startOfDay = (at: Date): Date => new Date(at.getFullYear(), at.getMonth(), at.getDate());
/** A day of this person's calendar. */
const dayIn = (day: string): Date => {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date);
};

/** Days of this person's calendar, the last one included. */
function boundsOf({ period, from, to }: AuditFilters, now: Date): { from: Date | null; to: Date | null } {
  if (period === '') return { from: null, to: null };
  if (period === 'today') return { from: startOfDay(now), to: null };
  if (period === 'yesterday') {
    const to = startOfDay(now);
    return { from: new Date(to.getFullYear(), to.getMonth(), to.getDate() - 1), to };
  }
  if (period !== 'days')
    return { from: startOfDay(new Date(now.getTime() - (Number(period) - 1) * DAY_MS)), to: null };
  const last = to === '' ? null : dayIn(to);
  return {
    from: from === '' ? null : dayIn(from),
    to: last && new Date(last.getFullYear(), last.getMonth(), last.getDate() + 1),
  };
}

/** `uid`: a study that has no id here; empty: none. */
export type AuditQuestion = { readonly filters: AuditFilters; readonly uid: string };

/** The query of `GET /audit/events`. */
export function queryOf({ filters, uid }: AuditQuestion, now: Date): string {
  const query = new URLSearchParams();
  const { from, to } = boundsOf(filters, now);
  if (from !== null) query.set('from', from.toISOString());
  if (to !== null) query.set('to', to.toISOString());
  for (const name of ['person', 'kind', 'outcome', 'study', 'case', 'device'] as const)
    if (filters[name] !== '') query.set(name, filters[name]);
  if (uid !== '') query.set('study', uid);
  return query.toString();
}
