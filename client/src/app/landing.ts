/** The first page of each role, and the page shown in place of one that a role may not open. */
import type { Role, User } from '#shared/protocol/api.ts';
import { CASE_KEEPERS, EXPORTERS } from '#shared/protocol/keepers.ts';
import type { Route } from '../kit/routes.ts';
import { mayReadAudit, maySend } from '../net/may-send.ts';

/**
 * Cases are open to every role that may send. Auditors may neither send nor open cases; they only read the events of
 * cases.
 */
export const mayOpenCases = maySend;

export const seesFigures = ({ roles }: Pick<User, 'roles'>): boolean =>
  roles.some((role) => role === 'researcher' || role === 'radiologist' || role === 'admin');

export const mayReadReviews = ({ roles }: Pick<User, 'roles'>): boolean => roles.includes('radiologist');

/**
 * Technicians and administrators begin with Upload, radiologists with what they have to read, and others with an
 * overview of what they may do.
 */
export function landingOf(route: Route, user: Pick<User, 'roles'> | null): Route {
  if (user === null) return route.page === 'start' ? { page: 'upload' } : route;
  const { roles } = user;
  const { page } = route;
  const isAdmin = roles.includes('admin');
  const isOneOf = (some: readonly Role[]) => roles.some((role) => some.includes(role));
  if (page === 'upload' && !maySend(user)) return { page: 'start' };
  const isHidden =
    (page === 'cases' && !mayOpenCases(user)) ||
    (page === 'exports' && !isOneOf(EXPORTERS)) ||
    (page === 'reviews' && !isOneOf(CASE_KEEPERS)) ||
    (page === 'audit' && !mayReadAudit(user)) ||
    (page === 'admin' && !isAdmin);
  if (isHidden) return { page: 'not-found' };
  if (page !== 'start') return route;
  if (isAdmin || roles.includes('technician')) return { page: 'upload' };
  return roles.includes('radiologist') ? { page: 'reviews', id: '' } : route;
}
