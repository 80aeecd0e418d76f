/** The list of cases, with its filters and sort order in the page's address, usable by mouse, finger and keyboard. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { CaseSort, ListedCase } from '#shared/protocol/cases.ts';
import { CASE_KEEPERS, EXPORTERS } from '#shared/protocol/keepers.ts';
import { ExportSheet } from '../exports/ExportSheet.tsx';
import { exportWords } from '../exports/export-words.ts';
import { selectionOf } from '../exports/exports.store.ts';
import { keepHere, keptHere } from '../kit/kept-here.ts';
import { kitWords } from '../kit/kit-words.ts';
import { ListSkeleton } from '../kit/ListSkeleton.tsx';
import { ListTable } from '../kit/ListTable.tsx';
import { namesHidden } from '../kit/identities.ts';
import { MoreButton } from '../kit/MoreButton.tsx';
import { NoneFits } from '../kit/NoneFits.tsx';
import { hrefOf } from '../kit/routes.ts';
import type { Known } from '../kit/resource.ts';
import { useFilters } from '../kit/use-filters.ts';
import { focusSearch } from '../kit/walk-rows.ts';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import { useApi, useSession } from '../net/net-context.ts';
import { CASES, isFiltered, USUAL, type CaseFilters } from './parts/case-filters.ts';
import { BulkBar } from './BulkBar.tsx';
import { bulkWords } from './bulk-words.ts';
import { createBulkStore, type BulkStore } from './bulk.store.ts';
import { CaseFilterBar } from './CaseFilterBar.tsx';
import { CASE_NAME, caseColumns } from './case-columns.tsx';
import { CaseViews } from './CaseViews.tsx';
import { nameOf, Withheld, type WithheldProps } from './parts/CaseParts.tsx';
import { ReviewsCount } from '../reviews/parts/ReviewsCount.tsx';
import { csvWords } from './case-csv-words.ts';
import { caseWords } from './parts/case-words.ts';
import { createCasesStore, type CasesStore } from './cases.store.ts';
import { NewCaseSheet } from './parts/CaseForm.tsx';
import { ImportSheet } from './ImportSheet.tsx';
import { NotShownCases } from './parts/NotShownCases.tsx';
import { useManyPatients } from './parts/PatientLine.tsx';
import { SaveCases, type SaveCasesProps } from './SaveCases.tsx';

const words = caseWords.list;

/** The text of the search is kept for a person who comes back. */
const SEARCH = 'cases search';

type CasesViewProps = { readonly query: string };

export function CasesView({ query }: CasesViewProps) {
  const api = useApi();
  const user = useSession().user.value;
  const mayKeep = user?.roles.some((role) => CASE_KEEPERS.includes(role)) ?? false;
  const [store] = useState(() => createCasesStore(api, () => new Date()));
  const isOpening = useSignal(false);
  // A search for a UID never appears in the address.
  const { filters, choose } = useFilters(CASES, query, (chosen) =>
    hrefOf({ page: 'cases', id: '', query: chosen }),
  );
  const isAnonymous = namesHidden.value;
  const [searched, setSearched] = useState(() => keptHere(SEARCH) ?? '');
  useEffect(() => keepHere(SEARCH, searched), [searched, query]);
  const isByPatient = mayKeep && !isAnonymous;
  const typed = isByPatient ? searched : '';
  const load = () => void store.load({ filters, isAnonymous, typed });
  useEffect(load, [store, filters, isAnonymous, typed]);
  useEffect(() => () => store.close(), [store]);
  return (
    <main id="content" class="page stack cases" aria-busy={store.isAsking.value} onKeyDown={focusSearch}>
      <Head onOpen={mayKeep ? () => (isOpening.value = true) : null} />
      <Tools
        {...{ filters, mayKeep }}
        withheld={store.value.value?.withheld ?? []}
        isListed={typed === ''}
        onImported={load}
      />
      <CaseViews filters={filters} isAnonymous={isAnonymous} />
      <CaseFilterBar {...{ filters, mayKeep, isByPatient, typed }} onChoose={choose} onSearch={setSearched} />
      <List
        store={store}
        filters={filters}
        typed={typed}
        onClear={() => {
          setSearched('');
          choose({ ...USUAL, sort: filters.sort });
        }}
        onSort={(sort) => choose({ sort })}
        onChanged={load}
        mayKeep={mayKeep}
      />
      {isOpening.value && <NewCaseSheet studyInstanceUID={null} onClose={() => (isOpening.value = false)} />}
    </main>
  );
}

/** `onOpen` null: this person may not open cases. */
function Head({ onOpen }: { readonly onOpen: (() => void) | null }) {
  const roles = useSession().user.value?.roles ?? [];
  const mayKeep = roles.some((role) => CASE_KEEPERS.includes(role));
  const mayExport = roles.some((role) => EXPORTERS.includes(role));
  return (
    <div class="cases-head">
      <h1 tabIndex={-1}>{kitWords.pages.cases}</h1>
      <OtherPages {...{ mayKeep, mayExport }} seesFigures={mayKeep || roles.includes('researcher')} />
      {onOpen !== null && (
        <button type="button" class="button button-main" onClick={onOpen}>
          {caseWords.create}
        </button>
      )}
    </div>
  );
}

type ToolsProps = Pick<SaveCasesProps, 'filters' | 'isListed'> &
  WithheldProps & {
    readonly mayKeep: boolean;
    readonly onImported: () => void;
  };

/**
 * Exporting the list to a file, importing cases from a file, the switch that hides names, and the studies without a
 * reading.
 */
