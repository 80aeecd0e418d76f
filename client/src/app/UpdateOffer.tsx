/** The message about versions, with its one button. It never interrupts reading or making a study safe. */
import { useIngest } from '../pipeline/ingest/found/ingest-context.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { Icon } from '../kit/Icon.tsx';
import type { Update } from './updates.ts';
import { appWords } from './app-words.ts';
import { kitWords } from '../kit/kit-words.ts';

export function UpdateOffer({ update }: { readonly update: Update }) {
  const ingest = useIngest();
  const queue = useQueue();
  const state = update.state.value;
  if (state === 'none') return null;
  const isBusy = ingest.phase.value !== 'idle' || queue.unsafe.value > 0;
  const waits = isBusy && (state === 'ready' || state === 'other-window' || state === 'part-missing');
  const { title, what } = appWords.update.states[state];
  return (
    <div
      class={state === 'part-missing' ? 'offer notice notice-wait' : 'offer notice'}
      role="status"
      data-update={state}
    >
      <Icon name={state === 'part-missing' ? 'caution' : 'note'} />
      <p class="notice-body">
        {title} <span class="quiet">{waits ? appWords.update.waits : what}</span>
      </p>
      {state === 'taken' ? (
        <button type="button" class="button" onClick={update.dismiss}>
          {kitWords.close}
        </button>
      ) : (
        state !== 'loads-again' && (
          <button type="button" class="button" disabled={isBusy} onClick={update.use}>
            {state === 'part-missing' ? appWords.problem.reload : appWords.update.use}
          </button>
        )
      )}
    </div>
  );
}
