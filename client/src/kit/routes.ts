/**
 * The page that is open, in the part of the address behind `#`: the server never sees it, and the precached
 * page serves all of it. It contains random ids only, never a name or a UID.
 */
import { signal, type ReadonlySignal } from '@preact/signals';

export type Route =
  /** An address that names no page: each role begins at a page of its own. */
  | { readonly page: 'start' }
  | { readonly page: 'upload' }
  | { readonly page: 'studies' }
  /** Everything that needs a person. */
  | { readonly page: 'needs' }
  | { readonly page: 'settings' }
  | { readonly page: 'help' }
  /** Whether a receipt is genuine. */
  | { readonly page: 'check' }
  /** A found study that is not queued. With `covers` it opens with its held picture, ready to be covered. */
  | { readonly page: 'before-after'; readonly id: string; readonly covers?: true }
  | { readonly page: 'study'; readonly id: string }
  /**
   * The pages of results: the list (without an id), one result, one result next to another or its objects in
   * the PACS (`beside` says which); asking a model about the study that this device knows by this id, or
   * about any study; the models. One page, because a choice on one of them is shown on the next.
   */
  | { readonly page: 'results'; readonly at: ResultsPlace; readonly id: string; readonly beside: string }
  /** The list of cases (without an id), its filters in `query`; or one case. */
  | { readonly page: 'cases'; readonly id: string; readonly query: string }
  /** Files that are made of many cases. */
  | { readonly page: 'exports' }
  /** The dashboard: a page of it in `id`, what it counts in `query`. */
  | { readonly page: 'analytics'; readonly id: string; readonly query: string }
  /** The audit trail: what is looked for in `query`, by ids. */
  | { readonly page: 'audit'; readonly query: string }
  /** A study that the gateway knows, by an upload of it. */
  | { readonly page: 'sent'; readonly id: string }
  /** The list of reviews (without an id), or one review. */
  | { readonly page: 'reviews'; readonly id: string }
  /** The pages for administrators; they begin at the destinations. */
  | { readonly page: 'admin'; readonly at: AdminTask }
  | { readonly page: 'not-found' };

type ResultsPlace = 'results' | 'infer' | 'models';
const adminTasks = ['destinations', 'accounts', 'rules', 'api-keys', 'dimse-peers', 'quotas'] as const;
export type AdminTask = (typeof adminTasks)[number];

/** Their address has no id. */
const plainPages = ['studies', 'needs', 'settings', 'help', 'check', 'exports'] as const;

const CASES = /^#?\/?(cases|analytics)(?:\/([\w-]{1,64}))?(?:\?([\w=&-]{1,256}))?$/;
const AUDIT = /^#?\/?audit(?:\?([\w=&-]{1,256}))?$/;

/** Reads the part behind `#`; anything unknown is `not-found`, never an error. */
export function parseRoute(hash: string): Route {
  const cases = CASES.exec(hash);
  if (cases !== null)
    return { page: cases[1] as 'cases' | 'analytics', id: cases[2] ?? '', query: cases[3] ?? '' };
  const audit = AUDIT.exec(hash);
  if (audit !== null) return { page: 'audit', query: audit[1] ?? '' };
  const [page = '', id = '', beside = '', ...rest] = hash.replace(/^#?\/?/, '').split('/');
  if (rest.length > 0 || ![id, beside].every((part) => /^[\w-]{0,64}$/.test(part)))
    return { page: 'not-found' };
  if (page === 'results' || page === 'infer' || page === 'models')
    return { page: 'results', at: page, id, beside };
  if (page === 'before-after' && id !== '' && beside === 'cover') return { page, id, covers: true };
  if (beside !== '') return { page: 'not-found' };
  if (page === 'admin') {
    const at = adminTasks.find((task) => id === '' || task === id);
    return at === undefined ? { page: 'not-found' } : { page, at };
  }
  if (page === '' && id === '') return { page: hash.length > 1 ? 'upload' : 'start' };
  const plain = plainPages.find((each) => each === page);
  if (plain !== undefined && id === '') return { page: plain };
  if (page === 'reviews' || (id !== '' && (page === 'study' || page === 'sent' || page === 'before-after')))
    return { page, id };
  return { page: 'not-found' };
}

/** The address of a page, for `href`. */
export function hrefOf(route: Exclude<Route, { page: 'not-found' }>): string {
  switch (route.page) {
    case 'start':
      return '#';
    case 'upload':
      return '#/';
    case 'studies':
    case 'needs':
    case 'settings':
    case 'help':
    case 'check':
    case 'exports':
      return `#/${route.page}`;
    case 'before-after':
      return `#/before-after/${route.id}${route.covers ? '/cover' : ''}`;
    case 'study':
    case 'sent':
    case 'reviews':
      return `#/${route.page}/${route.id}`;
    case 'cases':
    case 'analytics':
      return `#/${route.page}${route.id && `/${route.id}`}${route.query && `?${route.query}`}`;
    case 'audit':
      return `#/audit${route.query && `?${route.query}`}`;
    case 'admin':
      return `#/admin/${route.at}`;
    case 'results':
      return `#/${[route.at, route.id, route.beside].filter(Boolean).join('/')}`;
    default:
      return route satisfies never;
  }
}

/** Follows the address bar until `signal` aborts. */
export function createRoute(page: Window, until: AbortSignal): ReadonlySignal<Route> {
  const route = signal(parseRoute(page.location.hash));
  page.addEventListener('hashchange', () => (route.value = parseRoute(page.location.hash)), {
    signal: until,
  });
  return route;
}