function Tools({ filters, withheld, mayKeep, isListed, onImported }: ToolsProps) {
  const isImporting = useSignal(false);
  const isExporting = useSignal(false);
  const roles = useSession().user.value?.roles ?? [];
  const mayExport = roles.some((role) => EXPORTERS.includes(role));
  const isNamed = !withheld.includes('title');
  return (
    <div class="cases-tools">
      {mayExport && (
        <button type="button" class="button" disabled={!isListed} onClick={() => (isExporting.value = true)}>
          {exportWords.open}
        </button>
      )}
      <SaveCases {...{ filters, isListed, isNamed }} isAnonymous={namesHidden.value} />
      {mayKeep && (
        <button type="button" class="button" onClick={() => (isImporting.value = true)}>
          {csvWords.open}
        </button>
      )}
      {isImporting.value && <ImportSheet onClose={() => (isImporting.value = false)} onDone={onImported} />}
      {isExporting.value && (
        <ExportSheet
          selection={selectionOf(filters, new Date())}
          onClose={() => (isExporting.value = false)}
        />
      )}
      <Withheld withheld={withheld} />
    </div>
  );
}

type OtherPagesProps = {
  readonly mayKeep: boolean;
  readonly mayExport: boolean;
  readonly seesFigures: boolean;
};

/** Links to the other pages about cases. */
function OtherPages({ mayKeep, mayExport, seesFigures }: OtherPagesProps) {
  return (
    <nav class="row cases-pages" aria-label={words.otherPages}>
      {mayKeep && (
        <a href={hrefOf({ page: 'reviews', id: '' })}>
          {kitWords.pages.reviews}
          <ReviewsCount />
        </a>
      )}
      {mayExport && <a href={hrefOf({ page: 'exports' })}>{kitWords.pages.exports}</a>}
      {seesFigures && (
        <a href={hrefOf({ page: 'analytics', id: '', query: '' })}>{kitWords.pages.analytics}</a>
      )}
    </nav>
  );
}

type ListProps = {
  readonly store: CasesStore;
  readonly filters: CaseFilters;
  readonly typed: string;
  readonly onClear: () => void;
  readonly onSort: (sort: CaseSort) => void;
  readonly onChanged: () => void;
  readonly mayKeep: boolean;
};

function List({ store, filters, typed, onClear, onSort, onChanged, mayKeep }: ListProps) {
  const api = useApi();
  const [bulk] = useState(() => createBulkStore(api, bulkWords.undoneReason));
  return (
    <WhenKnown of={store} loading={words.loading} waiting={ListSkeleton}>
      {({ cases, isCut, isPacsAway }, known) => (
        <>
          {(isCut || isPacsAway) && (
            <p role="status" class="small">
              {isCut ? words.patientCut : words.pacsAway}
            </p>
          )}
          <NotShownCases />
          <Rows
            {...{ store, cases, filters, onSort, onChanged }}
            bulk={mayKeep ? bulk : null}
            empty={<Empty {...{ known, filters, typed, onClear, mayKeep }} />}
          />
        </>
      )}
    </WhenKnown>
  );
}

type RowsProps = {
  readonly store: CasesStore;
  readonly cases: readonly ListedCase[];
  readonly filters: CaseFilters;
  readonly onSort: (sort: CaseSort) => void;
  readonly onChanged: () => void;
  readonly empty: ComponentChildren;
  /** Null: this person may not change cases, nor see their patients. */
  readonly bulk: BulkStore | null;
};

function Rows({ store, cases, filters, onSort, onChanged, empty, bulk }: RowsProps) {
  const patients = useManyPatients();
  return (
    <section aria-label={words.label}>
      <ListTable
        id="cases"
        label={words.label}
        rows={cases}
        keyOf={({ id }) => id}
        name={CASE_NAME}
        hrefOf={({ id }) => hrefOf({ page: 'cases', id, query: '' })}
        columns={useMemo(() => caseColumns(bulk === null ? null : patients), [bulk, patients])}
        sort={filters.sort}
        onSort={onSort}
        empty={empty}
        selection={
          bulk && {
            isChosen: ({ id }) => bulk.chosen.value.has(id),
            toggle: ({ id }) => bulk.toggle(id),
            all: () => bulk.choose(cases.map(({ id }) => id)),
            none: () => bulk.choose([]),
            labelOf: (of) => bulkWords.choose(nameOf(of)),
          }
        }
      >
        {bulk !== null && <BulkBar store={bulk} cases={cases} onDone={onChanged} />}
      </ListTable>
      <MoreButton of={store} />
      {cases.length > 0 && (
        <p class="small quiet case-keys">
          {words.keys} {bulk !== null && bulkWords.keys}
        </p>
      )}
    </section>
  );
}

type EmptyProps = Omit<ListProps, 'store' | 'onSort' | 'onChanged'> & { readonly known: Known };

function Empty({ known, filters, typed, onClear, mayKeep }: EmptyProps) {
  if (isFiltered(filters) || typed !== '')
    return (
      <NoneFits
        said={(typed === '' ? words.none : words.nonePatient)(known)}
        clear={words.clear}
        onClear={onClear}
      >
        {typed !== '' && words.nonePatientWhat}
      </NoneFits>
    );
  return (
    <div class="stack-tight" role="status">
      <p class="strong">{(mayKeep ? words.empty : words.noneForYou)(known)}</p>
      <p class="quiet">{caseWords.intro}</p>
      <p class="quiet">{mayKeep ? words.emptyKeeper : words.emptyOther}</p>
    </div>
  );
}
