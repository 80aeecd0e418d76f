/** Cancels all selected studies that this device is still sending, after asking once. */
import { useState } from 'preact/hooks';
import { AskFirst } from '../kit/AskFirst.tsx';
import { refusalSentence } from '../net/refusal-sentence.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { queueWords } from '../pipeline/queue/queue-words.ts';
import type { QueuedStudy, QueueStore } from '../pipeline/queue/queued-study.ts';
import { nameOf } from '../pipeline/queue/study-title.ts';
import { noteUnanswered } from '../pipeline/queue/TooLate.tsx';
import { studiesWords as words } from './studies-words.ts';

export const isCancellable = ({ canTakeBack, canCancel }: QueuedStudy): boolean => canTakeBack || canCancel;

/** The most names listed in the question; further studies are only counted. */
const NAMED = 5;

type CancelSelectedProps = {
  readonly studies: readonly QueuedStudy[];
  /** Called once all of them are cancelled. */
  readonly onDone: () => void;
};

export function CancelSelected({ studies, onDone }: CancelSelectedProps) {
  const queue = useQueue();
  const [failed, setFailed] = useState<string | null>(null);
  const cancel = async () => {
    setFailed(null);
    const refusals = await cancelAll(queue, studies);
    if (refusals.length === 0) onDone();
    else
      setFailed(
        words.notCancelled(refusals.length, refusalSentence(refusals[0], words.cancelSheet.notReached)),
      );
  };
  const label = words.cancel(studies.length);
  const { title, what, onStick, no } = words.cancelSheet;
  const isOnStick = studies.some(({ savedToStickAt }) => savedToStickAt !== null);
  const names = studies.slice(0, NAMED).map(nameOf);
  return (
    <>
      {studies.length > 0 && (
        <AskFirst
          label={label}
          of={label}
          icon="close"
          ask={{
            title: title(studies.length),
            about: words.namesOf(names, studies.length - names.length),
            what: isOnStick ? `${what} ${onStick}` : what,
            yes: queueWords.cancel,
            no,
          }}
          onYes={() => void cancel()}
          onGone={() => noteUnanswered(queue, studies)}
        />
      )}
      {failed && (
        <p class="small" role="alert">
          {failed}
        </p>
      )}
    </>
  );
}

/**
 * Cancels all at once. A study that the gateway refuses, or about which it does not answer, does not hold up the
 * others.
 */
async function cancelAll(
  queue: Pick<QueueStore, 'takeBack' | 'cancel'>,
  studies: readonly QueuedStudy[],
): Promise<readonly unknown[]> {
  const answers = await Promise.allSettled(
    studies.map(async ({ id, canTakeBack }) => {
      // The first byte may have left since the question was asked.
      if (!canTakeBack || !(await queue.takeBack(id))) await queue.cancel(id);
    }),
  );
  return answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
}
