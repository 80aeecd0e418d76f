/**
 * The list of results, newest first, with filters that are remembered, below the running jobs. The empty page explains
 * how to start.
 */
import { TroubleAlert } from '../../kit/TroubleAlert.tsx';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Job } from '#shared/protocol/inference.ts';
import { FilterBar, FilterSelect, Select } from '../../kit/FilterBar.tsx';
import { Icon, type IconName } from '../../kit/Icon.tsx';
import { ListSkeleton } from '../../kit/ListSkeleton.tsx';
import { ListTable } from '../../kit/ListTable.tsx';
import { namesHidden } from '../../kit/identities.ts';
import { MoreButton } from '../../kit/MoreButton.tsx';
import { NoneFits } from '../../kit/NoneFits.tsx';
import { OnlySome } from '../../kit/OnlySome.tsx';
import { useLate } from '../../kit/use-late.ts';
import { hrefOf } from '../../kit/routes.ts';
import { ALL, isFiltered, RESULTS, type Filters } from '../parts/filters.ts';
import { JobRow } from '../parts/JobRow.tsx';
import { listWords } from './list-words.ts';
import { NotForDiagnosis } from '../../kit/NotForDiagnosis.tsx';
import { NotSent } from './NotSent.tsx';
import { Segments, useInputName, useMayOpen } from '../parts/Parts.tsx';
import type { PickedPictures } from '../parts/picked-pictures.ts';
import type { PreviewsStore } from '../parts/previews.store.ts';
import { resultColumns, resultName } from './result-columns.tsx';
import { useFolds } from './use-folds.tsx';
import { resultWords } from '../parts/result-words.ts';
import { studyOptions, type StudyFacts } from './study-options.ts';
import { useWhenBack } from '../../pipeline/queue/use-when-back.ts';
import type { ResultsStore } from '../parts/results.store.ts';

const said = resultWords.list;

type ResultsViewProps = {
  readonly list: ResultsStore;
  readonly previews: PreviewsStore;
  readonly picked: PickedPictures;
};

export function ResultsView({ list, previews, picked }: ResultsViewProps) {
  useEffect(() => {
    // The list may have been read long ago, before visiting another page of results.
    void list.refresh();
    const watching = new AbortController();
    list.watch(watching.signal);
    return () => watching.abort();
  }, [list]);
  const results = list.results.value;
  const answer = list.pages.answer.value;
  const trouble = list.trouble.value;
  const mayRun = useMayOpen();
  const showAll = () => (list.filters.value = ALL);
  useWhenBack(trouble !== null, () => void list.refresh());
  return (
    <main id="content" class="page results" aria-busy={list.phase.value === 'loading'}>
      <div class="results-head">
        <h1 tabIndex={-1}>{said.title}</h1>
        <div class="row">
          <a class="button button-bare" href={hrefOf({ page: 'results', at: 'models', id: '', beside: '' })}>
            {said.models}
          </a>
          {mayRun && (
            <a class="button button-main" href={hrefOf({ page: 'results', at: 'infer', id: '', beside: '' })}>
              {said.ask}
            </a>
          )}
        </div>
      </div>
      <NotForDiagnosis />
      {results.length > 0 && <Narrowed list={list} />}
      <TroubleAlert trouble={trouble} onAgain={() => void list.refresh()} />
      <NotSent previews={previews} picked={picked} />
      <Jobs list={list} />
      {(results.length > 0 || isFiltered(list.filters.value)) && (
        <ResultFilters list={list} previews={previews} />
      )}
      {answer.state === 'known' && results.length === 0 ? (
        isFiltered(list.filters.value) ? (
          <NoneFits class="queue-empty" said={said.none(answer)} clear={said.clear} onClear={showAll} />
        ) : (
          <Teach />
        )
      ) : (
        <>
          {!mayRun && <p class="small quiet">{listWords.listOnly}</p>}
          <List list={list} previews={previews} picked={picked} />
        </>
      )}
    </main>
  );
}

/** Says that not all results are listed, above content that may push the filters out of view. */
function Narrowed({ list }: { readonly list: ResultsStore }) {
  const filters = list.filters.value;
  if (!isFiltered(filters)) return null;
  const isAll = list.phase.value === 'ready' && !list.hasMore.value;
  const count = list.results.value.reduce((sum, { alike = 0 }) => sum + 1 + alike, 0);
  return (
    <OnlySome
      said={listWords.only(filters, isAll ? count : null)}
      onShowAll={() => (list.filters.value = ALL)}
    />
  );
}

