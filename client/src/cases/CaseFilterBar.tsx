/** The search, the filters and the sort order above the list of cases. On a phone the filters are behind a button. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { mayBePatient } from '#shared/protocol/typed-patient.ts';
import { FilterBar, FilterPeriod, FilterSelect, SearchField } from '../kit/FilterBar.tsx';
import { namesHidden } from '../kit/identities.ts';
import { CASES, isCaseNumber, mayBeSearched, type CaseFilters } from './parts/case-filters.ts';
import { caseWords } from './parts/case-words.ts';

const words = caseWords.list;

type CaseFilterBarProps = {
  readonly filters: CaseFilters;
  readonly onChoose: (some: Partial<CaseFilters>) => void;
  readonly mayKeep: boolean;
  /** The patient being searched for, which never appears in an address. */
  readonly patient: string;
  readonly onPatient: (patient: string) => void;
};

/** Only people who can be assigned a case may filter by assignee and search by patient. */
export function CaseFilterBar({ filters, onChoose, mayKeep, patient, onPatient }: CaseFilterBarProps) {
  const of = { of: CASES, any: words.any, filters, onChoose };
  return (
    <FilterBar
      class="case-filters"
      label={words.filters}
      first={
        <>
          <Search
            {...{ label: words.search, wrong: words.searchWrong, inputMode: 'decimal' }}
            q={filters.q}
            mayBeSearched={mayBeSearched}
            isLive={isCaseNumber}
            onSearch={(q) => onChoose({ q })}
          />
          {mayKeep && !namesHidden.value && (
            <Search
              {...{ label: words.patient, wrong: words.patientWrong, inputMode: 'text' }}
              q={patient}
              mayBeSearched={(typed) => typed === '' || mayBePatient(typed)}
              isLive={(typed) => typed === ''}
              onSearch={onPatient}
            />
          )}
        </>
      }
    >
      <FilterSelect
        {...of}
        name="status"
        label={words.status}
        words={{ ...words.statuses, ...caseWords.statuses }}
      />
      <FilterSelect {...of} name="priority" label={words.priority} words={caseWords.priorities} />
      {mayKeep && <FilterSelect {...of} name="assignee" label={words.assignee} words={words.assignees} />}
      <FilterSelect {...of} name="due" label={words.due} words={words.dues} />
      <FilterPeriod {...of} name="opened" label={words.opened} words={words.openings} days={words.days} />
      <FilterSelect {...of} name="modality" label={words.modality} words={{}} />
      <FilterSelect {...of} name="bodyPart" label={words.bodyPart} words={words.bodyParts} />
      <FilterSelect {...of} name="early" label={words.early} words={words.earlyMarks} />
      <FilterSelect {...of} name="finding" label={words.finding} words={caseWords.findings} />
      <FilterSelect {...of} name="sort" isOrder label={words.sort} words={words.sorts} />
    </FilterBar>
  );
}

type SearchProps = {
  readonly label: string;
  /** Shown for a text that cannot be searched for. */
  readonly wrong: string;
  readonly inputMode: 'decimal' | 'text';
  readonly q: string;
  readonly mayBeSearched: (typed: string) => boolean;
  /** Whether the search starts while this text is being typed. */
  readonly isLive: (typed: string) => boolean;
  readonly onSearch: (q: string) => void;
};

/**
 * Longer than the time between two letters, because part of a UID or of a patient's name finds nothing or the wrong
 * cases.
 */
const PAUSE_MS = 700;

/** A search field that searches on Enter or after a pause. */
function Search({ label, wrong, inputMode, q, mayBeSearched: may, isLive, onSearch }: SearchProps) {
  const [typed, setTyped] = useState(q);
  const asked = useRef(q);
  useEffect(() => {
    // Keeps letters typed since the page started the search.
    if (q !== asked.current) setTyped(q);
    asked.current = q;
  }, [q]);
  const search = (wanted: string) => {
    if (wanted === q) return;
    asked.current = wanted;
    onSearch(wanted);
  };
  const isWrong = !may(typed.trim());
  const ask = () => {
    if (!isWrong) search(typed.trim());
  };
  // The newest callback, because the filters may change during the pause.
  const newest = useRef(ask);
  newest.current = ask;
  useEffect(() => {
    const timer = setTimeout(() => newest.current(), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <SearchField
      {...{ label, inputMode, isWrong }}
      class="case-search"
      value={typed}
      longest={64}
      said={isWrong && wrong}
      onType={(text) => {
        setTyped(text);
        if (isLive(text.trim())) search(text.trim());
      }}
      onAsk={ask}
    />
  );
}
