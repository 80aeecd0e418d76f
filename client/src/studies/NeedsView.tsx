/**
 * Everything that cannot continue without a person, as one list grouped by cause: what happened, what it means for the
 * patient, a picture where there is one, and the possible answers.
 */
import { describePacsReason } from '#shared/protocol/pacs-reasons.ts';
import { PROBLEMS } from '#shared/protocol/problem-table.ts';
import { Icon } from '../kit/Icon.tsx';
import { kitWords } from '../kit/kit-words.ts';
import type { Known } from '../kit/resource.ts';
import { ReasonDetails } from '../kit/ReasonDetails.tsx';
import { sentencesAt, sentencesOfReason } from '../kit/reason-sentences.ts';
import { hrefOf } from '../kit/routes.ts';
import { useSettling } from '../kit/use-settling.ts';
import { useIngest } from '../pipeline/ingest/found/ingest-context.ts';
import { inPacsOf, sendableOf } from '../pipeline/ingest/found/sendable.ts';
import { useNeeds } from '../pipeline/ingest/found/use-needs.ts';
import { sumOf } from '../pipeline/queue/count-reasons.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import type { Trouble } from '../pipeline/queue/queued-study.ts';
import { queueWords } from '../pipeline/queue/queue-words.ts';
import { FromElsewhere } from './FromElsewhere.tsx';
import { OneDecision } from './OneDecision.tsx';
import { listDecisions, meaningOf, type Decision, type DecisionGroup } from './list-decisions.ts';
import { needsWords as words } from './needs-words.ts';
import { useSentElsewhere } from './sent-elsewhere.ts';
import './needs.css';

export function NeedsView() {
  const ready = useQueue().ready.value;
  const { reopenable, policiesFor } = useIngest();
  const needs = useNeeds();
  const elsewhere = useSentElsewhere();
  const count = sumOf(needs) + elsewhere.count.value;
  const told = elsewhere.waiting.answer.value;
  const transfers = elsewhere.waiting.value.value?.transfers ?? 0;
  const groups = listDecisions(needs, { reopenable: (id) => reopenable.value.has(id), policiesFor });
  // When a study or a patient leaves the list, the next one moves under the pointer.
  const settling = useSettling<HTMLElement>(groups.flatMap(({ decisions }) => decisions.map(placeOf)).join());
  return (
    <main ref={settling} id="content" class="page needs" aria-busy={!ready}>
      <h1 tabIndex={-1}>{kitWords.pages.needs}</h1>
      {count > 0 && <p class="numbers">{words.total(count, transfers)}</p>}
      {ready && count === 0 && told.state === 'known' && <Nothing known={told} />}
      {told.state === 'failed' && <p class="small quiet">{words.onlyHere}</p>}
      {groups.map((group) => (
        <Group key={group.key} group={group} />
      ))}
      <FromElsewhere />
    </main>
  );
}

const placeOf = ({ key, answers, patients }: Decision): string =>
  [key, ...answers, ...patients.flatMap(({ keys }) => keys)].join(' ');

/** Where to go next. Instances that were chosen but not sent come first, as in the status line. */
function Nothing({ known }: { readonly known: Known }) {
  const ingest = useIngest();
  const { studies, instances } = sendableOf(ingest);
  const chosen = ingest.phase.value === 'idle' ? 0 : instances - inPacsOf(ingest, studies);
  return (
    <div class="queue-empty">
      <p class="strong">{words.nothing(known)}</p>
      <p class="quiet">{chosen > 0 ? words.notSent(chosen) : words.nothingWhat}</p>
      <p>
        {chosen > 0 && (
          <a class="button button-main" href={hrefOf({ page: 'upload' })}>
            {words.toUpload}
          </a>
        )}{' '}
        <a class={chosen > 0 ? 'button' : 'button button-main'} href={hrefOf({ page: 'studies' })}>
          {words.toStudies}
        </a>
      </p>
    </div>
  );
}

function Group({ group }: { readonly group: DecisionGroup }) {
  const { reason, instances, pacsCodes, decisions } = group;
  const { title, next } = saidOf(group);
  return (
    <section class="needs-group" aria-label={title}>
      <div class="needs-head">
        <Icon name="decide" />
        <div>
          <h2>{title}</h2>
          <p class="small quiet numbers">{words.of(instances)}</p>
        </div>
      </div>
      <p>{[meansOf(group), next].filter(Boolean).join(' ')}</p>
      {pacsCodes.map((code) => (
        <p key={code}>{words.pacsReason(describePacsReason(code))}</p>
      ))}
      <ul class="needs-list">
        {decisions.map((decision) => (
          <li key={decision.key}>
            <OneDecision decision={decision} />
          </li>
        ))}
      </ul>
      {reason !== null && <ReasonDetails code={reason} />}
    </section>
  );
}

const meansOf = (group: DecisionGroup): string =>
  group.destination === undefined ? words.means[meaningOf(group)] : words.meansAt(group.destination);

/** The words of the system that gave the reason. A newer gateway may give a reason that this page does not know. */
function saidOf({ cause, reason, destination }: DecisionGroup): {
  readonly title: string;
  readonly next?: string;
} {
  const unknown = { title: words.happened[cause] };
  if (reason === null) return unknown;
  if (destination !== undefined) return sentencesAt(reason, destination);
  const known: { readonly title: string; readonly next?: string } | undefined =
    cause === 'failed'
      ? (PROBLEMS as Partial<Record<string, { title: string; next?: string }>>)[reason]
      : cause === 'trouble'
        ? queueWords.trouble[reason as Trouble]
        : (sentencesOfReason(reason) ?? undefined);
  // For `held`, the answers below say what to do.
  return known === undefined ? unknown : cause === 'held' ? { title: known.title } : known;
}