function Jobs({ list }: { readonly list: ResultsStore }) {
  const rows = (jobs: readonly Job[]) =>
    jobs.map((job) => (
      <JobRow
        key={job.id}
        job={job}
        onCancel={(each) => void list.cancel(each)}
        onRetry={(each) => void list.retry(each)}
      />
    ));
  const live = list.jobs.value;
  const failed = list.failed.value;
  return (
    <>
      {live.length > 0 && (
        <section aria-label={said.live}>
          <h2 class="queue-part">{said.live}</h2>
          {rows(live)}
        </section>
      )}
      {failed.length > 0 && (
        <section aria-label={said.failed}>
          <div class="row row-apart">
            <h2>{said.failed}</h2>
            <button type="button" class="button button-bare" onClick={list.clearFailed}>
              {said.clearFailed}
            </button>
          </div>
          {rows(failed)}
        </section>
      )}
    </>
  );
}

type ResultFiltersProps = { readonly list: ResultsStore; readonly previews: PreviewsStore };

function ResultFilters({ list, previews }: ResultFiltersProps) {
  const filters = list.filters.value;
  // Auditors may not ask for names.
  const mayAsk = useMayOpen();
  const nameOfInput = useInputName();
  const set = (some: Partial<Filters>) => {
    list.filters.value = { ...filters, ...some };
  };
  const of = { of: RESULTS, filters, onChoose: set };
  const onReach = useNamesOfStudies(list, previews);
  const facts: StudyFacts = {
    results: list.newest.value,
    aboutOf: (id) => previews.aboutOf(id),
    nameOf: (studyInstanceUID) => nameOfInput({ studyInstanceUID, kind: 'dicom' }),
  };
  const studies = studyOptions(list.studies.value, facts, new Date());
  const models = list.models.value.map((id) => ({ value: id, name: id }));
  return (
    <FilterBar
      class="result-filters"
      label={said.filters}
      onReach={list.learnChoices}
      first={
        mayAsk && (
          <Segments
            labelled
            label={said.whose}
            options={RESULTS.choices.whose}
            nameOf={(whose) => said.whoses[whose]}
            chosen={filters.whose}
            onChoose={(whose) => set({ whose })}
          />
        )
      }
    >
      <Select
        label={said.model}
        value={filters.model}
        usual=""
        options={[{ value: '', name: said.anyModel }, ...models]}
        onChoose={(model) => set({ model })}
      />
      <Select
        label={said.study}
        value={filters.study}
        usual=""
        options={[{ value: '', name: said.anyStudy }, ...studies]}
        onChoose={(study) => set({ study })}
        onReach={onReach}
      />
      <FilterSelect {...of} name="period" label={said.period} words={said.periods} />
      <FilterSelect {...of} name="verdict" label={listWords.verdict} words={listWords.verdicts} />
    </FilterBar>
  );
}

/**
 * Asks for the names of all studies that the filter offers, once a person is about to use it. The previews are not
 * loaded for this, because the audit trail would then say that the person viewed their images.
 */
function useNamesOfStudies(list: ResultsStore, previews: PreviewsStore): () => void {
  const [isReached, setReached] = useState(false);
  const mayOpen = useMayOpen();
  const isHidden = namesHidden.value;
  const newest = list.newest.value;
  useEffect(() => {
    if (isReached && mayOpen && !isHidden) previews.wantNames(newest);
  }, [isReached, mayOpen, isHidden, newest]);
  return () => setReached(true);
}

const TEACH_SIGNS: readonly IconName[] = ['gateway', 'way', 'person'];

function Teach() {
  return (
    <>
      <ol class="teach results-teach">
        {listWords.teach.map(([title, what], at) => (
          <li key={title} class="teach-place">
            <div class="teach-line">
              <Icon name={TEACH_SIGNS[at] ?? 'note'} size={32} />
            </div>
            <p class="strong">{title}</p>
            <p class="small quiet">{what}</p>
          </li>
        ))}
      </ol>
      <p class="small quiet">{said.byRule}</p>
    </>
  );
}

function List({ list, previews, picked }: ResultsViewProps) {
  const mayOpen = useMayOpen();
  const late = useLate(list.phase.value === 'loading');
  const folds = useFolds(list);
  const name = useMemo(() => resultName({ previews, picked }), [previews, picked]);
  const columns = useMemo(() => resultColumns(previews), [previews]);
  const results = list.results.value;
  if (results.length === 0) return late ? <ListSkeleton said={said.loading} /> : null;
  return (
    <section aria-label={said.found}>
      <h2 class="unseen">{said.found}</h2>
      <ListTable
        id="results"
        label={said.found}
        rows={results.flatMap((row) => [row, ...folds.imagesOf(row)])}
        keyOf={({ id }) => id}
        name={name}
        hrefOf={mayOpen ? ({ id }) => hrefOf({ page: 'results', at: 'results', id, beside: '' }) : null}
        columns={columns}
        under={folds.under}
        empty={null}
      />
      <MoreButton of={list.pages} label={said.more} />
      <p class="small quiet results-by-rule">{said.byRule}</p>
    </section>
  );
}
