/** This person's saved views, as tabs above the list. The current list can be saved as another one. */
import { useSignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { CASE_VIEWS_LIMIT, type CaseView, type CaseViewFilters } from '#shared/protocol/case-views.ts';
import { TextField } from '../kit/fields.tsx';
import { FormSheet } from '../kit/FormSheet.tsx';
import { hrefOf } from '../kit/routes.ts';
import { Confirm } from '../kit/Sheet.tsx';
import { mistakeOf } from '../kit/trouble.ts';
import { TypedField } from '../kit/TypedField.tsx';
import { useStoreForm } from '../kit/use-form.ts';
import { useApi } from '../net/net-context.ts';
import { USUAL, writeFilters, type CaseFilters } from './parts/case-filters.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { viewWords as words } from './view-words.ts';
import { createViewsStore, viewOf, type ViewsStore } from './views.store.ts';

type CaseViewsProps = {
  readonly filters: CaseFilters;
  /** Hides the names of views, because a name that a person typed may be a patient’s. */
  readonly isAnonymous: boolean;
};

export function CaseViews({ filters, isAnonymous }: CaseViewsProps) {
  const api = useApi();
  const [store] = useState(() => createViewsStore(api));
  const asking = useSignal<'save' | 'rename' | 'remove' | null>(null);
  useEffect(() => void store.load(), [store]);
  const answer = store.views.answer.value;
  const views = store.views.value.value;
  const trouble = answer.state === 'failed' ? answer.trouble : store.trouble.value;
  const { q: _, ...chosen } = filters;
  const current = views === null ? null : viewOf(views, chosen);
  const isUsual = writeFilters({ ...filters, q: '' }) === '';
  const mayBeSaved = views !== null && current === null && !isUsual;
  const nameOf = (view: CaseView): string =>
    (isAnonymous ? null : view.name) ?? words.unnamed((views ?? []).indexOf(view) + 1);
  const ask = (what: typeof asking.value) => () => (asking.value = what);
  const sheet = { store, filters: chosen, onClose: ask(null) };
  if (!mayBeSaved && (views?.length ?? 0) === 0 && trouble === null) return null;
  return (
    <div class="case-views" aria-busy={store.isBusy.value}>
      {views !== null && views.length > 0 && (
        <nav class="case-tabs" aria-label={words.label}>
          <Tab filters={USUAL} isCurrent={isUsual && current === null && filters.q === ''}>
            {words.usual}
          </Tab>
          {views.map((view) => (
            <Tab key={view.id} filters={{ ...view.filters, q: '' }} isCurrent={view === current}>
              {nameOf(view)}
            </Tab>
          ))}
        </nav>
      )}
      {mayBeSaved && <Press label={words.save} onPress={ask('save')} />}
      {current !== null && !isAnonymous && <Press label={words.rename} onPress={ask('rename')} />}
      {current !== null && <Press label={words.remove} onPress={ask('remove')} />}
      {asking.value === null && <TroubleAlert trouble={trouble} />}
      {asking.value === 'save' && <NameSheet {...sheet} renamed={null} />}
      {asking.value === 'rename' && current !== null && <NameSheet {...sheet} renamed={current} />}
      {asking.value === 'remove' && current !== null && (
        <Confirm
          {...words.removeAsk}
          about={nameOf(current)}
          destructive
          onYes={() => void store.remove(current.id)}
          onClose={ask(null)}
        />
      )}
    </div>
  );
}

type TabProps = {
  readonly filters: CaseFilters;
  readonly isCurrent: boolean;
  readonly children: string;
};

function Tab({ filters, isCurrent, children }: TabProps) {
  const href = hrefOf({ page: 'cases', id: '', query: writeFilters(filters) });
  return (
    <a class="case-tab" href={href} aria-current={isCurrent ? 'true' : undefined}>
      <bdi>{children}</bdi>
    </a>
  );
}

function Press({ label, onPress }: { readonly label: string; readonly onPress: () => void }) {
  return (
    <button type="button" class="button button-bare" onClick={onPress}>
      {label}
    </button>
  );
}

type NameSheetProps = {
  readonly store: ViewsStore;
  readonly filters: CaseViewFilters;
  /** The view to rename; null: a new view. */
  readonly renamed: CaseView | null;
  readonly onClose: () => void;
};

function NameSheet({ store, filters, renamed, onClose }: NameSheetProps) {
  const name = useSignal(renamed?.name ?? '');
  const form = useStoreForm<'name'>(store);
  const views = store.views.value.value ?? [];
  const typed = name.value.trim();
  const same = views.find((view) => view.name === typed && view.id !== renamed?.id);
  const isFull = renamed === null && same === undefined && views.length >= CASE_VIEWS_LIMIT;
  const save = () =>
    form.submit(async () => {
      if (typed === '') return { ...mistakeOf(words.missing), field: 'name' };
      if (!isFull && (await store.save(renamed?.id ?? null, typed, filters))) onClose();
    });
  return (
    <FormSheet
      title={renamed === null ? words.saveTitle : words.renameTitle}
      form={form}
      words={renamed === null ? words : { ...words, submit: words.submitRename }}
      onSubmit={save}
      onClose={onClose}
    >
      {renamed === null && <p class="quiet">{words.what}</p>}
      <TypedField title={words.name}>
        <TextField
          label={words.name}
          name="name"
          longest={60}
          value={name.value}
          onChange={(value) => (name.value = value)}
        />
      </TypedField>
      <p role="status" class="small quiet">
        {same !== undefined && (renamed === null ? words.replaces : words.takesOver)}
        {isFull && words.full(CASE_VIEWS_LIMIT)}
      </p>
    </FormSheet>
  );
}
