/**
 * The destinations that need an administrator: one count for the head of every page, the account's menu and the pages
 * for administrators. It is in no first load: only its views, which are loaded later, import it.
 */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Destination } from '#shared/protocol/destination.ts';
import { createResource } from '../kit/resource.ts';
import type { ApiClient } from '../net/api-client.ts';
import { useApi } from '../net/net-context.ts';
import type { LinkNow } from '../net/link.ts';

type Counted = Pick<
  Destination,
  'id' | 'isPrimary' | 'waiting' | 'notTaken' | 'deadLetters' | 'refused' | 'unlisted' | 'hasStudies'
>;

/** `link`: of the device; beyond the gateway it ends at the primary destination. */
export function needyOf<D extends Counted>(destinations: readonly D[], link: LinkNow): readonly D[] {
  return destinations.filter(
    ({ isPrimary, waiting, notTaken, deadLetters, refused, unlisted }) =>
      waiting > 0 ||
      notTaken > 0 ||
      deadLetters > 0 ||
      refused !== null ||
      unlisted !== null ||
      (isPrimary && link.startsWith('pacs-')),
  );
}

export interface DestinationList {
  /** Destinations as the gateway last listed them; null: not asked yet, or no administrator is here. */
  readonly destinations: ReadonlySignal<readonly Counted[] | null>;
  /** The link as the status line says it. */
  readonly link: Signal<LinkNow>;
  readonly count: ReadonlySignal<number>;
  /** Asks the gateway; without a network the last list stays. */
  refresh(): Promise<void>;
  /** A page has a newer list. */
  note(destinations: readonly Counted[]): void;
  /** Another person is here, or nobody. */
  forget(): void;
}

export function createDestinationList(api: Pick<ApiClient, 'json'>): DestinationList {
  const listed = createResource<readonly Counted[], 'unheard'>(() => 'unheard');
  const link = signal<LinkNow>('unknown');
  return {
    destinations: listed.value,
    link,
    count: computed(() => needyOf(listed.value.value ?? [], link.value).length),
    refresh: () =>
      listed.ask(async (until) => {
        // The account's menu has the count, and is opened by people for whom nothing is parsed.
        const { destinationsSchema } = await import('#shared/protocol/destination.ts');
        return (await api.json('/admin/destinations', destinationsSchema, { signal: until })).destinations;
      }),
    note: listed.take,
    forget: listed.forget,
  };
}

/** The lists of destinations, one for each gateway that a page speaks to. */
const lists = new WeakMap<ApiClient, DestinationList>();

export function useDestinationList(): DestinationList {
  const api = useApi();
  const list = lists.get(api) ?? createDestinationList(api);
  lists.set(api, list);
  return list;
}

/** Counts those of a list that a page has loaded; null: not yet. */
export function useAsCounted(destinations: readonly Counted[] | null): void {
  const list = useDestinationList();
  useEffect(() => {
    if (destinations) list.note(destinations);
  }, [destinations]);
}

/** For the list of the page: when it is first drawn, the first one that needs an administrator comes into sight. */
export function useNeedyInSight(destinations: readonly Counted[]): { current: HTMLUListElement | null } {
  const place = useRef<HTMLUListElement>(null);
  const { link } = useDestinationList();
  useEffect(() => {
    const [first] = needyOf(destinations, link.peek());
    const at = first ? destinations.indexOf(first) : -1;
    place.current?.children[at]?.querySelector('h2')?.scrollIntoView({ block: 'center' });
  }, []);
  return place;
}
