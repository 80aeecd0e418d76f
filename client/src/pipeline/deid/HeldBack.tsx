/**
 * Instances that the policy cannot make safe, by series. A person looks at each picture, or reads the texts that
 * repeat identifying values of other instances. The person then leaves the instance out, which is the default, covers
 * the names in its pixels, or states that nothing in it identifies anybody. This can be undone until sending begins.
 */
import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { REASONS, type ReasonCode } from '#shared/protocol/reasons.ts';
import { nameSaid, typedSaid } from '../../kit/identities.ts';
import { leaveStudyOut } from '../../kit/left-out-words.ts';
import { hrefOf } from '../../kit/routes.ts';
import { Confirm } from '../../kit/Sheet.tsx';
import { deidWords } from './deid-words.ts';
import { useIngest } from '../ingest/found/ingest-context.ts';
import { Icon } from '../../kit/Icon.tsx';
import { chosenWords } from '../ingest/found/chosen-words.ts';
import type { FoundStudy, IngestStore } from '../ingest/found/found-study.ts';
import type { FoundFile, SeenFile } from '../ingest/found/group-studies.ts';
import {
  decidedAs,
  isReleasable,
  isReleasableWith,
  reasonsUnder,
  staysHere,
} from '../ingest/found/held-back.ts';
import type { InspectedSeries } from '../ingest/found/inspection.ts';
import { actsOnUnreleasable } from '../ingest/found/held-acts.ts';
import { goingOfFound } from '../ingest/found/sendable.ts';
import { SendOtherwise } from '../ingest/card/SendOtherwise.tsx';
import { titleWords } from '../queue/title-words.ts';
import type { ComparisonStore } from './comparison.store.ts';
import { HeldInstance } from './HeldInstance.tsx';
import { HeldPictures, type OpenPictures } from './HeldPictures.tsx';
import type { FramePlace } from '../ingest/found/follow-frame.ts';
import { middleFrame } from './looked-frames.ts';
import { hasPicture, seenOf } from './what-to-look-at.ts';

/** The number of pictures that a person looks at in one go. A device renders that many without a delay. */
const AT_ONCE = 12;

type HeldBackProps = { readonly store: ComparisonStore; readonly study: FoundStudy };

export function HeldBack({ store, study }: HeldBackProps) {
  const ingest = useIngest();
  const policy = ingest.policy.value;
  const isHeld = (found: FoundFile): boolean => reasonsUnder(policy, found).length > 0;
  const series = store.series.value.filter(({ files }) => files.some(isHeld));
  if (series.length === 0) return null;
  const staying = series
    .flatMap(({ files }) => files)
    .filter((found) => staysHere(policy, ingest.released.value, found));
  const count = staying.length;
  const answerable = staying.filter((found) => isReleasable(policy, found)).length;
  return (
    <details class="held disclosure" data-decided={count === 0} open>
      <summary>
        <Icon name={count > 0 ? 'caution' : 'way'} />
        <h2>{count > 0 ? deidWords.held.title(count) : deidWords.held.none}</h2>
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
      </summary>
      <div class="held-inside">
        <p class="small held-what">
          {ingest.phase.value === 'queueing'
            ? deidWords.held.sending
            : count > 0
              ? deidWords.held.what(answerable, count)
              : deidWords.held.noneWhat}
        </p>
        <div class="row">
          <LeaveStudyOut study={study} />
          <SendOtherwise
            study={study}
            name={nameSaid(study.patientName) ?? titleWords.noPatient}
            policy={actsOnUnreleasable(ingest, study)?.policy ?? null}
          />
        </div>
        {series.map((each) => (
          <HeldSeries key={each.seriesInstanceUID} store={store} series={each} />
        ))}
      </div>
    </details>
  );
}

/** Offered if nothing of the study is or was sent, because leaving out the last instance leaves out the study. */
function LeaveStudyOut({ study }: Pick<HeldBackProps, 'study'>) {
  const ingest = useIngest();
  const { studyInstanceUID } = study;
  const isInQueue = [...ingest.reopenable.value.values()].some(
    (other) => other.studyInstanceUID === studyInstanceUID,
  );
  if (isInQueue || goingOfFound(study, ingest).going !== 'held') return null;
  const leaveOut = () => {
    ingest.toggle(studyInstanceUID);
    location.hash = hrefOf({ page: 'upload' });
  };
  return (
    <button type="button" class="button" onClick={leaveOut}>
      {leaveStudyOut}
    </button>
  );
}

type HeldSeriesProps = { readonly store: ComparisonStore; readonly series: InspectedSeries };

