/** The row of an event: when, who, what, of which study and from where. Its details show when it is opened. */
import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { AuditNames, AuditRow } from '#shared/protocol/audit-page.ts';
import { formatMoment } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { hrefOf } from '../kit/routes.ts';
import type { AuditFilters } from './audit-filters.ts';
import { auditWords as words } from './audit-words.ts';
import { describeEvent, endOf, type Described } from './describe-event.ts';
import { EventDetails } from './EventDetails.tsx';

type EventRowProps = {
  readonly row: AuditRow;
  readonly names: AuditNames;
  readonly onChoose: (some: Partial<AuditFilters>) => void;
};

export function EventRow({ row, names, onChoose }: EventRowProps) {
  const isOpen = useSignal(false);
  const details = useId();
  const said = describeEvent(row, names);
  return (
    <>
      <div class="audit-event" data-outcome={said.outcome}>
        <button
          type="button"
          class="button button-bare audit-open"
          aria-expanded={isOpen.value}
          aria-controls={details}
          aria-label={words.open(row.seq)}
          onClick={() => (isOpen.value = !isOpen.value)}
        >
          <Icon name="chevron" size={16} turns />
        </button>
        <time class="numbers quiet" dateTime={row.at}>
          {spanOf(row.at, said.until)}
        </time>
        <div class="audit-what">
          <p>
            <bdi class="strong kept">{said.who}</bdi>
          </p>
          <p class="audit-said-of">
            <span>
              {said.what}
              {said.more.map((part) => (
                <span key={part}>
                  {kitWords.separator}
                  <bdi>{part}</bdi>
                </span>
              ))}
            </span>
            {said.outcome > 0 && (
              <span class="audit-failed">
                <Icon name="caution" size={16} />
                {words.failed}
              </span>
            )}
          </p>
        </div>
        <Place said={said} />
      </div>
      <div id={details} hidden={!isOpen.value}>
        {isOpen.value && <EventDetails row={row} said={said} onChoose={onChoose} />}
      </div>
    </>
  );
}

/** The period of an event. It lasts a quarter of an hour at most, so the day is shown once. */
function spanOf(at: string, until: string | null): string {
  const began = new Date(at);
  const from = formatMoment(began, new Date());
  if (until === null) return from;
  const ended = new Date(until);
  const end = formatMoment(ended, ended);
  return end === formatMoment(began, began) ? from : words.span(from, end);
}

/** The study or the case, linked to its page where there is one, and where the action came from. */
function Place({ said }: { readonly said: Described }) {
  const { study, from } = said;
  if (study === null && said.case === null && from === null) return null;
  return (
    <div class="audit-place small">
      {study !== null &&
        (study.uploadId === null ? (
          <span title={study.uid}>{words.study(endOf(study.uid))}</span>
        ) : (
          <a class="audit-link" title={study.uid} href={hrefOf({ page: 'sent', id: study.uploadId })}>
            {words.study(endOf(study.uid))}
          </a>
        ))}
      {said.case !== null && (
        <span>{said.case.number === null ? words.theCase : words.caseNumber(said.case.number)}</span>
      )}
      {from !== null && <bdi class="quiet kept">{from}</bdi>}
    </div>
  );
}
