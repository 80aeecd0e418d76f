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
  cell: (of: ListedCase) => <bdi>{nameOf(of)}</bdi>,
} as const;

/** The most urgent statement about the case. */
function stateOf(of: ListedCase): ListMarkProps | null {
  if (of.isDisputed) return { icon: 'decide', tone: 'stop', said: words.disputed };
  if (isOverdue(of)) return { icon: 'decide', tone: 'stop', said: words.overdue(dayWords(of.dueOn!)) };
  if (of.expects !== null) return { icon: 'wait', tone: 'wait', said: words.expects[of.expects] };
  return null;
}

/** What models found, or the mark of the device’s automatic check. */
function foundOf(of: ListedCase): ListMarkProps | null {
  if (of.finding === 'positive') return { icon: 'note', said: words.findings.positive };
  return of.isEarly ? { icon: 'up', said: said.early } : null;
}

const markSaid = (mark: ListMarkProps | null) => mark && <ListMark {...mark} />;

const moment = (at: string) => formatMoment(new Date(at), new Date());

/** `patients` null: this person may not see the patients of cases. */
export const caseColumns = (patients: ManyPatients | null): readonly Column<ListedCase, CaseSort>[] => [
  ...(patients === null
    ? []
    : [
        {
          id: 'patient',
          label: words.patient.title,
          cell: ({ id, studyCount }: ListedCase) =>
            studyCount > 0 && <PatientLine subject={{ kind: 'cases', id }} patients={patients} />,
        },
      ]),
  {
    id: 'images',
    label: said.images,
    width: '8rem',
    cell: ({ modalities, studyCount }) =>
      [...modalities, studyCount > 0 && words.studies(studyCount)].filter(Boolean).join(words.separator),
  },
  { id: 'state', label: said.state, width: '15%', isState: true, cell: (of) => markSaid(stateOf(of)) },
  { id: 'models', label: words.list.finding, width: '13%', cell: (of) => markSaid(foundOf(of)) },
  {
    id: 'reading',
    label: said.reading,
    width: '12%',
    cell: ({ reading }) => reading !== null && words.readings[reading],
  },
  {
    id: 'status',
    label: words.list.status,
    width: '5rem',
    cell: ({ status }) => words.statuses[status],
  },
  {
    id: 'priority',
    label: words.list.priority,
    width: '5.5rem',
    orders: [{ sort: 'priority', is: 'descending' }],
    cell: ({ priority }) => priority !== 'routine' && words.priorities[priority],
  },
  {
    id: 'assignee',
    label: words.list.assignee,
    width: '8rem',
    isLabelled: true,
    cell: ({ assignee, createdBy }) =>
      assignee === null ? createdBy !== null && words.list.assignees.nobody : <bdi>{assignee.username}</bdi>,
  },
  {
    id: 'due',
    label: words.list.due,
    width: '6.5rem',
    isLabelled: true,
    orders: [{ sort: 'due', is: 'ascending' }],
    cell: ({ dueOn }) => dueOn !== null && dayWords(dueOn),
  },
  {
    id: 'created',
    label: said.created,
    width: '8rem',
    isLabelled: true,
    orders: [
      { sort: 'newest', is: 'descending' },
      { sort: 'oldest', is: 'ascending' },
    ],
    cell: ({ createdAt }) => moment(createdAt),
  },
  {
    id: 'changed',
    label: said.changed,
    width: '8rem',
    isLabelled: true,
    isExtra: true,
    orders: [{ sort: 'changed', is: 'descending' }],
    cell: ({ changedAt }) => moment(changedAt),
  },
  {
    id: 'number',
    label: words.page.number,
    width: '5rem',
    isLabelled: true,
    isExtra: true,
    cell: ({ number }) => number,
  },
  {
    id: 'pseudonym',
    label: words.page.pseudonym,
    width: '9rem',
    isExtra: true,
    cell: ({ pseudonym }) => pseudonym,
  },
  {
    id: 'tags',
    label: words.page.tags,
    width: '9rem',
    isExtra: true,
    cell: ({ tags }) => tags !== null && tags.length > 0 && <bdi>{typedSaid(tags.join(', '))}</bdi>,
  },
];
