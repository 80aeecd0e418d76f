/**
 * Shown for a working destination: one press sends the sample study, or opens the page that asks what Send needs. If
 * nothing was ever sent to the destination, the press also makes new studies go there, unless rules decide first.
 */
import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { Destination } from '#shared/protocol/destination.ts';
import { leadFromHere } from '../kit/lead-from-here.ts';
import { hrefOf } from '../kit/routes.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { useSession } from '../net/net-context.ts';
import { useIngest } from '../pipeline/ingest/found/ingest-context.ts';
import { destinationWords as words } from './destination-words.ts';
import type { DestinationList, DestinationsStore, Tested } from './destinations.store.ts';
import { sampleOffer } from './offer-sample.ts';
import { isUnusable, tooSmallForSample } from './request-limit.ts';
import { sendersTo } from './rule-form.ts';
import { RulesFirst } from './RulesFirst.tsx';
import { sendSample } from './send-sample.ts';

type Props = {
  readonly destination: Destination;
  readonly tested: Tested | null;
  readonly rules: DestinationList['rules'];
  readonly store: Pick<DestinationsStore, 'setNeed' | 'trouble'>;
};

export function SendSample({ destination, rules, tested, store }: Props) {
  const ingest = useIngest();
  const found = tested?.found ?? null;
  const isWell = found !== null && !isUnusable(found);
  // Otherwise the sample would be sent together with what was chosen before.
  const isFree = ingest.phase.value === 'idle';
  const offer = sampleOffer(destination, rules);
  if (!isWell || !isFree || offer === null) return null;
  if (offer === 'rules-first')
    return (
      <div class="stack-tight">
        <p>{sendersTo(destination, rules).senders.length > 0 ? words.noneYet : words.nothingGoes}</p>
        {destination.isPrimary && <RulesFirst destination={destination} rules={rules} />}
      </div>
    );
  const bytes = tooSmallForSample(destination, found);
  if (bytes !== null) return <p>{words.sampleTooLarge(bytes)}</p>;
  return <SampleButton destination={destination} store={store} goesThere={offer === 'send'} />;
}

type ButtonProps = Pick<Props, 'destination' | 'store'> & { readonly goesThere: boolean };

function SampleButton({ destination: { id, name }, store, goesThere }: ButtonProps) {
  const ingest = useIngest();
  const { user } = useSession();
  const isMissing = useSignal(false);
  const message = useId();
  const label = goesThere ? words.sendSample : words.sendHereToo;
  const go = async (): Promise<void> => {
    isMissing.value = false;
    const lead = leadFromHere();
    if (!goesThere) {
      await store.setNeed(id, 'also');
      // The page shows why this failed.
      if (store.trouble.peek() !== null) return;
    }
    try {
      const sample = await sendSample(ingest, user.peek(), id);
      // The page of the study shows what this destination has. A sample that was sent again has no new page, so the
      // list is opened.
      const sentTo = sample.id ? ({ page: 'study', id: sample.id } as const) : ({ page: 'studies' } as const);
      lead(hrefOf(sample.isQueued ? sentTo : { page: 'upload' }));
    } catch {
      isMissing.value = true;
    }
  };
  return (
    <div class="stack-tight">
      {!goesThere && (
        <p>
          {words.nothingGoes} {words.nothingGoesNext}
        </p>
      )}
      <p>
        <button
          type="button"
          class="button"
          aria-label={words.of(label, name)}
          aria-describedby={message}
          onClick={() => void go()}
        >
          {label}
        </button>
      </p>
      <p class="small quiet">{words.sampleMeans}</p>
      <TroubleAlert trouble={isMissing.value ? words.sampleMissing : null} id={message} />
    </div>
  );
}
