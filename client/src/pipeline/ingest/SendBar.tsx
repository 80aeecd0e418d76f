/** At the foot of the window, under the thumb: the policy in force and the one main button. */
import type { RefObject } from 'preact';
import { useSession } from '../../net/net-context.ts';
import type { FoundStudy, IngestStore } from './found-study.ts';
import { useIngest, useTriageViews } from './ingest-context.ts';
import { formatBytes } from '../../kit/format.ts';
import { Icon } from '../../kit/Icon.tsx';
import { leadFromHere } from '../../kit/lead-from-here.ts';
import { hrefOf } from '../../kit/routes.ts';
import { useSettling } from '../../kit/use-settling.ts';
import { chosenWords } from './chosen-words.ts';
import { endNarrowing } from '../queue/kept-choice.ts';
import { queueWords } from '../queue/queue-words.ts';
import { PolicyChoice } from './PolicyChoice.tsx';
import { ReasonSheet } from './ReasonSheet.tsx';
import { canSend, coveredOf, inPacsOf, peopleOf, queueingShare, sendableOf } from './sendable.ts';

export type SendBarProps = {
  /**
   * So many instances are in the queue, but some files were refused on the way there and must be looked at.
   */
  readonly onQueuedInPart: (instances: number) => void;
  /** Not all of it could be queued: the upload page says why. */
  readonly onNotQueued?: () => void;
};

type Settling = { readonly settling: RefObject<HTMLDivElement | null> };

/** Empty while nothing was found that could be sent. */
export function Bar(props: SendBarProps) {
  const ingest = useIngest();
  const isQueueing = ingest.phase.value === 'queueing';
  // *Take back* takes the place of *Send*, and the other way round.
  const settling = useSettling<HTMLDivElement>(String(isQueueing));
  if (isQueueing) return <QueueingBar settling={settling} />;
  return ingest.studies.value.length > 0 ? <SendBar {...props} settling={settling} /> : null;
}

function SendBar({ onQueuedInPart, onNotQueued, settling }: SendBarProps & Settling) {
  const ingest = useIngest();
  const session = useSession();
  const triage = useTriageViews();
  const ToRepeat = triage.value?.ToRepeat;
  const sendable = sendableOf(ingest);
  const { studies: chosen, instances, bytes, held } = sendable;
  const { stopped } = sendable;
  const staying = held.length + sendable.tooLarge.length + stopped.length;
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
    // Files refused before Send were on this page already.
    if (queued === studies && ingest.disc.peek().stopped === null) ingest.clear();
    lead(hrefOf({ page: 'studies' }));
  };
  const disabled = !canSend(ingest, sendable, session.user.value);
  const keepsNames = ingest.policy.value?.deidentify === false;
  const label = chosenWords.send(sendable.sentAs, peopleOf(ingest, chosen).length, keepsNames);
  const undecided = held.length > 0 ? chosenWords.sendDecideFirst : chosenWords.sendNone;
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
          isToDecide={held.some((study) => !isAnsweredOnCard(ingest, study))}
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

/** The study's card leads straight to its pictures. */
const isAnsweredOnCard = (
  { heldBack, mixed }: Pick<IngestStore, 'heldBack' | 'mixed'>,
  { studyInstanceUID }: FoundStudy,
): boolean =>
  mixed.value.get(studyInstanceUID)?.isSettled !== false &&
  heldBack.value.some((file) => file.studyInstanceUID === studyInstanceUID && file.isReleasable);

type StayingProps = { readonly staying: number; readonly chosen: number; readonly isToDecide: boolean };

/** Next to Send, which names fewer studies than are ticked. */
function Staying({ staying, chosen, isToDecide }: StayingProps) {
  return (
    <p class="pace pace-wait small send-forecast">
      <Icon name="caution" size={16} />
      <span>{chosenWords.notAllSent(staying, chosen)}</span>
      {isToDecide && (
        <a class="button button-bare" href={hrefOf({ page: 'needs' })}>
          {chosenWords.decide}
        </a>
      )}
    </p>
  );
}

/** The policy changed after a person covered names: they are in the pixels that this one sends. */
function SentUncovered({ count }: { readonly count: number }) {
  if (count === 0) return null;
  return (
    <p class="pace pace-wait small send-forecast" role="status">
      <Icon name="caution" size={16} />
      <span>{chosenWords.sentUncovered(count)}</span>
    </p>
  );
}

/** Says before Send is pressed that the selected studies do not fit on this device. */
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
 * While the chosen studies are written into the queue: only then are they safe, and until then they can be
 * taken back.
 */
function QueueingBar({ settling }: Settling) {
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
