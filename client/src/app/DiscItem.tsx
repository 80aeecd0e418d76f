/** Status line item: whether the files and the disc may go, and which of them were not sent. */
import { useSession } from '../net/net-context.ts';
import { useIngest } from '../pipeline/ingest/found/ingest-context.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { Icon } from '../kit/Icon.tsx';
import { discWords } from './disc-words.ts';
import { isAnyLacking, sayOf } from './choice-outcome.ts';
import { beforeSend, outcomesOf, type Outcomes } from './choice-outcomes.ts';
import { DiscNote } from './DiscNote.tsx';
import { discOf, isBeforeSend, leavesOut, lostOf, withLost } from './disc-of.ts';
import type { DiscDoubt } from './disc-doubt.ts';
import { useToldSince } from './use-told-since.ts';
import { underWayOf, type Standing } from './may-close.ts';

export type DiscItemProps = {
  readonly standing: Standing;
  /** Null: not known yet. */
  readonly doubt: DiscDoubt | null;
};

const NO_OUTCOMES: Outcomes = { choices: [], notSent: { leftOut: [], noted: new Map(), left: [] } };

export function DiscItem({ standing, doubt }: DiscItemProps) {
  useToldSince();
  const ingest = useIngest();
  const studies = useQueue().studies.value;
  // While nobody is signed in, choices count for nobody: the next person begins with none.
  const isNobody = useSession().state.value === 'signed-out';
  const onPage = isBeforeSend(standing)
    ? outcomesOf(ingest.sentFromHere.value, studies, beforeSend(ingest))
    : doubt?.outcomes.value;
  const outcomes = (!isNobody && onPage) || NO_OUTCOMES;
  const choices = sayOf(outcomes.choices);
  const underWay = underWayOf(studies);
  const isDoubted = doubt?.isDoubted.value ?? null;
  const disc = discOf(standing, {
    mayBeCleared: ingest.persisted.value === false,
    underWay: underWay.length,
    leftOut: leavesOut(underWay),
    choices,
    isDoubted: isDoubted === true,
  });
  if (disc === null || (isDoubted === null && disc !== 'keep')) return null;
  return (
    <p class="status-item status-disc small" data-disc={disc}>
      {disc !== 'in-pacs' && <Icon name="disc" size={20} />}
      {disc !== 'in-pacs' && <span>{discWords.said[disc]}</span>}
      {(disc === 'in-pacs' || choices.except > 0) && (
        <DiscNote
          isKept={disc !== 'in-pacs'}
          said={withLost(choices, standing)}
          earlier={lostOf(standing)}
          isAnyLacking={standing.kind === 'not-sent' || isAnyLacking(outcomes.choices)}
          notSent={outcomes.notSent}
          doubt={doubt}
        />
      )}
    </p>
  );
}
