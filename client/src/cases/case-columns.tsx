/** The columns of the list of cases. */
import type { CaseSort, ListedCase } from '#shared/protocol/cases.ts';
import { formatMoment } from '../kit/format.ts';
import { namesHidden, typedSaid } from '../kit/identities.ts';
import { marksSaid, type Mark } from '../kit/ListMark.tsx';
import type { Column } from '../kit/ListTable.tsx';
import { dayWords, isOverdue, nameOf } from './parts/CaseParts.tsx';
import { caseWords as words } from './parts/case-words.ts';
import type { ManyPatients } from './parts/many-patients.ts';
import { PatientLine } from './parts/PatientLine.tsx';

const said = words.columns;

export const CASE_NAME = {
  label: said.title,
  cell: (of: ListedCase) => (
    <>
      <bdi>{nameOf(of)}</bdi>
      {of.title !== null && !namesHidden.value && (
        <span class="small quiet">{words.caseNumber(of.number)}</span>
      )}
    </>
  ),
} as const;

/** The statements about the case, the most urgent first. */
const stateOf = (of: ListedCase): readonly (Mark | false)[] => [
  of.isDisputed && { icon: 'decide', tone: 'stop', said: words.disputed },
  isOverdue(of) && { icon: 'decide', tone: 'stop', said: said.overdue },
  of.expects !== null && { icon: 'wait', tone: 'wait', said: words.expects[of.expects] },
  of.status !== 'open' && { icon: 'note', said: words.statuses[of.status] },
];

/** What readers signed, what models found, and the mark of the device’s automatic check. */
const foundOf = (of: ListedCase): readonly (Mark | false)[] => [
  of.reading !== null && { icon: 'person', said: words.readings[of.reading] },
  of.finding === 'positive' && { icon: 'note', said: words.findings.positive },
  of.isEarly && { icon: 'up', said: said.early },
];

const moment = (at: string) => formatMoment(new Date(at), new Date());

/** `patients` null: this person may not see the patients of cases. */
export const caseColumns = (patients: ManyPatients | null): readonly Column<ListedCase, CaseSort>[] => [
  ...(patients === null ? [] : [patientColumn(patients)]),
  {
    id: 'images',
    label: said.images,
    track: 'fit-content(8%)',
    cell: ({ modalities, studyCount }) =>
      [...modalities, studyCount > 1 && words.studies(studyCount)].filter(Boolean).join(words.separator),
  },
  {
    id: 'state',
    label: said.state,
    track: 'minmax(5.5rem, max-content)',
    isState: true,
    cell: (of) => marksSaid(stateOf(of)),
  },
  {
    id: 'finding',
    label: said.finding,
    track: 'minmax(9rem, max-content)',
    cell: (of) => marksSaid(foundOf(of)),
  },
  {
    id: 'priority',
    label: words.list.priority,
    track: 'minmax(4.5rem, max-content)',
    orders: [{ sort: 'priority', is: 'descending' }],
    cell: ({ priority }) => priority !== 'routine' && words.priorities[priority],
  },
  {
    id: 'assignee',
    label: words.list.assignee,
    track: 'fit-content(9%)',
    cell: ({ assignee }) => assignee && <bdi title={assignee.username}>{assignee.username}</bdi>,
  },
  {
    id: 'due',
    label: words.list.due,
    track: 'minmax(6rem, max-content)',
    isLabelled: true,
    orders: [{ sort: 'due', is: 'ascending' }],
    cell: ({ dueOn }) => dueOn !== null && dayWords(dueOn),
  },
  {
    id: 'created',
    label: said.created,
    isLabelled: true,
    isExtra: true,
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
  track: '16%',
  cell: ({ id, studyCount }) =>
    studyCount > 0 && <PatientLine subject={{ kind: 'cases', id }} patients={patients} />,
});

const MORE_COLUMNS: readonly Column<ListedCase, CaseSort>[] = [
  {
    id: 'changed',
    label: said.changed,
    isLabelled: true,
    isExtra: true,
    orders: [{ sort: 'changed', is: 'descending' }],
    cell: ({ changedAt }) => moment(changedAt),
  },
  {
    id: 'pseudonym',
    label: words.page.pseudonym,
    isExtra: true,
    cell: ({ pseudonym }) => pseudonym,
  },
  {
    id: 'tags',
    label: words.page.tags,
    isExtra: true,
    cell: ({ tags }) => tags !== null && tags.length > 0 && <bdi>{typedSaid(tags.join(', '))}</bdi>,
  },
];
