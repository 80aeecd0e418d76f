/** The bar at the bottom of the window, within reach of the thumb: the policy in force and the one main button. */
import type { RefObject } from 'preact';
import { useSession } from '../../../net/net-context.ts';
import type { FoundStudy, IngestStore } from '../found/found-study.ts';
import { useIngest, useTriageViews } from '../found/ingest-context.ts';
import { formatBytes } from '../../../kit/format.ts';
import { Icon } from '../../../kit/Icon.tsx';
import { leadFromHere } from '../../../kit/lead-from-here.ts';
import { hrefOf } from '../../../kit/routes.ts';
import { useSettling } from '../../../kit/use-settling.ts';
import { chosenWords } from '../found/chosen-words.ts';
import { endNarrowing } from '../../queue/kept-choice.ts';
import { queueWords } from '../../queue/queue-words.ts';
import { PolicyChoice } from './PolicyChoice.tsx';
import { ReasonSheet } from './ReasonSheet.tsx';
import { canSend, coveredOf, inPacsOf, peopleOf, queueingShare, sendableOf } from '../found/sendable.ts';

export type SendBarProps = {
  /** Called with the number of instances in the queue if some files were refused during Send and must be looked at. */
  readonly onQueuedInPart: (instances: number) => void;
  /** Called if some of it could not be queued; the upload page says why. */
  readonly onNotQueued?: () => void;
  /** Whether a person decides about a study on this page already, so that the bar leads to no other place for it. */
  readonly isDeciding?: boolean;
  /** Whether the page leads to the track itself as soon as Send is pressed. Who goes back to it then stays. */
  readonly leadsItself?: boolean;
};

type InsideProps = SendBarProps & { readonly settling: RefObject<HTMLDivElement | null> };

/** Empty as long as no study was found. */
export function Bar(props: SendBarProps) {
  const ingest = useIngest();
  const isQueueing = ingest.phase.value === 'queueing';
  // *Take back* replaces *Send*, and the other way round.
  const settling = useSettling<HTMLDivElement>(String(isQueueing));
  if (isQueueing) return <QueueingBar settling={settling} />;
  return ingest.studies.value.length > 0 ? <SendBar {...props} settling={settling} /> : null;
}

function SendBar({ onQueuedInPart, onNotQueued, isDeciding, leadsItself, settling }: InsideProps) {
  const ingest = useIngest();
  const session = useSession();
  const triage = useTriageViews();
  const ToRepeat = triage.value?.ToRepeat;
  const sendable = sendableOf(ingest);
  const { studies: chosen, instances, bytes, held, stopped, tooLarge } = sendable;
  const staying = held.length + tooLarge.length + stopped.length;
  const send = async () => {
    const studies = ingest.studies.peek().length;
    const before = new Set(ingest.rejected.peek());
    const lead = leadFromHere();
    await ingest.send();
    const queued = studies - ingest.studies.peek().length;
    if (queued > 0) endNarrowing(sessionStorage);
    if (ingest.problem.peek() !== null || queued < chosen.length) return onNotQueued?.();
    const refusedNow = ingest.rejected.peek().filter((file) => file.wasFound && !before.has(file)).length;
    if (refusedNow > 0) return onQueuedInPart(Math.max(0, instances - refusedNow));
    // Files that were refused before Send were already shown on this page.
    if (queued === studies && ingest.disc.peek().stopped === null) ingest.clear();
    if (!leadsItself) lead(hrefOf({ page: 'studies' }));
  };
  const disabled = !canSend(ingest, sendable, session.user.value);
  const keepsNames = ingest.policy.value?.deidentify === false;
  const label = chosenWords.send(sendable.sentAs, peopleOf(ingest, chosen).length, keepsNames);
  const unsendable = tooLarge.length > 0 ? chosenWords.sendTooLarge : chosenWords.sendNone;
  const undecided = held.length > 0 ? chosenWords.sendDecideFirst : unsendable;
  const none = stopped.length > 0 ? chosenWords.sendStopped : undecided;
  return (
    <section class="send-bar" aria-label={chosenWords.sendBar} data-names={keepsNames}>
      {ToRepeat && <ToRepeat chosen={chosen} />}
      <TooLarge />
      {keepsNames && <SentUncovered count={coveredOf(ingest, chosen)} />}
      {staying > 0 && staying + chosen.length > stopped.length && (
        <Staying
          staying={staying}
          chosen={chosen.length + staying}
          isToDecide={!isDeciding && held.some((study) => !isAnsweredOnCard(ingest, study))}
        />
      )}
      <div ref={settling} class="send-inside">
        <PolicyChoice />
        <button type="button" class="button button-main send-button" disabled={disabled} onClick={send}>
          {chosen.length === 0 ? none : label}
          {chosen.length > 0 && (
            <span class="send-size small numbers">
              {chosenWords.sendSize(
                instances,
                formatBytes(bytes),
                inPacsOf(ingest, chosen),
                chosen.every(({ inPacs }) => inPacs.value !== null),
              )}
            </span>
          )}
        </button>
      </div>
      {ingest.problem.value === 'reason-missing' && <ReasonSheet label={label} onGiven={send} />}
    </section>
  );
}

