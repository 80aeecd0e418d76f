/** The destinations: a list with the state of each, and the details of the one that is chosen. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { Destination } from '#shared/protocol/destination.ts';
import { ListTable } from '../kit/ListTable.tsx';
import { leadFromHere } from '../kit/lead-from-here.ts';
import { hrefOf } from '../kit/routes.ts';
import { usePageStore } from '../net/use-page-store.ts';
import { AdminPage } from './AdminPage.tsx';
import { BuiltInViewer } from './BuiltInViewer.tsx';
import { DESTINATION_NAME, destinationColumns } from './destination-columns.tsx';
import { DestinationDetails } from './DestinationDetails.tsx';
import { DestinationSheet } from './DestinationSheet.tsx';
import { destinationListWords as listWords } from './destination-list-words.ts';
import { destinationWords as words } from './destination-words.ts';
import {
  createDestinationsStore,
  type DestinationList,
  type DestinationsStore,
} from './destinations.store.ts';
import { ImportOrdersSheet } from './ImportOrdersSheet.tsx';
import { needyOf, useAsCounted, useDestinationList } from './needy-destinations.ts';
import { SampleData } from './SampleData.tsx';
import { importWords } from './worklist-words.ts';

const addressOf = (id: string): string => hrefOf({ page: 'admin', at: 'destinations', id });

/** A waiting study is tried again within 30 s, and people watch this page while they repair a PACS. */
const REFRESH_MS = 10_000;

type ViewProps = {
  /** The destination whose details are shown; empty: none was chosen. */
  readonly id: string;
};

export function DestinationsView({ id }: ViewProps) {
  const store = usePageStore(createDestinationsStore, REFRESH_MS);
  /** Undefined: the form is closed; null: it is for a new destination. */
  const editing = useSignal<Destination | null | undefined>(undefined);
  /** The id of the destination that was saved last. */
  const saved = useSignal<string | null>(null);
  useAsCounted(store.list.value.value?.destinations ?? null);
  return (
    <AdminPage
      at="destinations"
      intro={words.intro}
      of={store.list}
      trouble={store.trouble}
      onAgain={() => void store.load()}
      after={<SampleData />}
    >
      {(known, listed) => (
        <>
          <p>
            <button type="button" class="button button-main" onClick={() => (editing.value = null)}>
              {words.add}
            </button>{' '}
            <ImportOrders />
          </p>
          <List
            {...known}
            id={id}
            empty={listWords.none(listed)}
            store={store}
            saved={editing.value === undefined ? saved.value : null}
            onChange={(destination) => (editing.value = destination)}
          />
          <BuiltInViewer />
          {editing.value !== undefined && (
            <DestinationSheet
              destination={editing.value}
              all={known.destinations}
              folderRoot={known.folderRoot}
              tests={store.tests.value}
              secrets={editing.value === null ? {} : store.secrets.of(editing.value)}
              onSave={async (...wanted) => {
                const lead = leadFromHere();
                saved.value = await store.save(...wanted);
                lead(addressOf(saved.value));
              }}
              onClose={() => (editing.value = undefined)}
            />
          )}
        </>
      )}
    </AdminPage>
  );
}

type ListProps = Pick<DestinationList, 'destinations' | 'rules'> & {
  /** Empty: none was chosen. */
  readonly id: string;
  readonly empty: string;
  readonly store: DestinationsStore;
  /** The id of the destination that was saved last, set once its form has closed. */
  readonly saved: string | null;
  readonly onChange: (destination: Destination) => void;
};

function List({ destinations, rules, id, empty, store, saved, onChange }: ListProps) {
  const first = useFirstChosen(destinations, id);
  const { link } = useDestinationList();
  const needy = needyOf(destinations, link.value);
  const chosen = destinations.find((destination) => destination.id === id) ?? null;
  const columns = useMemo(() => destinationColumns(store), [store]);
  const listed = useRef('');
  if (chosen !== null) listed.current = chosen.id;
  // It was deleted: its address leads nowhere, and the focus was in its details.
  const isGone = id !== '' && chosen === null && listed.current === id;
  useEffect(() => {
    if (isGone) location.replace(addressOf(''));
  }, [isGone]);
  return (
    <div class="list-and-details" data-open={chosen !== null}>
      <ListTable
        id="destinations"
        label={listWords.label}
        rows={[...needy, ...destinations.filter((one) => !needy.includes(one))]}
        keyOf={(destination) => destination.id}
        name={DESTINATION_NAME}
        hrefOf={(destination) => addressOf(destination.id)}
        columns={columns}
        current={chosen?.id}
        empty={<p class="quiet">{empty}</p>}
      />
      {chosen !== null && (
        <DestinationDetails
          key={chosen.id}
          {...{ destination: chosen, rules, store }}
          tested={store.tests.value.get(chosen.id) ?? null}
          isOpened={first.current !== chosen.id}
          wasSaved={saved === chosen.id}
          onChange={() => onChange(chosen)}
        />
      )}
    </div>
  );
}

/** From this width on, the details stand beside the list (admin.css). */
const BESIDE = '(width >= 1200px)';

/**
 * In a wide window something stands beside the list: the first destination with a problem, or the primary one. Holds
 * the id of that destination.
 */
function useFirstChosen(destinations: readonly Destination[], id: string) {
  const { link } = useDestinationList();
  const found = useRef<string | null>(null);
  useEffect(() => {
    if (id !== found.current) found.current = null;
    if (id !== '' || !matchMedia(BESIDE).matches) return;
    const isPrimary = (one: Destination): boolean => one.isPrimary;
    const first = needyOf(destinations, link.peek())[0] ?? destinations.find(isPrimary) ?? destinations[0];
    if (first === undefined) return;
    found.current = first.id;
    location.replace(addressOf(first.id));
  }, [id]);
  return found;
}

function ImportOrders() {
  const isOpen = useSignal(false);
  return (
    <>
      <button type="button" class="button" aria-haspopup="dialog" onClick={() => (isOpen.value = true)}>
        {importWords.button}
      </button>
      {isOpen.value && <ImportOrdersSheet onClose={() => (isOpen.value = false)} />}
    </>
  );
}
