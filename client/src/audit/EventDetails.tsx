/**
 * Everything that the trail holds about an event, with the codes of PS3.15 A.5, and links to other events of the person
 * or study.
 */
import type { ComponentChildren } from 'preact';
import { codedEvent, EVENT_IDS, EVENT_TYPES } from '#shared/protocol/audit-events.ts';
import type { AuditRow } from '#shared/protocol/audit-page.ts';
import { formatFullMoment } from '../kit/format.ts';
import { kitWords } from '../kit/kit-words.ts';
import { hrefOf } from '../kit/routes.ts';
import { useSession } from '../net/net-context.ts';
import { NO_SUBJECT, type AuditFilters } from './audit-filters.ts';
import { auditWords } from './audit-words.ts';
import { wordOf, type Described } from './describe-event.ts';

const words = auditWords.details;

type EventDetailsProps = {
  readonly row: AuditRow;
  readonly said: Described;
  readonly onChoose: (some: Partial<AuditFilters>) => void;
};

export function EventDetails({ row, said, onChoose }: EventDetailsProps) {
  const coded = codedEvent(row.event);
  const shown = new Set([
    'by',
    'accountId',
    'caseId',
    ...(said.device === null ? [] : ['deviceId']),
    ...(said.study === null ? [] : ['studyInstanceUID', 'studies']),
  ]);
  return (
    <div class="stack audit-details">
      <dl class="audit-facts small">
        <Fact name={words.number}>{row.seq}</Fact>
        <Fact name={words.at}>{formatFullMoment(new Date(row.at))}</Fact>
        <Fact name={words.event} isCode>
          {row.event}
        </Fact>
        <Fact name={words.coded}>{coded === null ? words.unknown : <Codes coded={coded} />}</Fact>
        {coded !== null && <Fact name={words.action}>{words.actions[coded.action]}</Fact>}
        <Fact name={words.outcome}>{words.outcomes[said.outcome]}</Fact>
        {said.whoId !== null && <Named name={words.who} text={said.who} id={said.whoId} />}
        {said.whomId !== null && <Named name={words.whom} text={said.more[0] ?? ''} id={said.whomId} />}
        {said.device !== null && (
          <Named name={words.device} text={said.device.name ?? words.aDevice} id={said.device.id} />
        )}
        {said.study !== null && (
          <Fact name={words.study} isCode>
            {said.study.uid}
          </Fact>
        )}
        {said.case !== null && (
          <Fact name={words.case} isCode>
            {said.case.id}
          </Fact>
        )}
        {Object.entries(row.fields)
          .filter(([name]) => !shown.has(name))
          .map(([name, value]) => {
            const word = wordOf(name, value);
            return (
              <Fact key={name} name={name} isCode={word === null} isField>
                {word ?? (typeof value === 'string' ? value : JSON.stringify(value))}
              </Fact>
            );
          })}
        <Fact name={words.hash} isCode>
          {row.hash}
        </Fact>
      </dl>
      <Ways row={row} said={said} onChoose={onChoose} />
    </div>
  );
}

function Codes({ coded }: { readonly coded: NonNullable<ReturnType<typeof codedEvent>> }) {
  const id = EVENT_IDS[coded.id];
  const type = coded.type === undefined ? null : EVENT_TYPES[coded.type];
  return (
    <>
      {words.code(id.meaning, id.code)}
      {type !== null && kitWords.separator}
      {type !== null && words.code(type.meaning, type.code)}
    </>
  );
}

type FactProps = {
  readonly name: string;
  readonly isCode?: boolean;
  /** The name is a field's name, not a word of this page. */
  readonly isField?: boolean;
  readonly children: ComponentChildren;
};

function Fact({ name, isCode = false, isField = false, children }: FactProps) {
  return (
    <div>
      <dt class={isField ? 'quiet code' : 'quiet'}>{name}</dt>
      <dd class={isCode ? 'code' : ''} dir={isCode ? 'ltr' : undefined}>
        {children}
      </dd>
    </div>
  );
}

type NamedProps = { readonly name: string; readonly text: string; readonly id: string };

/** The name of an account or a device, with its id. */
function Named({ name, text, id }: NamedProps) {
  return (
    <Fact name={name}>
      <bdi>{text}</bdi> <span class="code quiet">{id}</span>
    </Fact>
  );
}

/**
 * Links to the study and the case, where this person may see them, and filters for the events of either or of the
 * person.
 */
function Ways({ row, said, onChoose }: EventDetailsProps) {
  const isAdmin = useSession().user.value?.roles.includes('admin') ?? false;
  const { study, whoId } = said;
  const { studyId, deviceId } = row.fields;
  return (
    <div class="row">
      {study?.uploadId && (
        <a class="button" href={hrefOf({ page: 'sent', id: study.uploadId })}>
          {auditWords.openStudy}
        </a>
      )}
      {isAdmin && said.case !== null && said.case.number !== null && (
        <a class="button" href={hrefOf({ page: 'cases', id: said.case.id, query: '' })}>
          {auditWords.openCase}
        </a>
      )}
      {whoId !== null && (
        <button type="button" class="button" onClick={() => onChoose({ person: whoId })}>
          <span class="cut">{auditWords.onlyPerson(said.who)}</span>
        </button>
      )}
      {typeof studyId === 'string' && (
        <button type="button" class="button" onClick={() => onChoose({ ...NO_SUBJECT, study: studyId })}>
          {auditWords.onlyStudy}
        </button>
      )}
      {said.case !== null && (
        <button
          type="button"
          class="button"
          onClick={() => onChoose({ ...NO_SUBJECT, case: String(said.case?.number ?? said.case?.id) })}
        >
          {auditWords.onlyCase}
        </button>
      )}
      {typeof deviceId === 'string' && (
        <button type="button" class="button" onClick={() => onChoose({ ...NO_SUBJECT, device: deviceId })}>
          {auditWords.onlyDevice}
        </button>
      )}
    </div>
  );
}
