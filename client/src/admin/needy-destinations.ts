/**
 * The destinations with problems: one count for the header of every page, the account menu and the administration
 * pages. It is not part of the first load: only its views, which are loaded later, import it.
 */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Destination } from '#shared/protocol/destination.ts';
import { createResource, type Resource } from '../kit/resource.ts';
import type { ApiClient } from '../net/api-client.ts';
import { useApi } from '../net/net-context.ts';
import type { LinkNow } from '../net/link.ts';

type Counted = Pick<
  Destination,
  'id' | 'isPrimary' | 'waiting' | 'notTaken' | 'deadLetters' | 'refused' | 'unlisted' | 'hasStudies'
>;

/** `link`: the device's link. Beyond the gateway, it describes the primary destination. */
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
  /** Destinations as the gateway last listed them; null: not requested yet, or no administrator is signed in. */
  readonly destinations: ReadonlySignal<readonly Counted[] | null>;
  readonly answer: Resource<readonly Counted[], 'unheard'>['answer'];
  /** The link as shown in the status line. */
  readonly link: Signal<LinkNow>;
  readonly count: ReadonlySignal<number>;
  /** Asks the gateway; without a network the last list stays. */
  refresh(): Promise<void>;
  /** Called when a page has loaded a newer list. */
  note(destinations: readonly Counted[]): void;
  /** Called when another person, or nobody, is signed in. */
  forget(): void;
}

export function createDestinationList(api: Pick<ApiClient, 'json'>): DestinationList {
  const listed = createResource<readonly Counted[], 'unheard'>(() => 'unheard');
  const link = signal<LinkNow>('unknown');
  return {
    destinations: listed.value,
    answer: listed.answer,
    link,
    count: computed(() => needyOf(listed.value.value ?? [], link.value).length),
    refresh: () =>
      listed.ask(async (until) => {
        // The account menu includes this count, and most people who open it need no parser.
        const { destinationsSchema } = await import('#shared/protocol/destination.ts');
        return (await api.json('/admin/destinations', destinationsSchema, { signal: until })).destinations;
      }),
    note: listed.take,
    forget: listed.forget,
  };
}

/** The lists of destinations, one for each API client. */
const lists = new WeakMap<ApiClient, DestinationList>();

export function useDestinationList(): DestinationList {
  const api = useApi();
  const list = lists.get(api) ?? createDestinationList(api);
  lists.set(api, list);
  return list;
}

/** Counts the destinations in a list that a page has loaded; null: not loaded yet. */
export function useAsCounted(destinations: readonly Counted[] | null): void {
  const list = useDestinationList();
  useEffect(() => {
    if (destinations) list.note(destinations);
  }, [destinations]);
}
