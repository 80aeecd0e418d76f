/** The exports of this person: which are being made, which are ready, and what became of the others. */
import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { EXPORT_ENDINGS, type Export } from '#shared/protocol/exports.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { NotShownCases } from '../cases/parts/NotShownCases.tsx';
import { openAttempt } from '../kit/open-attempt.ts';
import { saveFile } from '../net/save-file.ts';
import { namesHidden } from '../kit/identities.ts';
import { kitWords } from '../kit/kit-words.ts';
import { ListSkeleton } from '../kit/ListSkeleton.tsx';
import { ListTable } from '../kit/ListTable.tsx';
import { MoreButton } from '../kit/MoreButton.tsx';
import { hrefOf } from '../kit/routes.ts';
import { Confirm } from '../kit/Sheet.tsx';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import type { Known } from '../kit/resource.ts';
import { useApi } from '../net/net-context.ts';
import { realClock } from '../net/clock.ts';
import { EXPORT_COLUMNS, EXPORT_NAME, underExport } from './export-columns.tsx';
import { createExportsStore, isBeingMade, type ExportsStore } from './exports.store.ts';
import { exportWords as words } from './export-words.ts';
import './exports.css';

export function ExportsView() {
  const api = useApi();
  const [store] = useState(() => createExportsStore(api));
  const asking = useSignal<Asking | null>(null);
  const columns = useMemo(
    () => [
      ...EXPORT_COLUMNS,
      { ...ACTIONS, cell: (of: Export) => <Actions of={of} {...{ store, asking }} /> },
    ],
    [store, asking],
  );
  useEffect(() => {
    const gone = new AbortController();
    void store.load().then(() => store.follow(realClock, gone.signal));
    return () => gone.abort();
  }, [store]);
  return (
    <main id="content" class="page stack" aria-busy={store.list.answer.value.state === 'loading'}>
      <h1 tabIndex={-1}>{kitWords.pages.exports}</h1>
      <p class="quiet">{words.intro}</p>
      <NotShownCases />
      <TroubleAlert trouble={store.trouble.value} />
      <WhenKnown of={store.list} loading={words.loading} waiting={ListSkeleton}>
        {({ exports }, known) => (
          <>
            <ListTable
              id="exports"
              label={kitWords.pages.exports}
              rows={exports}
              keyOf={({ id }) => id}
              name={EXPORT_NAME}
              hrefOf={null}
              columns={columns}
              under={underExport}
              empty={<Empty known={known} />}
            />
            <MoreButton of={store.list} />
          </>
        )}
      </WhenKnown>
      {asking.value !== null && <Confirm {...asking.value} onClose={() => (asking.value = null)} />}
    </main>
  );
}

function Empty({ known }: { readonly known: Known }) {
  return (
    <div class="stack-tight" role="status">
      <p class="strong">{words.empty(known)}</p>
      <p class="quiet">{words.how}</p>
      <p>
        <a class="button" href={hrefOf({ page: 'cases', id: '', query: '' })}>
          {words.toCases}
        </a>
      </p>
    </div>
  );
}

const ACTIONS = { id: 'actions', label: words.columns.actions, track: 'max-content', isKept: true } as const;

/** What a person is asked before something happens. */
type Asking = Pick<
  Parameters<typeof Confirm>[0],
  'title' | 'what' | 'yes' | 'about' | 'destructive' | 'onYes'
>;

type ActionsProps = {
  readonly of: Export;
  readonly store: ExportsStore;
  readonly asking: Signal<Asking | null>;
};

function Actions({ of, store, asking }: ActionsProps) {
  const api = useApi();
  const [saving] = useState(() => openAttempt(troubleOf));
  const { title, format, redaction } = of.definition;
  const save = () =>
    saving.tried(() => saveFile(api, `/exports/${of.id}/file`, `${of.template}.${EXPORT_ENDINGS[format]}`));
  const end = () => void store.cancel(of.id);
  const askOrSave = () => {
    if (redaction === 'full' && namesHidden.value)
      asking.value = { ...words.namesHidden, about: title, onYes: () => void save() };
    else void save();
  };
  return (
    <div class="export-actions">
      {of.state === 'ready' && of.isMine && (
        <button type="button" class="button" disabled={saving.isBusy.value} onClick={askOrSave}>
          {saving.isBusy.value ? words.saving : words.save}
        </button>
      )}
      {of.state === 'ready' && (
        <button
          type="button"
          class="button button-bare"
          onClick={() => (asking.value = { ...words.eraseAsk, destructive: true, onYes: end })}
        >
          {words.erase}
        </button>
      )}
      {isBeingMade(of) && (
        <button type="button" class="button" aria-label={words.cancelOf(title)} onClick={end}>
          {words.cancel}
        </button>
      )}
      <TroubleAlert trouble={saving.trouble.value} />
    </div>
  );
}
