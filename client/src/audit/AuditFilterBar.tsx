/** The filters: when, who, what, and of what. On a phone all but the period wait behind a button. */
import { useSignal } from '@preact/signals';
import { useId, useState } from 'preact/hooks';
import { AUDIT_KINDS } from '#shared/protocol/audit-events.ts';
import type { AuditPeople } from '#shared/protocol/audit-page.ts';
import { NO_SUBJECT, PERIODS, readSubject, type AuditFilters, type AuditQuestion } from './audit-filters.ts';
import { auditWords as words } from './audit-words.ts';

export type AuditFilterBarProps = {
  readonly question: AuditQuestion;
  readonly people: AuditPeople['people'];
  /** The UID of the study that is looked for, once it is known. */
  readonly studyInstanceUID: string | null;
  readonly onChoose: (some: Partial<AuditFilters>) => void;
  /** A study by its UID. */
  readonly onStudy: (uid: string) => void;
};

export function AuditFilterBar({
  question,
  people,
  studyInstanceUID,
  onChoose,
  onStudy,
}: AuditFilterBarProps) {
  const { filters, uid } = question;
  const isOpen = useSignal(false);
  const subject = filters.study || filters.case || filters.device || uid;
  const inUse = [filters.person, filters.kind, filters.outcome, subject].filter(Boolean).length;
  return (
    <search class="audit-filters" aria-label={words.filters} data-open={isOpen.value}>
      <Select
        label={words.period}
        value={filters.period}
        options={PERIODS.map((period) => ({ value: period, text: words.periods[period] }))}
        onChoose={(value) => onChoose({ period: value as AuditFilters['period'], from: '', to: '' })}
      />
      {filters.period === 'days' && <Days filters={filters} onChoose={onChoose} />}
      <button
        type="button"
        class="button audit-filters-more"
        aria-expanded={isOpen.value}
        onClick={() => (isOpen.value = !isOpen.value)}
      >
        {words.filtersInUse(inUse)}
      </button>
      <Select
        label={words.person}
        value={filters.person}
        options={[
          { value: '', text: words.anybody },
          ...people.map(({ id, username, disabled }) => ({
            value: id,
            text: disabled ? words.disabledPerson(username) : username,
          })),
          ...(filters.person === '' || people.some(({ id }) => id === filters.person)
            ? []
            : [{ value: filters.person, text: words.unknownPerson }]),
        ]}
        onChoose={(person) => onChoose({ person })}
      />
      <What filters={filters} onChoose={onChoose} />
      <Subject
        filters={filters}
        uid={uid || (filters.study && studyInstanceUID) || ''}
        onChoose={onChoose}
        onStudy={onStudy}
      />
    </search>
  );
}

type WhatProps = Pick<AuditFilterBarProps, 'onChoose'> & { readonly filters: AuditFilters };

function What({ filters, onChoose }: WhatProps) {
  return (
    <>
      <Select
        label={words.kind}
        value={filters.kind}
        options={[
          { value: '', text: words.anything },
          ...AUDIT_KINDS.map((kind) => ({ value: kind, text: words.kinds[kind] })),
        ]}
        onChoose={(kind) => onChoose({ kind: kind as AuditFilters['kind'] })}
      />
      <Select
        label={words.outcome}
        value={filters.outcome}
        options={[
          { value: '', text: words.anyOutcome },
          { value: 'failed', text: words.failures },
        ]}
        onChoose={(outcome) => onChoose({ outcome: outcome as AuditFilters['outcome'] })}
      />
    </>
  );
}

type SelectProps = {
  readonly label: string;
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly text: string }[];
  readonly onChoose: (value: string) => void;
};

function Select({ label, value, options, onChoose }: SelectProps) {
  return (
    <label class="field">
      <span class="small quiet">{label}</span>
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value} selected={option.value === value}>
            {option.text}
          </option>
        ))}
      </select>
    </label>
  );
}

function Days({ filters, onChoose }: WhatProps) {
  return (
    <>
      {(['from', 'to'] as const).map((name) => (
        <label key={name} class="field">
          <span class="small quiet">{name === 'from' ? words.first : words.last}</span>
          <input
            type="date"
            value={filters[name]}
            min={name === 'to' ? filters.from : undefined}
            max={name === 'from' ? filters.to : undefined}
            onChange={(event) => onChoose({ [name]: event.currentTarget.value })}
          />
        </label>
      ))}
    </>
  );
}

type SubjectProps = Pick<AuditFilterBarProps, 'onChoose' | 'onStudy'> & {
  readonly filters: AuditFilters;
  readonly uid: string;
};

/** Asked for when it is complete: with Enter, or when the field is left. An emptied field counts at once. */
function Subject({ filters, uid, onChoose, onStudy }: SubjectProps) {
  const shown = uid || filters.device || (filters.case.includes('-') ? '' : filters.case);
  const [edited, setEdited] = useState({ of: shown, text: shown });
  const hint = useId();
  const typed = edited.of === shown ? edited.text : shown;
  const read = readSubject(typed);
  const isTyped = typed.trim() !== shown;
  const ask = () => {
    if (!isTyped) return;
    if (read.kind === 'uid') onStudy(read.uid);
    if (read.kind === 'case') onChoose({ ...NO_SUBJECT, case: read.number });
    if (read.kind === 'device') onChoose({ ...NO_SUBJECT, device: read.id });
    if (read.kind === 'nothing') onChoose(NO_SUBJECT);
  };
  return (
    <form
      class="audit-subject"
      onSubmit={(event) => {
        event.preventDefault();
        ask();
      }}
    >
      <label class="field">
        <span class="small quiet">{words.subject}</span>
        <input
          type="search"
          autocomplete="off"
          spellcheck={false}
          maxLength={80}
          placeholder={filters.case.includes('-') ? words.theCase : words.subjectHint}
          value={typed}
          aria-invalid={read.kind === 'wrong'}
          aria-describedby={hint}
          onInput={({ currentTarget: { value: text } }) => {
            setEdited({ of: shown, text });
            if (text === '') onChoose(NO_SUBJECT);
          }}
          onBlur={ask}
        />
      </label>
      <p id={hint} class="small" role="status">
        {read.kind === 'wrong' ? words.subjectWrong : isTyped && read.kind !== 'nothing' && words.subjectAsks}
      </p>
    </form>
  );
}
