/**
 * Refused and quarantined instances, by reason: what happened, what it means for this study, and the options. The
 * notice is red, because nothing happens to them until a person decides. An instance that was refused for its
 * structure can only be left out.
 */
import { useState } from 'preact/hooks';
import { notStoredSaid } from '#shared/protocol/not-stored-words.ts';
import { useQueue } from '../queue/queue-context.ts';
import { sumOf } from '../queue/count-reasons.ts';
import { Icon } from '../../kit/Icon.tsx';
import { Notice } from '../../kit/Notice.tsx';
import { ReasonDetails } from '../../kit/ReasonDetails.tsx';
import { sentencesAt, sentencesOfReason } from '../../kit/reason-sentences.ts';
import { hrefOf } from '../../kit/routes.ts';
import { Confirm } from '../../kit/Sheet.tsx';
import { refusalSentence } from '../../net/refusal-sentence.ts';
import { queueWords } from '../queue/queue-words.ts';
import { trackWords } from '../queue/track-words.ts';
import { uploadWords } from './upload-words.ts';
import { countRetried, mayBeRetried } from '../queue/may-be-retried.ts';
import type { Need, QueuedStudy, ReasonCount } from '../queue/queued-study.ts';

type Undecided = ReasonCount & { readonly state: 'refused' | 'quarantined' };

function toUndecided({ cause, reason, instances, destination, stands }: Need): readonly Undecided[] {
  return (cause === 'refused' || cause === 'quarantined') && reason !== null
    ? [
        {
          ...{ state: cause, reason, instances },
          ...(destination !== undefined && { destination }),
          ...(stands && { stands }),
        },
      ]
    : [];
}

export function Decisions({ study }: { readonly study: QueuedStudy }) {
  const undecided = study.needs.flatMap(toUndecided);
  const held = study.needs.filter(({ cause }) => cause === 'held');
  return (
    <>
      {held.length > 0 && <HeldHere study={study} instances={sumOf(held)} />}
      {undecided.map((some) => (
        <Decision
          key={`${some.state} ${some.reason} ${some.destination ?? ''} ${some.stands ?? ''}`}
          study={study}
          some={some}
        />
      ))}
    </>
  );
}

/** Instances held back on this device. The decision is made on the page of everything that needs a person. */
function HeldHere({ study, instances }: { readonly study: QueuedStudy; readonly instances: number }) {
  return (
    <Notice kind="stop" title={uploadWords.heldHere(instances, study.instances)}>
      <p>{uploadWords.heldHereWhat}</p>
      <p class="notice-actions">
        <a class="button" href={hrefOf({ page: 'needs' })}>
          {queueWords.decide}
        </a>
      </p>
    </Notice>
  );
}

/** A newer gateway may give a reason that is missing in this page's table. The page then shows its code. */
function reasonOf(code: string): { readonly title: string; readonly next: string } {
  const { unknownReason: title, unknownNext: next } = uploadWords.decide;
  return sentencesOfReason(code) ?? { title, next };
}

type DecisionProps = { readonly study: QueuedStudy; readonly some: Undecided };

function Decision({ study, some }: DecisionProps) {
  const queue = useQueue();
  const [asking, setAsking] = useState(false);
  const { decide, busy, failed } = useDeciding();
  const leaveOut = async () => {
    const all = await queue.instancesOf(study.id);
    await queue.leaveOut(
      study.id,
      all.filter(
        ({ state, reason, destination, stands }) =>
          state === some.state &&
          reason === some.reason &&
          (destination ?? undefined) === some.destination &&
          stands === some.stands,
      ),
    );
  };
  return (
    <section aria-label={trackWords.toDecide(some.instances)}>
      <Notice kind="stop" title={sentenceOf(study, some)}>
        <p>{meaningOf(study, some)}</p>
        <div class="notice-actions row">
          {mayBeRetried(some.state, some.reason, some.destination) && countRetried(study) > 0 && (
            <RetryButton
              label={retryLabel(study, some)}
              busy={busy}
              onRetry={() => void decide(() => queue.retry(study.id))}
            />
          )}
          {some.reason === 'conflicting-instance' && (
            <a class="button" href={hrefOf({ page: 'needs' })}>
              {uploadWords.decide.compare}
            </a>
          )}
          <button
            type="button"
            class="button button-stop"
            disabled={busy}
            aria-haspopup="dialog"
            onClick={() => setAsking(true)}
          >
            {uploadWords.decide.leaveOut(some.instances)}
          </button>
        </div>
        <div role="alert">{failed && <p class="small">{failed}</p>}</div>
        <ReasonDetails code={some.reason} />
      </Notice>
      {asking && (
        <ConfirmLeaveOut
          instances={some.instances}
          destination={some.destination}
          onYes={() => void decide(leaveOut)}
          onClose={() => setAsking(false)}
        />
      )}
    </section>
  );
}

/** Carries out one decision at a time. `failed`: why it could not be carried out. */
function useDeciding() {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  const decide = async (act: () => Promise<void>) => {
    setBusy(true);
    setFailed(null);
    await act().catch((error: unknown) => {
      setFailed(refusalSentence(error, uploadWords.decide.notReached));
    });
    setBusy(false);
  };
  return { decide, busy, failed };
}

function sentenceOf({ instances: total }: QueuedStudy, some: Undecided): string {
  const { instances, reason, destination, stands } = some;
  if (stands) return `${notStoredSaid(instances, reason)}.`;
  return destination === undefined
    ? uploadWords.decide.sentence(instances, total)
    : uploadWords.decide.sentenceAt(instances, total, destination);
}

function meaningOf(study: QueuedStudy, some: Undecided): string {
  const { destination } = some;
  if (destination !== undefined) {
    const { title, next } = sentencesAt(some.reason, destination);
    return [title, uploadWords.decide.first, next].filter(Boolean).join(' ');
  }
  const reason = reasonOf(some.reason);
  const others = study.track.inPacs;
  return [reason.title, others > 0 && !some.stands && uploadWords.decide.others(others), reason.next]
    .filter(Boolean)
    .join(' ');
}

function retryLabel(study: QueuedStudy, { reason, destination }: Undecided): string {
  const { askPacs, retry } = uploadWords.decide;
  return reason === 'conflicting-instance' && destination === undefined
    ? askPacs
    : retry(countRetried(study));
}

type RetryButtonProps = {
  readonly label: string;
  readonly busy: boolean;
  readonly onRetry: () => void;
};

function RetryButton({ label, busy, onRetry }: RetryButtonProps) {
  return (
    <button type="button" class="button" disabled={busy} onClick={onRetry}>
      <Icon name="again" size={20} />
      {label}
    </button>
  );
}

type ConfirmLeaveOutProps = {
  readonly instances: number;
  /** The further destination that did not take them; undefined: it was the first one. */
  readonly destination: string | undefined;
  readonly onYes: () => void;
  readonly onClose: () => void;
};

function ConfirmLeaveOut({ instances, destination, onYes, onClose }: ConfirmLeaveOutProps) {
  return (
    <Confirm
      title={uploadWords.decide.confirmTitle(instances)}
      what={uploadWords.decide.confirmWhat(instances, destination)}
      yes={uploadWords.decide.leaveOut(instances)}
      no={uploadWords.decide.confirmNo}
      destructive
      onYes={onYes}
      onClose={onClose}
    />
  );
}
