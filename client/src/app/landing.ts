/** The page on which a role begins, and the page that it gets in the place of one that is not for it. */
import type { User } from '#shared/protocol/api.ts';
import type { Route } from '../kit/routes.ts';
import { maySend } from '../net/may-send.ts';

/** Auditors read the events of cases, and send nothing either. */
export const mayOpenCases = maySend;

/** Technicians and administrators begin with a study, radiologists with results, others with what they may do. */
export function landingOf(route: Route, user: Pick<User, 'roles'> | null): Route {
  if (user === null) return route.page === 'start' ? { page: 'upload' } : route;
  if (route.page === 'upload' && !maySend(user)) return { page: 'start' };
  if (route.page === 'cases' && !mayOpenCases(user)) return { page: 'not-found' };
  if (route.page === 'reviews' && !user.roles.some((role) => role === 'radiologist' || role === 'admin'))
    return { page: 'not-found' };
  if (route.page === 'admin' && !user.roles.includes('admin')) return { page: 'not-found' };
  if (route.page !== 'start') return route;
  const { roles } = user;
  if (roles.includes('technician') || roles.includes('admin')) return { page: 'upload' };
  return roles.includes('radiologist') ? { page: 'results', at: 'results', id: '', beside: '' } : route;
}
