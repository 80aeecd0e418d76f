/**
 * The buttons that stop a study: before its first byte has left, midway, or after the gateway has refused it. Each
 * asks for confirmation.
 */
import { useState } from 'preact/hooks';
import { AskFirst } from '../../kit/AskFirst.tsx';
import { refusalSentence } from '../../net/refusal-sentence.ts';
import { useQueue } from './queue-context.ts';
import { endingWords } from './ending-words.ts';
import { queueWords } from './queue-words.ts';
import type { QueuedStudy } from './queued-study.ts';
import { noteUnanswered } from './TooLate.tsx';

export type OfStudy = { readonly study: QueuedStudy; readonly name: string };

/** Takes back a study before its first byte has left. Says so when it is too late. */
export function TakeBack({ study, name }: OfStudy) {
  const queue = useQueue();
  const [late, setLate] = useState(false);
  const { takeBackSheet: sheet } = endingWords;
  const what = study.savedToStickAt === null ? sheet.what : sheet.whatOnStick;
  if (late)
    return (
      <p class="small" role="status">
        {endingWords.takeBackSheet.tooLate}
      </p>
    );
  return (
    <AskFirst
      bare
      label={queueWords.takeBack}
      of={queueWords.takeBackOf(name)}
      icon="close"
      ask={{ ...sheet, about: name, what: what(study.instances) }}
      onYes={() => void queue.takeBack(study.id).then((taken) => setLate(!taken))}
      onGone={() => noteUnanswered(queue, [study])}
    />
  );
}

type CancelSendingProps = OfStudy & {
  /** Receives the sentence that says why nothing was cancelled. This button is not shown while the gateway is asked. */
  readonly onRefused: (why: string | null) => void;
};

/** Cancels a study that has partly left. The gateway has to be told: if it refuses, nothing is cancelled. */
export function CancelSending({ study, name, onRefused }: CancelSendingProps) {
  const queue = useQueue();
  const cancel = () => {
    onRefused(null);
    queue.cancel(study.id).catch((error: unknown) => {
      onRefused(refusalSentence(error, endingWords.cancelSheet.notReached));
    });
  };
  return (
    <AskFirst
      bare
      label={queueWords.cancel}
      of={queueWords.cancelOf(name)}
      icon="close"
      ask={{
        ...endingWords.cancelSheet,
        about: name,
        what: endingWords.cancelSheet.what(study.track.inPacs),
      }}
      onYes={cancel}
      onGone={() => noteUnanswered(queue, [study])}
    />
  );
}

/** Removes a study that the gateway refused midway, and deletes its copy from this device. */
export function Forget({ study, name }: OfStudy) {
  const queue = useQueue();
  return (
    <AskFirst
      bare
      label={queueWords.dismiss}
      of={queueWords.dismissOf(name)}
      ask={{
        ...endingWords.forgetSheet,
        about: name,
        what: endingWords.forgetSheet.what(study.instances),
        yes: queueWords.dismiss,
      }}
      onYes={() => void queue.dismiss(study.id)}
    />
  );
}
