/** The events of a case and its studies, requested when a person opens them. */
import { useState } from 'preact/hooks';
import { caseTimelineSchema, type CaseTimeline as Timeline } from '#shared/protocol/cases.ts';
import { addedStep } from '../kit/added-words.ts';
import { caseFieldWords } from '../kit/case-field-words.ts';
import { formatMoment } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import { caseWords } from './parts/case-words.ts';
import { useTold } from '../net/use-told.ts';

const words = caseWords.timeline;

/** `version`: reloads the timeline after a change, because each change of the case is an event. */
export function CaseTimeline({ id, version }: { readonly id: string; readonly version: number }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="disclosure" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
        {words.open}
      </summary>
      {isOpen && <Steps key={version} id={id} />}
    </details>
  );
}

function Steps({ id }: { readonly id: string }) {
  const told = useTold(`/cases/${id}/timeline`, caseTimelineSchema);
  return (
    <WhenKnown of={told} loading={words.loading}>
      {({ events }, known) => {
        const steps = events.filter(({ event }) => words.events[event] !== undefined);
        if (steps.length === 0) return <p class="small quiet">{words.empty(known)}</p>;
        return (
          <ol class="case-timeline small" aria-label={words.label}>
            {steps.map(({ at, event, fields, by, added }, place) => (
              <li key={place}>
                <span class="quiet numbers">{formatMoment(new Date(at), new Date())}</span>
                <span>
                  {[(added && addedStep(event, added)) ?? saidOf(event, fields), by]
                    .filter(Boolean)
                    .join(caseWords.separator)}
                </span>
              </li>
            ))}
          </ol>
        );
      }}
    </WhenKnown>
  );
}

/** For a change, the words also name the changed fields. */
function saidOf(event: string, { changed }: Timeline['events'][number]['fields']): string | undefined {
  const fields = Array.isArray(changed) ? changed.flatMap((name) => caseFieldWords[String(name)] ?? []) : [];
  return event === 'case-changed' && fields.length > 0
    ? words.changed(fields.join(', '))
    : words.events[event];
}
