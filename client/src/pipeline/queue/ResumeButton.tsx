/** The button for a study that the gateway refused, or that this device cannot continue with. */
import { PROBLEMS } from '#shared/protocol/problem-table.ts';
import { useQueue } from './queue-context.ts';
import { Icon } from '../../kit/Icon.tsx';
import { queueWords } from './queue-words.ts';
import { ChooseAgain } from './ChooseAgain.tsx';
import type { QueuedStudy } from './queued-study.ts';
import { nameOf } from './study-title.ts';

/** Retries where that can help; otherwise links to choosing another study. */
export function GoOn({ study }: { readonly study: QueuedStudy }) {
  const queue = useQueue();
  if (study.trouble === 'copy-unreadable' || (study.problem && PROBLEMS[study.problem].retry === 'changed'))
    return <ChooseAgain />;
  return (
    <button
      type="button"
      class="button"
      aria-label={queueWords.retryOf(nameOf(study))}
      onClick={() => void (study.trouble ? queue.tryNow(study.id) : queue.retry(study.id))}
    >
      <Icon name="again" size={20} />
      {queueWords.retry}
    </button>
  );
}
