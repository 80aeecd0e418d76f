/**
 * Where the person is, kept behind the `#` of the address: the server sees none of it, the precached page serves all of it, and the
 * only thing that ever stands there is a queue id (random) - never a name, never a UID.
 */
import { signal, type ReadonlySignal } from '@preact/signals';

export type Route =
  | { readonly page: 'upload' }
  | { readonly page: 'queue' }
  | { readonly page: 'study'; readonly id: string }
  | { readonly page: 'not-found' };

/** Reads what stands behind the `#`; anything unknown is `not-found`, never an error. */
export function parseRoute(hash: string): Route {
  const [page = '', id = '', ...rest] = hash.replace(/^#?\/?/, '').split('/');
  if (rest.length > 0) return { page: 'not-found' };
  if (page === '' && id === '') return { page: 'upload' };
  if (page === 'queue' && id === '') return { page: 'queue' };
  if (page === 'study' && /^[\w-]{1,64}$/.test(id)) return { page: 'study', id };
  return { page: 'not-found' };
}

/** The address of a page, for `href`. */
export function hrefOf(route: Exclude<Route, { page: 'not-found' }>): string {
  switch (route.page) {
    case 'upload':
      return '#/';
    case 'queue':
      return '#/queue';
    case 'study':
      return `#/study/${route.id}`;
    default:
      return route satisfies never;
  }
}

/** Follows the address bar until `signal` aborts. */
export function createRoute(page: Window, until: AbortSignal): ReadonlySignal<Route> {
  const route = signal(parseRoute(page.location.hash));
  page.addEventListener('hashchange', () => (route.value = parseRoute(page.location.hash)), { signal: until });
  return route;
}
