/**
 * The queue: every study with its track, starting with those that need a person. The list can be of any
 * length, and nothing jumps when counts change.
 */
import { useSignal } from '@preact/signals';
import { useSession } from '../../net/net-context.ts';
import { useQueue } from './queue-context.ts';
import { Icon } from '../../kit/Icon.tsx';
import { AskFirst } from '../../kit/AskFirst.tsx';
import { useLate } from '../../kit/use-late.ts';
import { Notice } from '../../kit/Notice.tsx';
import { hrefOf } from '../../kit/routes.ts';
import { VirtualList } from '../../kit/VirtualList.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import { queueWords } from './queue-words.ts';
import type { QueuedStudy } from './queued-study.ts';
import { ChooseAgain } from './ChooseAgain.tsx';
import { LostStudies } from './LostStudies.tsx';
import { QueueRow } from './QueueRow.tsx';
import { inQueueOrder, type QueuePart } from './track-of.ts';

/** Height of a row that has not been drawn yet, in px. */
const ROW = 188;

type Line =
  | { readonly kind: 'heading'; readonly part: QueuePart; readonly studies: readonly QueuedStudy[] }
  | { readonly kind: 'study'; readonly study: QueuedStudy };

export type QueueViewProps = {
  /** The browser was asked to keep the waiting studies and has promised nothing. */
  readonly mayBeCleared: boolean;
};

export function QueueView({ mayBeCleared }: QueueViewProps) {
  const queue = useQueue();
  const ready = queue.ready.value;
  const studies = queue.studies.value;
  return (
    <main id="content" class="page queue" aria-busy={!ready}>
      <h1 tabIndex={-1}>{kitWords.pages.queue}</h1>
      <LostStudies />
      <InBetween />
      {mayBeCleared && queue.safe.value > 0 && <p class="small quiet">{queueWords.mayBeCleared}</p>}
      {ready && queue.others.value + queue.othersWaiting.value > 0 && (
        <OfOthers travelling={queue.others.value} waiting={queue.othersWaiting.value} />
      )}
      {ready && queue.foreign.value > 0 && <OfAnotherGateway count={queue.foreign.value} />}
      {!ready ? <QueueSkeleton /> : studies.length === 0 ? <EmptyQueue /> : <QueueList studies={studies} />}
    </main>
  );
}

/** The gateway was set up again, or the address leads to another one: nothing here can be sent to it. */
function OfAnotherGateway({ count }: { readonly count: number }) {
  const queue = useQueue();
  const { foreignSheet } = queueWords;
  return (
    <Notice kind="stop" title={queueWords.foreign(count)}>
      <p>{queueWords.foreignWhat}</p>
      <p class="notice-actions">
        <ChooseAgain />
        <AskFirst
          label={queueWords.deleteForeign(count)}
          of={queueWords.deleteForeign(count)}
          ask={{ ...foreignSheet, about: foreignSheet.about(count) }}
          onYes={() => void queue.deleteForeign()}
        />
      </p>
    </Notice>
  );
}

/** On a shared device: other people's studies are here. Says nothing about them. */
function OfOthers({ travelling, waiting }: { readonly travelling: number; readonly waiting: number }) {
  const [first, then] =
    travelling > 0
      ? [queueWords.others(travelling), queueWords.othersWhat]
      : [queueWords.othersWaiting(waiting), queueWords.othersWaitingWhat];
  return (
    <Notice kind="plain" sign="device" title={first}>
      <p>{then}</p>
      {travelling > 0 && waiting > 0 && <p>{queueWords.othersWaiting(waiting)}</p>}
      <TakeOver />
    </Notice>
  );
}

