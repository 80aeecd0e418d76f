/** A person stopped reading: how far it came, and the decision about the rest, without which its studies stay here. */
import { useSettling } from '../../kit/use-settling.ts';
import { Notice } from '../../kit/Notice.tsx';
import { chosenWords } from './chosen-words.ts';
import { unreadOf } from './disc-view.ts';
import { useIngest } from './ingest-context.ts';

export function StoppedReading() {
  const ingest = useIngest();
  const { stopped } = ingest.disc.value;
  // *Stop reading* may have been under the pointer or the finger.
  const settling = useSettling<HTMLDivElement>(String(stopped !== null));
  if (stopped === null) return null;
  const { filesRead, filesFound, isListed, canContinue, studies } = stopped;
  const words = chosenWords.stopped;
  const disabled = ingest.phase.value === 'queueing';
  return (
    <div role="status">
      <Notice kind="wait" title={words.title(filesRead, filesFound, isListed)}>
        <p>{canContinue ? words.next(studies.size) : words.lost}</p>
        <div ref={settling} class="row notice-actions">
          {canContinue && (
            <button
              type="button"
              class="button"
              disabled={disabled}
              onClick={() => void ingest.continueReading()}
            >
              {words.continue}
            </button>
          )}
          <button
            type="button"
            class="button"
            disabled={disabled}
            aria-label={words.leaveOutCount(unreadOf(stopped), isListed)}
            onClick={() => ingest.leaveOutRest()}
          >
            {words.leaveOut}
          </button>
        </div>
      </Notice>
    </div>
  );
}
