/** The search, the filters and the sort order above the list of cases. On a phone the filters are behind a button. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { mayBePatient } from '#shared/protocol/typed-patient.ts';
import { FilterBar, FilterPeriod, FilterSelect, SearchField } from '../kit/FilterBar.tsx';
import { CASES, isCaseNumber, mayBeSearched, type CaseFilters } from './parts/case-filters.ts';
import { caseWords } from './parts/case-words.ts';

const words = caseWords.list;

type CaseFilterBarProps = {
  readonly filters: CaseFilters;
  readonly onChoose: (some: Partial<CaseFilters>) => void;
  readonly mayKeep: boolean;
  /** The search also finds patients; what it searched for last, `typed`, never appears in an address. */
  readonly isByPatient: boolean;
  readonly typed: string;
  readonly onSearch: (typed: string) => void;
};

/** Only people who can be assigned a case may filter by assignee and search by patient. */
export function CaseFilterBar({ filters, onChoose, mayKeep, ...search }: CaseFilterBarProps) {
  const { isByPatient, typed, onSearch } = search;
  const of = { of: CASES, any: words.any, filters, onChoose };
  return (
    <FilterBar
      class="case-filters"
      label={words.filters}
      first={
        <Search
          key={isByPatient}
          {...(isByPatient ? BY_PATIENT : BY_NUMBER)}
          q={typed === '' ? filters.q : typed}
          onSearch={(wanted) => {
            if (isByPatient) onSearch(wanted);
            const q = isByPatient ? '' : wanted;
            if (q !== filters.q) onChoose({ q });
          }}
          onFilter={(chosen) => {
            onSearch('');
            onChoose({ ...chosen, q: '' });
          }}
        />
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

const BY_NUMBER = {
  ...{ label: words.search, wrong: words.searchWrong },
  ...{ mayBeSearched, isLive: isCaseNumber },
} as const;
/** Digits may be the first ones of a Patient ID, for which the PACS is asked: they are not searched while typed. */
const BY_PATIENT = {
  ...{ label: words.searchPatient, wrong: words.searchPatientWrong },
  mayBeSearched: (typed: string) => mayBePatient(typed) || isCaseNumber(typed),
  isLive: (typed: string) => typed === '',
} as const;

/** The filter that a person names by its word, such as "closed" or "urgent"; null: the text names none. */
function filterOf(typed: string): Partial<CaseFilters> | null {
  const named = <Key extends string>(of: Readonly<Record<Key, string>>): Key | undefined =>
    (Object.keys(of) as Key[]).find((key) => of[key].toLowerCase() === typed.toLowerCase());
  const status = named(caseWords.statuses);
  if (status !== undefined) return { status };
  const priority = named(caseWords.priorities);
  return priority === undefined ? null : { priority };
}

/** “Case 22”, as the list says it, is the number 22. */
function asNumber(typed: string): string {
  const number = typed.split(' ').at(-1)!;
  return isCaseNumber(number) && typed.toLowerCase() === caseWords.caseNumber(Number(number)).toLowerCase()
    ? number
    : typed;
}

type SearchProps = {
  readonly label: string;
  /** Shown for a text that cannot be searched for. */
  readonly wrong: string;
  readonly q: string;
  readonly mayBeSearched: (typed: string) => boolean;
  /** Whether the search starts while this text is being typed. */
  readonly isLive: (typed: string) => boolean;
  readonly onSearch: (q: string) => void;
  /** Called on Enter if the text is the word of a filter, such as “closed”. */
  readonly onFilter: (chosen: Partial<CaseFilters>) => void;
};

/**
 * Longer than the time between two letters, because part of a UID or of a patient's name finds nothing or the wrong
 * cases.
 */
const PAUSE_MS = 700;

/** A search field that searches on Enter or after a pause. */
function Search({ label, wrong, q, mayBeSearched: may, isLive, onSearch, onFilter }: SearchProps) {
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
  const text = asNumber(typed.trim());
  const chosen = filterOf(text);
  const ask = () => {
    if (may(text)) search(text);
  };
  const enter = () => {
    if (chosen === null) return ask();
    setTyped('');
    asked.current = '';
    onFilter(chosen);
  };
  const isWrong = !may(text) && chosen === null;
  // The newest callback, because the filters may change during the pause.
  const newest = useRef(ask);
  newest.current = ask;
  useEffect(() => {
    const timer = setTimeout(() => newest.current(), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <SearchField
      {...{ label, isWrong }}
      class="case-search"
      value={typed}
      longest={64}
      said={(isWrong && wrong) || (chosen !== null && words.pressEnter(text))}
      onType={(now) => {
        setTyped(now);
        if (isLive(now.trim())) search(now.trim());
      }}
      onAsk={enter}
    />
  );
}
