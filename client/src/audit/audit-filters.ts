/**
 * The filters of the audit trail. They are in the address of the page, so that it can be bookmarked and shared. People
 * and studies are given by id, because addresses hold no names or UIDs.
 */
import { DAY_MS } from '#shared/day.ts';
import { UID_LENGTH_LIMIT } from '#shared/dicom/uid.ts';
import { AUDIT_KINDS } from '#shared/protocol/audit-events.ts';
import { daysOf, filtersOf, oneOf, textOf } from '../kit/filters.ts';

const PERIODS = ['', 'today', 'yesterday', '7', '30', 'days'] as const;
export type Period = (typeof PERIODS)[number];

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const NUMBER = /^[1-9]\d{0,8}$/;
const id = (text: string): boolean => UUID.test(text);

export const TRAIL = filtersOf({
  period: oneOf(PERIODS),
  ...daysOf('period'),
  /** The id of an account. */
  person: textOf(id),
  kind: oneOf(['', ...AUDIT_KINDS]),
  outcome: oneOf(['', 'failed']),
  /** The gateway's id of the study. */
  study: textOf(id),
  /** The number or the id of a case. */
  case: textOf((text) => id(text) || NUMBER.test(text)),
  /** The id of a device. */
  device: textOf(id),
});
export const { usual: EVERYTHING, parse: parseFilters, write: writeFilters, isFiltered: isNarrowed } = TRAIL;
export type AuditFilters = typeof EVERYTHING;

/**
 * Clears study, case and device: the page has one field for all three, so only one of them can be searched for at a
 * time.
 */
export const NO_SUBJECT = { study: '', case: '', device: '' } as const;

/** What was typed into that field: a study (a UID has dots), a case or a device. */
type Typed =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'case'; readonly number: string }
  | { readonly kind: 'uid'; readonly uid: string }
  | { readonly kind: 'device'; readonly id: string }
  | { readonly kind: 'wrong' };

/** PS3.5 §9.1 forbids leading zeros in components, but the UIDs of some devices have them, or are too long. */
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
/** The start of a day in this person's calendar. */
const dayIn = (day: string): Date => {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date);
};

/** The bounds of the period in days of this person's calendar, the last one included. */
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

/** `uid`: a study that has no id here; empty: there is none. */
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
