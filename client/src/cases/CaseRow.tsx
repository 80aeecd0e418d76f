/** A case in the list: its title, its urgency and its people. */
import type { ListedCase } from '#shared/protocol/cases.ts';
import { Icon } from '../kit/Icon.tsx';
import { typedSaid } from '../kit/identities.ts';
import { hrefOf } from '../kit/routes.ts';
import { dayWords, isOverdue, nameOf } from './parts/CaseParts.tsx';
import { EarlyMark } from './parts/EarlyMark.tsx';
import type { ManyPatients } from './parts/many-patients.ts';
import { PatientLine } from './parts/PatientLine.tsx';
import { caseWords as words } from './parts/case-words.ts';

/** `patients` null: this person may not see the patients of cases. */
type CaseRowProps = { readonly of: ListedCase; readonly patients: ManyPatients | null };

/** Long, because it is one row with all that it may tell. */
export function CaseRow({ of, patients }: CaseRowProps) {
  const late = isOverdue(of);
  const facts = [
    of.title !== null && words.caseNumber(of.number),
    of.status !== 'open' && words.statuses[of.status],
    of.priority !== 'routine' && words.priorities[of.priority],
    ...of.modalities,
    of.studyCount > 0 && words.studies(of.studyCount),
    of.pseudonym,
    of.assignee ? words.assignedTo(of.assignee.username) : of.createdBy !== null && words.unassigned,
    of.dueOn !== null && !late && words.due(dayWords(of.dueOn)),
  ].filter((fact): fact is string => typeof fact === 'string');
  return (
    <a class="case-row" href={hrefOf({ page: 'cases', id: of.id, query: '' })}>
      <span class="case-row-body">
        <bdi class="strong kept">{nameOf(of)}</bdi>
        {patients !== null && of.studyCount > 0 && (
          <PatientLine subject={{ kind: 'cases', id: of.id }} patients={patients} />
        )}
        <span class="small quiet numbers">{facts.join(words.separator)}</span>
        {of.tags !== null && of.tags.length > 0 && (
          <span class="small quiet kept">
            <bdi>{typedSaid(of.tags.join(', '))}</bdi>
          </span>
        )}
        {late && (
          <span class="small case-late">
            <Icon name="decide" size={16} />
            {words.overdue(dayWords(of.dueOn!))}
          </span>
        )}
        {of.isDisputed && (
          <span class="small case-late">
            <Icon name="decide" size={16} />
            {words.disputed}
          </span>
        )}
        {of.expects !== null && (
          <span class="small case-waits">
            <Icon name="wait" size={16} />
            {words.expects[of.expects]}
          </span>
        )}
        {of.isEarly && <EarlyMark />}
        <Findings of={of} />
      </span>
      <Icon name="chevron" size={20} turns />
    </a>
  );
}

/** What models found, and what readers reported. */
function Findings({ of }: { readonly of: ListedCase }) {
  return (
    <>
      {of.finding === 'positive' && (
        <span class="small case-finding">
          <Icon name="note" size={16} />
          {words.findings.positive}
        </span>
      )}
      {of.reading !== null && (
        <span class="small case-finding">
          <Icon name="person" size={16} />
          {words.readings[of.reading]}
        </span>
      )}
    </>
  );
}
