/** The columns of the list of cases. */
import type { CaseSort, ListedCase } from '#shared/protocol/cases.ts';
import { formatMoment } from '../kit/format.ts';
import { typedSaid } from '../kit/identities.ts';
import { ListMark, type ListMarkProps } from '../kit/ListMark.tsx';
import type { Column } from '../kit/ListTable.tsx';
import { dayWords, isOverdue, nameOf } from './parts/CaseParts.tsx';
import { caseWords as words } from './parts/case-words.ts';
import type { ManyPatients } from './parts/many-patients.ts';
import { PatientLine } from './parts/PatientLine.tsx';

const said = words.columns;

export const CASE_NAME = {
  label: said.title,
  share: 4,
  cell: (of: ListedCase) => <bdi>{nameOf(of)}</bdi>,
} as const;

/** The most urgent statement about the case. */
function stateOf(of: ListedCase): ListMarkProps | null {
  if (of.isDisputed) return { icon: 'decide', tone: 'stop', said: words.disputed };
  if (isOverdue(of)) return { icon: 'decide', tone: 'stop', said: words.overdue(dayWords(of.dueOn!)) };
  if (of.expects !== null) return { icon: 'wait', tone: 'wait', said: words.expects[of.expects] };
  return of.status === 'open' ? null : { icon: 'note', said: words.statuses[of.status] };
}

/** What readers signed, otherwise what models found, or the mark of the device’s automatic check. */
function foundOf(of: ListedCase): ListMarkProps | null {
  if (of.reading !== null) return { icon: 'person', said: words.readings[of.reading] };
  if (of.finding === 'positive') return { icon: 'note', said: words.findings.positive };
  return of.isEarly ? { icon: 'up', said: said.early } : null;
}

const markSaid = (mark: ListMarkProps | null) => mark && <ListMark {...mark} />;

const moment = (at: string) => formatMoment(new Date(at), new Date());

/** `patients` null: this person may not see the patients of cases. */
/** `patients` null: this person may not see the patients of cases. */
export const caseColumns = (patients: ManyPatients | null): readonly Column<ListedCase, CaseSort>[] => [
  ...(patients === null ? [] : [patientColumn(patients)]),
  {
    id: 'images',
    label: said.images,
    share: 2,
    cell: ({ modalities, studyCount }) =>
      [...modalities, studyCount > 0 && words.studies(studyCount)].filter(Boolean).join(words.separator),
  },
  { id: 'state', label: said.state, share: 2.5, isState: true, cell: (of) => markSaid(stateOf(of)) },
  { id: 'finding', label: said.finding, share: 2.5, cell: (of) => markSaid(foundOf(of)) },
  {
    id: 'priority',
    label: words.list.priority,
    share: 1.5,
    orders: [{ sort: 'priority', is: 'descending' }],
    cell: ({ priority }) => priority !== 'routine' && words.priorities[priority],
  },
  {
    id: 'assignee',
    label: words.list.assignee,
    share: 2,
    isWideOnly: true,
    cell: ({ assignee }) => assignee && <bdi>{assignee.username}</bdi>,
  },
  {
    id: 'due',
    label: words.list.due,
    share: 1.9,
    isLabelled: true,
    orders: [{ sort: 'due', is: 'ascending' }],
    cell: ({ dueOn }) => dueOn !== null && dayWords(dueOn),
  },
  {
    id: 'created',
    label: said.created,
    share: 1.9,
    isWideOnly: true,
    orders: [
      { sort: 'newest', is: 'descending' },
      { sort: 'oldest', is: 'ascending' },
    ],
    cell: ({ createdAt }) => moment(createdAt),
  },
  ...MORE_COLUMNS,
];

const patientColumn = (patients: ManyPatients): Column<ListedCase> => ({
  id: 'patient',
  label: words.patient.title,
  share: 4,
  cell: ({ id, studyCount }) =>
    studyCount > 0 && <PatientLine subject={{ kind: 'cases', id }} patients={patients} />,
});

const MORE_COLUMNS: readonly Column<ListedCase, CaseSort>[] = [
  {
    id: 'changed',
    label: said.changed,
    share: 1.5,
    isLabelled: true,
    isExtra: true,
    orders: [{ sort: 'changed', is: 'descending' }],
    cell: ({ changedAt }) => moment(changedAt),
  },
  {
    id: 'number',
    label: words.page.number,
    share: 1,
    isLabelled: true,
    isExtra: true,
    cell: ({ number }) => number,
  },
  {
    id: 'pseudonym',
    label: words.page.pseudonym,
    share: 2,
    isExtra: true,
    cell: ({ pseudonym }) => pseudonym,
  },
  {
    id: 'tags',
    label: words.page.tags,
    share: 2,
    isExtra: true,
    cell: ({ tags }) => tags !== null && tags.length > 0 && <bdi>{typedSaid(tags.join(', '))}</bdi>,
  },
];
