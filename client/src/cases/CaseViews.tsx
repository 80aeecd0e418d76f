/** The lists that this person keeps: one press opens one, and the list that is shown can be kept. */
import { useSignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { CASE_VIEWS_LIMIT, type CaseView, type CaseViewFilters } from '#shared/protocol/case-views.ts';
import { FormActions } from '../kit/FormActions.tsx';
import { Notice } from '../kit/Notice.tsx';
import { hrefOf } from '../kit/routes.ts';
import { Confirm, Sheet } from '../kit/Sheet.tsx';
import { TypedField } from '../kit/TypedField.tsx';
import { useApi } from '../net/net-context.ts';
import { writeFilters, type CaseFilters } from './case-filters.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { viewWords as words } from './view-words.ts';
import { createViewsStore, viewOf, type ViewsStore } from './views.store.ts';

export type CaseViewsProps = {
  readonly filters: CaseFilters;
  /** A name that a person gave may be a patient’s. */
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
  const mayBeSaved = views !== null && current === null && writeFilters({ ...filters, q: '' }) !== '';
  const nameOf = (view: CaseView): string =>
    (isAnonymous ? null : view.name) ?? words.unnamed((views ?? []).indexOf(view) + 1);
  const ask = (what: typeof asking.value) => () => (asking.value = what);
  const sheet = { store, filters: chosen, onClose: ask(null) };
  if (!mayBeSaved && (views?.length ?? 0) === 0 && trouble === null) return null;
  return (
    <nav class="case-views row" aria-label={words.label} aria-busy={store.isBusy.value}>
      {views?.map((view) => (
        <a
          key={view.id}
          class="button case-view"
          href={hrefOf({ page: 'cases', id: '', query: writeFilters({ ...view.filters, q: '' }) })}
          aria-current={view === current ? 'true' : undefined}
        >
          <bdi>{nameOf(view)}</bdi>
        </a>
      ))}
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
    </nav>
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
  /** Null: a new view. */
  readonly renamed: CaseView | null;
  readonly onClose: () => void;
};

function NameSheet({ store, filters, renamed, onClose }: NameSheetProps) {
  const name = useSignal(renamed?.name ?? '');
  const isMissing = useSignal(false);
  const views = store.views.value.value ?? [];
  const typed = name.value.trim();
  const same = views.find((view) => view.name === typed && view.id !== renamed?.id);
  const isFull = renamed === null && same === undefined && views.length >= CASE_VIEWS_LIMIT;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    isMissing.value = typed === '';
    if (typed !== '' && !isFull && (await store.save(renamed?.id ?? null, typed, filters))) onClose();
  };
  return (
    <Sheet title={renamed === null ? words.saveTitle : words.renameTitle} onClose={onClose}>
      <form class="stack sheet-part" onSubmit={(event) => void submit(event)} noValidate>
        {renamed === null && <p class="quiet">{words.what}</p>}
        <TypedField title={words.name}>
          <label class="field">
            <span>{words.name}</span>
            <input
              type="text"
              maxLength={60}
              autocomplete="off"
              value={name.value}
              aria-invalid={isMissing.value && typed === ''}
              onInput={(event) => (name.value = event.currentTarget.value)}
            />
          </label>
        </TypedField>
        <p role="status" class="small quiet">
          {same !== undefined && (renamed === null ? words.replaces : words.takesOver)}
          {isFull && words.full(CASE_VIEWS_LIMIT)}
        </p>
        <div role="alert">
          {isMissing.value && typed === '' && <Notice kind="stop" title={words.missing} />}
        </div>
        <TroubleAlert trouble={store.trouble.value} />
        <FormActions
          submit={renamed === null ? words.submit : words.submitRename}
          submitting={words.submitting}
          isBusy={store.isBusy.value}
          onCancel={onClose}
        />
      </form>
    </Sheet>
  );
}
