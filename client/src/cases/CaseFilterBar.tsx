/** The search, the filters and the order above the list of cases. On a phone the filters wait behind a button. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { CASE_DAYS, caseDaySchema } from '#shared/protocol/case-views.ts';
import { mayBePatient } from '#shared/protocol/typed-patient.ts';
import { namesHidden } from '../kit/identities.ts';
import {
  CHOICE_NAMES,
  choicesOf,
  isCaseNumber,
  mayBeSearched,
  USUAL,
  type CaseFilters,
  type Choice,
} from './parts/case-filters.ts';
import { caseWords } from './parts/case-words.ts';

const words = caseWords.list;

export type CaseFilterBarProps = {
  readonly filters: CaseFilters;
  readonly onChoose: (some: Partial<CaseFilters>) => void;
  readonly mayKeep: boolean;
  /** The patient that is searched for, and in no address. */
  readonly patient: string;
  readonly onPatient: (patient: string) => void;
};

/** Only people who may have a case filter by assignee and search by patient. */
export function CaseFilterBar({ filters, onChoose, mayKeep, patient, onPatient }: CaseFilterBarProps) {
  const options = { filters, onChoose };
  const [isOpen, setOpen] = useState(false);
  const inUse = CHOICE_NAMES.filter((name) => name !== 'sort' && filters[name] !== USUAL[name]);
  return (
    <search class="case-filters" aria-label={words.filters} data-open={isOpen}>
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
      <button
        type="button"
        class="button case-filters-more"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        {words.filtersInUse(inUse.length)}
      </button>
      <Select
        {...options}
        name="status"
        label={words.status}
        words={{ ...words.statuses, ...caseWords.statuses }}
      />
      <Select {...options} name="priority" label={words.priority} words={caseWords.priorities} />
      {mayKeep && <Select {...options} name="assignee" label={words.assignee} words={words.assignees} />}
      <Select {...options} name="due" label={words.due} words={words.dues} />
      <Opened {...options} />
      <Select {...options} name="modality" label={words.modality} words={{}} />
      <Select {...options} name="bodyPart" label={words.bodyPart} words={words.bodyParts} />
      <Select {...options} name="early" label={words.early} words={words.earlyMarks} />
      <Select {...options} name="finding" label={words.finding} words={caseWords.findings} />
      <Select {...options} name="sort" label={words.sort} words={words.sorts} />
    </search>
  );
}

type SelectProps<C extends Choice> = Pick<CaseFilterBarProps, 'filters' | 'onChoose'> & {
  readonly name: C;
  readonly label: string;
  readonly words: Readonly<Record<string, string>>;
};

function Select<C extends Choice>({ name, label, words: named, filters, onChoose }: SelectProps<C>) {
  return (
    <label class="field">
      <span class="small quiet">{label}</span>
      <select
        value={filters[name]}
        onChange={(event) => onChoose({ [name]: event.currentTarget.value } as Partial<CaseFilters>)}
      >
        {choicesOf(name).map((choice) => (
          <option key={choice} value={choice} selected={choice === filters[name]}>
            {named[choice] ?? (choice === '' ? words.any : choice)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** When the case was opened: a period that ends today, or days. */
function Opened(options: Pick<CaseFilterBarProps, 'filters' | 'onChoose'>) {
  const { filters, onChoose } = options;
  return (
    <>
      <Select
        {...options}
        onChoose={(some) => onChoose({ ...some, from: '', to: '' })}
        name="opened"
        label={words.opened}
        words={words.openings}
      />
      {filters.opened === 'days' &&
        CASE_DAYS.map((name) => (
          <label key={name} class="field">
            <span class="small quiet">{words.days[name]}</span>
            <input
              type="date"
              value={filters[name]}
              min={name === 'to' ? filters.from : undefined}
              max={name === 'from' ? filters.to : undefined}
              onChange={({ currentTarget: { value } }) => {
                if (caseDaySchema.safeParse(value).success) onChoose({ [name]: value });
              }}
            />
          </label>
        ))}
    </>
  );
}

type SearchProps = {
  readonly label: string;
  /** The sentence about a text that cannot be searched for. */
  readonly wrong: string;
  readonly inputMode: 'decimal' | 'text';
  readonly q: string;
  readonly mayBeSearched: (typed: string) => boolean;
  /** Whether the text is searched for while it is typed. */
  readonly isLive: (typed: string) => boolean;
  readonly onSearch: (q: string) => void;
};

/** Longer than between two letters: part of a UID or of a patient's name finds nothing or the wrong ones. */
const PAUSE_MS = 700;

/**
 * Asks with Enter, or after a pause. Not when the field is left: a list that changes under a press moves what is
 * pressed. No browser keeps what was typed.
 */
function Search({ label, wrong, inputMode, q, mayBeSearched: may, isLive, onSearch }: SearchProps) {
  const [typed, setTyped] = useState(q);
  const hint = useId();
  const asked = useRef(q);
  useEffect(() => {
    // Letters that were typed since the page asked stay.
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
  // With the filters of then: they may change while it waits.
  const newest = useRef(ask);
  newest.current = ask;
  useEffect(() => {
    const timer = setTimeout(() => newest.current(), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <form
      class="case-search"
      onSubmit={(event) => {
        event.preventDefault();
        ask();
      }}
    >
      <label class="field">
        <span class="small quiet">{label}</span>
        <input
          type="search"
          inputMode={inputMode}
          autocomplete="off"
          spellcheck={false}
          maxLength={64}
          value={typed}
          aria-invalid={isWrong}
          aria-describedby={hint}
          onInput={({ currentTarget: { value } }) => {
            setTyped(value);
            if (isLive(value.trim())) search(value.trim());
          }}
        />
      </label>
      <p id={hint} class="small" role="status">
        {isWrong && wrong}
      </p>
    </form>
  );
}
