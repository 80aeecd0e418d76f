/** The filters: when, who, what, and which study, case or device. On a phone all but the period are behind a button. */
import { useState } from 'preact/hooks';
import type { AuditPeople } from '#shared/protocol/audit-page.ts';
import { FilterBar, FilterPeriod, FilterSelect, SearchField, Select } from '../kit/FilterBar.tsx';
import { NO_SUBJECT, readSubject, TRAIL, type AuditFilters, type AuditQuestion } from './audit-filters.ts';
import { auditWords as words } from './audit-words.ts';

type AuditFilterBarProps = {
  readonly question: AuditQuestion;
  readonly people: AuditPeople['people'];
  /** The UID of the study that the filter names, once it is known. */
  readonly studyInstanceUID: string | null;
  readonly onChoose: (some: Partial<AuditFilters>) => void;
  /** Called with the UID of a study. */
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
  const of = { of: TRAIL, filters, onChoose };
  return (
    <FilterBar
      class="audit-filters"
      label={words.filters}
      first={
        <FilterPeriod
          {...of}
          name="period"
          label={words.period}
          words={words.periods}
          days={{ from: words.first, to: words.last }}
        />
      }
    >
      <Select
        label={words.person}
        value={filters.person}
        usual=""
        options={optionsOf(people, filters.person)}
        onChoose={(person) => onChoose({ person })}
      />
      <FilterSelect {...of} name="kind" label={words.kind} words={words.kinds} any={words.anything} />
      <FilterSelect
        {...of}
        name="outcome"
        label={words.outcome}
        words={{ failed: words.failures }}
        any={words.anyOutcome}
      />
      <div
        class="filter audit-subject"
        data-used={(uid || filters.study || filters.case || filters.device) !== ''}
      >
        <Subject
          filters={filters}
          uid={uid || (filters.study && studyInstanceUID) || ''}
          onChoose={onChoose}
          onStudy={onStudy}
        />
      </div>
    </FilterBar>
  );
}

/** Every person, and the chosen one even if nobody knows them. */
function optionsOf(people: AuditPeople['people'], chosen: string) {
  return [
    { value: '', name: words.anybody },
    ...people.map(({ id, username, disabled }) => ({
      value: id,
      name: disabled ? words.disabledPerson(username) : username,
    })),
    ...(chosen === '' || people.some(({ id }) => id === chosen)
      ? []
      : [{ value: chosen, name: words.unknownPerson }]),
  ];
}

type SubjectProps = Pick<AuditFilterBarProps, 'onChoose' | 'onStudy'> & {
  readonly filters: AuditFilters;
  readonly uid: string;
};

/**
 * The field for a study, case or device. It applies with Enter or when the field loses focus; clearing it applies at
 * once.
 */
function Subject({ filters, uid, onChoose, onStudy }: SubjectProps) {
  const shown = uid || filters.device || (filters.case.includes('-') ? '' : filters.case);
  const [edited, setEdited] = useState({ of: shown, text: shown });
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
    <SearchField
      class="audit-subject-field"
      label={words.subject}
      value={typed}
      longest={80}
      hint={filters.case.includes('-') ? words.theCase : words.subjectHint}
      isWrong={read.kind === 'wrong'}
      said={
        read.kind === 'wrong' ? words.subjectWrong : isTyped && read.kind !== 'nothing' && words.subjectAsks
      }
      onType={(text) => {
        setEdited({ of: shown, text });
        if (text === '') onChoose(NO_SUBJECT);
      }}
      onAsk={ask}
      onLeave={ask}
    />
  );
}