function HeldSeries({ store, series }: HeldSeriesProps) {
  const ingest = useIngest();
  const [most, setMost] = useState(AT_ONCE);
  const [asking, setAsking] = useState(false);
  const { opened, place, show, close } = usePictures(series);
  const policy = ingest.policy.value;
  const why = (found: FoundFile) => reasonsUnder(policy, found);
  const held = series.files.filter((found) => why(found).length > 0);
  const shown = held.slice(0, most);
  // Nobody is asked again about an instance that was decided.
  const undecided = held.filter((found) => staysHere(policy, ingest.released.value, found));
  const reasons = [...new Set(undecided.flatMap(why))];
  const { open, pictures, unseen } = sortedOut(store, ingest, shown, undecided);
  // Only decisions made on this page can be undone on it.
  const decided = shown.filter(({ ordinal }) => ingest.released.value.has(ordinal));
  return (
    <div class="held-series" ref={place}>
      <div class="held-bar">
        <SeriesHead description={series.description} reasons={reasons} />
        <div class="row">
          <LookAtAll
            unseen={unseen}
            pictures={pictures}
            onLook={(first) => show({ first, isAlone: false, plays: true })}
          />
          {(open.length > 1 || (open.length === 0 && decided.length > 1)) && (
            <ReleaseAll open={open} decided={decided} onRelease={() => setAsking(true)} />
          )}
        </div>
      </div>
      <ul class="held-list">
        {shown.map((found) => (
          <HeldInstance
            key={found.ordinal}
            store={store}
            found={found}
            files={series.files}
            reasons={reasons.length > 1 && undecided.includes(found) ? why(found) : []}
            onLarge={(frame, plays = false) =>
              show({ first: { found, frame }, isAlone: plays || !pictures.includes(found), plays })
            }
          />
        ))}
      </ul>
      {held.length > shown.length && (
        <button type="button" class="button" onClick={() => setMost(most + AT_ONCE)}>
          {deidWords.held.more(Math.min(AT_ONCE, held.length - shown.length))}
        </button>
      )}
      {asking && <ConfirmAll open={open} onClose={() => setAsking(false)} />}
      <HeldPictures
        store={store}
        opened={opened.value}
        files={pictures}
        inSeries={series.files}
        onClose={close}
      />
    </div>
  );
}

type DecisionsOf = Pick<IngestStore, 'policy' | 'released' | 'boxesBefore'>;

/** Sorts the displayed instances about which a person can make a statement. */
function sortedOut(
  store: ComparisonStore,
  { policy: { value: policy }, released: { value: released }, boxesBefore }: DecisionsOf,
  shown: readonly FoundFile[],
  undecided: readonly FoundFile[],
) {
  const releasable = shown.filter((found) => isReleasable(policy, found));
  // Instances that were left out or sent before are opened individually.
  const pictures = releasable.filter(
    (found) => hasPicture(store, policy, found) && decidedAs(policy, released, found) === null,
  );
  const seen = seenOf(store, policy, releasable);
  const isSeen = (found: FoundFile): boolean => seen.some(({ ordinal }) => ordinal === found.ordinal);
  return {
    open: seen.filter(
      (found) => undecided.includes(found) && isReleasableWith(policy, found, boxesBefore(found)),
    ),
    pictures,
    unseen: pictures.filter((found) => undecided.includes(found) && !isSeen(found)),
  };
}

type LookAtAllProps = {
  /** Pictures about which no statement can be made yet. */
  readonly unseen: readonly FoundFile[];
  readonly pictures: readonly FoundFile[];
  readonly onLook: (first: FramePlace) => void;
};

function LookAtAll({ unseen, pictures, onLook }: LookAtAllProps) {
  const [found] = unseen;
  if (found === undefined) return null;
  return (
    <button
      type="button"
      class="button"
      aria-haspopup="dialog"
      onClick={() => onLook({ found, frame: middleFrame(found) })}
    >
      {deidWords.held.openAll(unseen.length, pictures.length)}
    </button>
  );
}

/** The large pictures of a series. Once they are closed, the focus moves to the decision about the last one. */
function usePictures({ files }: InspectedSeries) {
  const opened = useSignal<OpenPictures | null>(null);
  const last = useRef<FoundFile | null>(null);
  const place = useRef<HTMLDivElement>(null);
  // The focus moves before another key can be pressed, which would otherwise reach the old place.
  useLayoutEffect(() => {
    if (opened.value !== null || last.current === null) return;
    const at = files.indexOf(last.current) + 1;
    const decided = place.current?.querySelector(`.held-instance[data-at="${at}"]`);
    const control =
      decided?.querySelector<HTMLElement>('.tick:enabled') ??
      decided?.querySelector<HTMLElement>('.held-body .button, .look-box');
    control?.focus();
  }, [opened.value]);
  return {
    opened,
    place,
    show: (which: OpenPictures) => {
      opened.value = which;
    },
    close: (shown: FoundFile) => {
      last.current = shown;
      opened.value = null;
    },
  };
}

type SeriesHeadProps = { readonly description: string; readonly reasons: readonly ReasonCode[] };

/** The name of the series, and why instances of it are held back. */
function SeriesHead({ description, reasons }: SeriesHeadProps) {
  return (
    <div>
      <h3 class="kept">
        <bdi>{typedSaid(description.trim()) || chosenWords.unnamedSeries}</bdi>
      </h3>
      {reasons.map((reason) => (
        <p key={reason} class="small">
          {REASONS[reason].title}
        </p>
      ))}
    </div>
  );
}

type ReleaseAllProps = {
  /** Instances that were looked at and are not released yet. */
  readonly open: readonly SeenFile[];
  readonly decided: readonly FoundFile[];
  readonly onRelease: () => void;
};

function ReleaseAll({ open, decided, onRelease }: ReleaseAllProps) {
  const ingest = useIngest();
  return (
    <button
      type="button"
      class="button"
      disabled={ingest.phase.value === 'queueing'}
      onClick={() => (open.length > 0 ? onRelease() : ingest.holdBack(decided))}
    >
      {open.length > 0 ? deidWords.held.all(open.length) : deidWords.held.undoAll(decided.length)}
    </button>
  );
}

type ConfirmAllProps = { readonly open: readonly SeenFile[]; readonly onClose: () => void };

function ConfirmAll({ open, onClose }: ConfirmAllProps) {
  const ingest = useIngest();
  return (
    <Confirm
      title={deidWords.held.allTitle(open.length)}
      what={deidWords.held.allWhat(open.length)}
      yes={deidWords.held.allYes}
      no={deidWords.held.allNo}
      onYes={() => ingest.release(open)}
      onClose={onClose}
    />
  );
}
