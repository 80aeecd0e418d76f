/**
 * Opens the chooser for the same files again, or better ones. Studies that this device cannot continue with start
 * there.
 */
import { chooseAgain } from './choose-again.ts';
import { queueWords } from './queue-words.ts';
import type { QueuedStudy } from './queued-study.ts';
import { nameOf } from './study-title.ts';

/** `study`: null where there are several, or none is known any more. */
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
