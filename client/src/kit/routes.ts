/**
 * The open page, as encoded in the part of the address after `#`. The server never sees that part, and the precached
 * page serves every such address. It contains only random ids, never a name or a UID.
 */
import { signal, type ReadonlySignal } from '@preact/signals';

export type Route =
  /** An address that names no page: each role starts on its own page. */
  | { readonly page: 'start' }
  | { readonly page: 'upload' }
  | { readonly page: 'studies' }
  /** Everything that needs a decision. */
  | { readonly page: 'needs' }
  | { readonly page: 'settings' }
  | { readonly page: 'help' }
  /** The page that checks whether a receipt is genuine. */
  | { readonly page: 'check' }
  /** A found study that is not queued. With `covers`, it opens at its held picture, ready for covering. */
  | { readonly page: 'before-after'; readonly id: string; readonly covers?: true }
  | { readonly page: 'study'; readonly id: string }
  /**
   * The pages of results: the list (without an id), one result, and one result next to another or its objects in the
   * PACS (`beside` says which); running a model on the study with this device id, or on any study; and the models. They
   * form one page, because a choice made on one of them applies to the next.
   */
  | { readonly page: 'results'; readonly at: ResultsPlace; readonly id: string; readonly beside: string }
  /** The list of cases (without an id), with its filters in `query`; or one case. */
  | { readonly page: 'cases'; readonly id: string; readonly query: string }
  /** Exports: files made from many cases. */
  | { readonly page: 'exports' }
  /** The dashboard: `id` names one of its pages, and `query` what it counts. */
  | { readonly page: 'analytics'; readonly id: string; readonly query: string }
  /** The audit trail: `query` contains what is searched for, by ids. */
  | { readonly page: 'audit'; readonly query: string }
  /** A study that the gateway knows; `id` is one of its uploads. */
  | { readonly page: 'sent'; readonly id: string }
  /** The list of reviews (without an id), or one review. */
  | { readonly page: 'reviews'; readonly id: string }
  /**
   * The pages for administrators. The first one is the overview of the others. `id`: the destination, the account or
   * the policy whose details are shown.
   */
  | { readonly page: 'admin'; readonly at: AdminTask; readonly id?: string }
  | { readonly page: 'not-found' };

type ResultsPlace = 'results' | 'infer' | 'models';
const adminTasks = [
  'overview',
  'destinations',
  'accounts',
  'rules',
  'api-keys',
  'dimse-peers',
  'quotas',
  'policies',
  'vault',
  'backups',
  'retention',
  'storage',
] as const;
export type AdminTask = (typeof adminTasks)[number];

/** Administration pages with a list whose rows have details. */
const withDetails = ['destinations', 'accounts', 'policies'] as const;

/** Pages whose address has no id. */
const plainPages = ['studies', 'needs', 'settings', 'help', 'check', 'exports'] as const;

const CASES = /^#?\/?(cases|analytics)(?:\/([\w-]{1,64}))?(?:\?([\w=&-]{1,256}))?$/;
const AUDIT = /^#?\/?audit(?:\?([\w=&-]{1,256}))?$/;

/** Reads the part of the address after `#`. Anything unknown is `not-found`, never an error. */
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
  const detailed = withDetails.find((each) => page === 'admin' && each === id);
  if (detailed !== undefined && beside !== '') return { page: 'admin', at: detailed, id: beside };
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
      return `#/${['admin', route.at, route.id].filter(Boolean).join('/')}`;
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
