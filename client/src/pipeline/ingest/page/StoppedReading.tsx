/**
 * Shown after a person stopped reading: how far it got, and the decision about the rest. Until that is made, its
 * studies stay here.
 */
import { useFocusHandedOn } from '../../../kit/use-focus-handed-on.ts';
import { useSettling } from '../../../kit/use-settling.ts';
import { Notice } from '../../../kit/Notice.tsx';
import { chosenWords } from '../found/chosen-words.ts';
import { unreadOf, type Stopped } from '../choose/disc-view.ts';
import { useIngest } from '../found/ingest-context.ts';
import { READING_PARTS } from './Reading.tsx';

export function StoppedReading() {
  const { stopped } = useIngest().disc.value;
  return stopped && <Decision stopped={stopped} />;
}

function Decision({ stopped }: { readonly stopped: Stopped }) {
  const ingest = useIngest();
  const place = useFocusHandedOn<HTMLDivElement>(READING_PARTS);
  // *Stop reading* may have been under the pointer or the finger, so a stray click must not decide.
  const settling = useSettling<HTMLDivElement>('');
  const { filesRead, filesFound, isListed, canContinue, studies } = stopped;
  const words = chosenWords.stopped;
  const disabled = ingest.phase.value === 'queueing';
  return (
    <div ref={place} tabIndex={-1} role="status" class="stopped-reading">
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
