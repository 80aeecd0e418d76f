/** At a destination that works: one press sends the sample study, or leads to what Send asks before. */
import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { Destination } from '#shared/protocol/destination.ts';
import { hrefOf } from '../kit/routes.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { useSession } from '../net/net-context.ts';
import { useIngest } from '../pipeline/ingest/ingest-context.ts';
import { destinationWords as words } from './destination-words.ts';
import type { Tested } from './destinations.store.ts';
import { sendSample } from './send-sample.ts';

type Props = { readonly destination: Destination; readonly tested: Tested | null };

export function SendSample({ destination: { isPrimary, need, name }, tested }: Props) {
  const ingest = useIngest();
  const { user } = useSession();
  const isMissing = useSignal(false);
  const message = useId();
  const found = tested?.found ?? null;
  const isWell = found !== null && found.verdict?.result !== 'fail';
  // It would be sent with what was chosen before.
  const isFree = ingest.phase.value === 'idle';
  if (!isWell || !isFree || (!isPrimary && need === null)) return null;
  const go = async (): Promise<void> => {
    isMissing.value = false;
    try {
      const isQueued = await sendSample(ingest, user.peek());
      location.hash = hrefOf({ page: isQueued ? 'studies' : 'upload' });
    } catch {
      isMissing.value = true;
    }
  };
  return (
    <div class="row">
      <button
        type="button"
        class="button"
        aria-label={words.of(words.sendSample, name)}
        aria-describedby={message}
        onClick={() => void go()}
      >
        {words.sendSample}
      </button>
      <TroubleAlert trouble={isMissing.value ? words.sampleMissing : null} id={message} />
    </div>
  );
}