/** Whether the study's card itself leads to the pictures in question. */
const isAnsweredOnCard = (
  { heldBack, mixed }: Pick<IngestStore, 'heldBack' | 'mixed'>,
  { studyInstanceUID }: FoundStudy,
): boolean =>
  mixed.value.get(studyInstanceUID)?.isSettled !== false &&
  heldBack.value.some((file) => file.studyInstanceUID === studyInstanceUID && file.isReleasable);

type StayingProps = { readonly staying: number; readonly chosen: number; readonly isToDecide: boolean };

/** Shown next to Send when Send takes fewer studies than are ticked. If it takes none, its own label says so. */
function Staying({ staying, chosen, isToDecide }: StayingProps) {
  const isSaid = staying < chosen;
  if (!isSaid && !isToDecide) return null;
  return (
    <p class="pace pace-wait small send-forecast">
      <Icon name="caution" size={16} />
      {isSaid && <span>{chosenWords.notAllSent(staying, chosen)}</span>}
      {isToDecide && (
        <a class="button button-bare" href={hrefOf({ page: 'needs' })}>
          {chosenWords.decide}
        </a>
      )}
    </p>
  );
}

/**
 * Warns that names a person had covered are visible in the pixels, because the policy was changed to one that sends
 * the originals.
 */
function SentUncovered({ count }: { readonly count: number }) {
  if (count === 0) return null;
  return (
    <p class="pace pace-wait small send-forecast" role="status">
      <Icon name="caution" size={16} />
      <span>{chosenWords.sentUncovered(count)}</span>
    </p>
  );
}

/** Says, before Send is pressed, that the selected studies do not fit on this device. */
function TooLarge() {
  const forecast = useIngest().forecast.value;
  if (forecast === null || forecast.needs <= forecast.room) return null;
  return (
    <p class="pace pace-wait small send-forecast" role="status">
      <Icon name="caution" size={16} />
      <span>{chosenWords.tooLarge(formatBytes(forecast.needs), formatBytes(forecast.room))}</span>
    </p>
  );
}

/**
 * Shown while the chosen studies are written into the queue. They are safe only afterwards, and can be taken back
 * until then.
 */
function QueueingBar({ settling }: Pick<InsideProps, 'settling'>) {
  const ingest = useIngest();
  const { named, instances, instancesTotal } = ingest.queueing.value;
  const { isNaming, share } = queueingShare(ingest.queueing.value);
  return (
    <section class="send-bar" aria-label={chosenWords.sendBar}>
      <div ref={settling} class="send-inside send-queueing">
        <div class="send-progress">
          <p class="numbers">
            <Icon name="device" size={20} />{' '}
            {isNaming
              ? queueWords.naming(named, instancesTotal)
              : queueWords.makingSafe(instances, instancesTotal)}
          </p>
          <div class="bar" aria-hidden="true">
            <div class="bar-fill" style={{ inlineSize: `${share * 100}%` }} />
          </div>
        </div>
        <button type="button" class="button" onClick={() => ingest.cancel()}>
          <Icon name="close" size={20} />
          {queueWords.takeBack}
        </button>
      </div>
    </section>
  );
}
