/**
 * The data set before and after as one list, with filter, search and collapsible groups. It scrolls smoothly with
 * thousands of elements.
 */
import { useId, useState } from 'preact/hooks';
import { deidWords } from './deid-words.ts';
import { formatCount } from '../../kit/format.ts';
import { Icon } from '../../kit/Icon.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import { VirtualList } from '../../kit/VirtualList.tsx';
import type { NotShown } from '../compare/comparison.ts';
import type { ChangeListStore } from './change-list.store.ts';
import { ElementRow } from './ElementRow.tsx';
import { keyOfRow, type Entry, type Filter } from './list-entries.ts';

const ROW = 84;
const FILTERS: readonly Filter[] = ['changed', 'kept', 'all'];

export function ChangeList({
  store,
  notShown,
}: {
  readonly store: ChangeListStore;
  readonly notShown: NotShown;
}) {
  const { entries, found } = store.entries.value;
  const [withRules, setRules] = useState(false);
  return (
    <section class="changes" aria-label={deidWords.list.label}>
      <Tools store={store} />
      <div class="row row-apart">
        <p class="small quiet numbers" role="status">
          {deidWords.list.found(found)}
        </p>
        <button
          type="button"
          class="button button-bare"
          aria-pressed={withRules}
          aria-label={deidWords.list.rules}
          onClick={() => setRules(!withRules)}
        >
          {kitWords.details}
        </button>
      </div>
      {found === 0 ? (
        <Nothing store={store} />
      ) : (
        <>
          <div class="change-columns small quiet" aria-hidden="true">
            <span>{deidWords.list.columns.element}</span>
            <span>{deidWords.list.columns.before}</span>
            <span>{deidWords.list.columns.after}</span>
          </div>
          <VirtualList
            items={entries}
            keyOf={keyOf}
            estimate={ROW}
            label={deidWords.list.label}
            render={(entry) =>
              entry.kind === 'group' ? (
                <GroupHead store={store} entry={entry} />
              ) : (
                <ElementRow entry={entry} withRule={withRules} onFlip={() => store.flip(entry)} />
              )
            }
          />
        </>
      )}
      {notShown.changed + notShown.kept > 0 && (
        <p class="small quiet changes-end">{deidWords.list.notShown(notShown)}</p>
      )}
    </section>
  );
}

function keyOf(entry: Entry): string {
  return entry.kind === 'group' ? entry.heading : keyOfRow(entry.heading, entry.row);
}

function Tools({ store }: { readonly store: ChangeListStore }) {
  const { filter, query } = store.list.value;
  const name = useId();
  return (
    <search class="change-tools">
      <label class="field change-search">
        <span class="unseen">{deidWords.list.search}</span>
        <input
          type="search"
          value={query}
          placeholder={deidWords.list.searchHint}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          onInput={(event) => store.search(event.currentTarget.value)}
        />
      </label>
      {store.hasChanges.value && <Filters name={name} filter={filter} onChoose={store.setFilter} />}
    </search>
  );
}

type FiltersProps = {
  readonly name: string;
  readonly filter: Filter;
  readonly onChoose: (filter: Filter) => void;
};

function Filters({ name, filter, onChoose }: FiltersProps) {
  return (
    <fieldset class="segments">
      <legend class="unseen">{deidWords.list.show}</legend>
      <div class="segments-inside">
        {FILTERS.map((each) => (
          <label key={each} class="segment">
            <input
              type="radio"
              class="unseen"
              name={name}
              checked={filter === each}
              onChange={() => onChoose(each)}
            />
            <span>{deidWords.list.filters[each]}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function Nothing({ store }: { readonly store: ChangeListStore }) {
  const showAll = () => {
    store.search('');
    store.setFilter('all');
  };
  return (
    <div class="changes-none stack-tight">
      <p class="strong">{deidWords.list.nothing}</p>
      <p class="quiet">{deidWords.list.nothingNext}</p>
      <p>
        <button type="button" class="button" onClick={showAll}>
          {deidWords.list.showAll}
        </button>
      </p>
    </div>
  );
}

function GroupHead({
  store,
  entry,
}: {
  readonly store: ChangeListStore;
  readonly entry: Extract<Entry, { kind: 'group' }>;
}) {
  const { heading, count, open } = entry;
  return (
    <h2 class="change-group">
      <button type="button" class="change-fold" aria-expanded={open} onClick={() => store.turn(heading)}>
        <span class="change-mark" data-open={open}>
          <Icon name="chevron" size={16} turns />
        </span>
        <span class="change-heading">
          <span class="strong">{deidWords.headings[heading]}</span>
          <span class="small quiet change-what">{deidWords.headingWhat[heading]}</span>
        </span>
        <span class="change-count numbers" aria-hidden="true">
          {formatCount(count)}
        </span>
        <span class="unseen">, {deidWords.list.count(count)}</span>
      </button>
    </h2>
  );
}
