/**
 * Opens the file chooser so that a person can choose the same files again, or better ones. This is how studies that
 * this device cannot continue with are started again.
 */
import { chooseAgain } from './choose-again.ts';
import { queueWords } from './queue-words.ts';
import type { QueuedStudy } from './queued-study.ts';
import { nameOf } from './study-title.ts';

/** `study`: null where there are several studies, or where the study is no longer known. */
export function ChooseAgain({ study }: { readonly study: QueuedStudy | null }) {
  return (
    <button
      type="button"
      class="button"
      aria-label={study ? queueWords.chooseAgainOf(nameOf(study)) : queueWords.chooseAgain}
      onClick={() => chooseAgain(study?.id ?? null)}
    >
      {queueWords.chooseAgain}
    </button>
  );
}