/** For administrators: studies whose owner can no longer send them from here. */
function TakeOver() {
  const queue = useQueue();
  const session = useSession();
  const failed = useSignal(false);
  const count = queue.ownerless.value;
  const isAdmin = session.state.value === 'signed-in' && session.user.value?.roles.includes('admin');
  if (!isAdmin || count === 0) return null;
  const { takeOverSheet } = queueWords;
  const take = async () => {
    failed.value = false;
    await queue.takeOver().catch(() => {
      failed.value = true;
    });
  };
  return (
    <>
      <p>{queueWords.takeOverWhat}</p>
      <p class="notice-actions">
        <AskFirst
          label={queueWords.takeOver(count)}
          of={queueWords.takeOver(count)}
          ask={{ ...takeOverSheet, about: takeOverSheet.about(count) }}
          onYes={() => void take()}
        />
      </p>
      <p role="alert">{failed.value && queueWords.takeOverFailed}</p>
    </>
  );
}

/** Says how a proxy interferes with the current uploads, and who can fix it. The uploads still arrive. */
function InBetween() {
  const queue = useQueue();
  const diagnosis = queue.diagnosis.value;
  if (diagnosis === null || !queue.studies.value.some((study) => study.isWaiting)) return null;
  const { title, next } = queueWords.diagnosis[diagnosis];
  return (
    <Notice kind={diagnosis === 'proxy-answers' ? 'wait' : 'plain'} title={title}>
      <p>{next}</p>
    </Notice>
  );
}

function QueueList({ studies }: { readonly studies: readonly QueuedStudy[] }) {
  const lines = inQueueOrder(studies).flatMap(({ part, studies: inPart }): Line[] => [
    { kind: 'heading', part, studies: inPart },
    ...inPart.map((study): Line => ({ kind: 'study', study })),
  ]);
  return (
    <VirtualList
      items={lines}
      keyOf={(line) => (line.kind === 'heading' ? line.part : line.study.id)}
      estimate={ROW}
      label={kitWords.pages.queue}
      class="queue-list"
      render={(line) =>
        line.kind === 'heading' ? (
          <PartHeading part={line.part} studies={line.studies} />
        ) : (
          <QueueRow study={line.study} />
        )
      }
    />
  );
}

function PartHeading({
  part,
  studies,
}: {
  readonly part: QueuePart;
  readonly studies: readonly QueuedStudy[];
}) {
  return (
    <div class="queue-part-head">
      <h2 class="queue-part" data-part={part}>
        {part === 'needs-you' && <Icon name="decide" size={20} />}
        {queueWords.parts[part]} <span class="quiet numbers queue-part-count">{studies.length}</span>
      </h2>
      <DismissAll
        studies={studies.filter((study) => study.state === 'done' || study.state === 'taken-back')}
      />
    </div>
  );
}

/** Removes all finished studies with one touch. Their receipts are kept. */
function DismissAll({ studies }: { readonly studies: readonly QueuedStudy[] }) {
  const queue = useQueue();
  if (studies.length < 2) return null;
  return (
    <button
      type="button"
      class="button button-bare"
      onClick={() => studies.forEach((study) => void queue.dismiss(study.id))}
    >
      {queueWords.dismissAll(studies.length)}
    </button>
  );
}

function EmptyQueue() {
  return (
    <div class="queue-empty">
      <p class="strong">{queueWords.empty}</p>
      <p class="quiet">{queueWords.emptyWhat}</p>
      <p>
        <a class="button button-main" href={hrefOf({ page: 'upload' })}>
          {queueWords.toUpload}
        </a>
      </p>
    </div>
  );
}

/** A database that has not opened by then will not open: private mode, or a full disk. */
const NO_DATABASE_AFTER_MS = 6_000;

function QueueSkeleton() {
  const late = useLate(true);
  const tooLate = useLate(true, NO_DATABASE_AFTER_MS);
  if (!late) return null;
  if (tooLate)
    return (
      <div role="alert">
        <Notice kind="stop" title={queueWords.noDatabase}>
          <p>{queueWords.noDatabaseNext}</p>
        </Notice>
      </div>
    );
  return (
    <div aria-label={queueWords.loading} role="status">
      {[0, 1, 2].map((row) => (
        <div key={row} class="queue-row" aria-hidden="true">
          <div class="skeleton skeleton-name" />
          <div class="skeleton skeleton-track" />
        </div>
      ))}
    </div>
  );
}
