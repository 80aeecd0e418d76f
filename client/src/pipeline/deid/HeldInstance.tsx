/** The card of an instance that is held back: its picture, why it is held, and what a person decides about it. */
import { useState } from 'preact/hooks';
import type { Box } from '#shared/dicom/boxes.ts';
import { REASONS, type ReasonCode } from '#shared/protocol/reasons.ts';
import { deferred } from '../../kit/deferred.tsx';
import { Icon } from '../../kit/Icon.tsx';
import { typedSaid } from '../../kit/identities.ts';
import type { IngestStore } from '../ingest/found/found-study.ts';
import type { FoundFile } from '../ingest/found/group-studies.ts';
import {
  decidedAs,
  isReleasable,
  isReleasableWith,
  reasonsUnder,
  staysHere,
} from '../ingest/found/held-back.ts';
import { useIngest } from '../ingest/found/ingest-context.ts';
import type { ComparisonStore } from './comparison.store.ts';
import type { CoverSheetProps } from './cover/CoverSheet.tsx';
import { deidWords } from './deid-words.ts';
import { CardPicture } from './InstancePicture.tsx';
import { framesOf, framesShown } from './looked-frames.ts';
import { NamingTexts } from './NamingTexts.tsx';
import { boxesInPacs, coveredWith, hasPicture, isDocument, seenOf, statementFor } from './what-to-look-at.ts';

const CoverSheet = deferred<CoverSheetProps>(
  () => import('./cover/CoverSheet.tsx').then((view) => view.CoverSheet),
  () => null,
);

type HeldInstanceProps = {
  readonly store: ComparisonStore;
  readonly found: FoundFile;
  /** The files of the series that contains the instance. */
  readonly files: readonly FoundFile[];
  /** Reasons that the series as a whole does not already state above. */
  readonly reasons: readonly ReasonCode[];
  /** Called when a person wants the large picture, starting at this frame. `plays`: shows all frames. */
  readonly onLarge: (frame: number, plays?: boolean) => void;
};

export function HeldInstance({ store, found, files, reasons, onLarge }: HeldInstanceProps) {
  const ingest = useIngest();
  const released = ingest.released.value;
  const stays = staysHere(ingest.policy.value, released, found);
  const boxes = stays ? undefined : released.get(found.ordinal);
  const decided = decidedAs(ingest.policy.value, released, found);
  const at = files.indexOf(found) + 1;
  const place = deidWords.stage.image(at, files.length);
  return (
    <li class="held-instance" data-released={boxes !== undefined} data-at={at}>
      <CardPicture
        seen={store}
        found={found}
        at={at}
        boxes={boxes ?? boxesInPacs(ingest, found)}
        onLarge={onLarge}
      />
      <div class="held-body">
        <p class="small quiet numbers">{place}</p>
        {reasons.map((reason) => (
          <p key={reason} class="small">
            {REASONS[reason].title}
          </p>
        ))}
        <NamingTexts found={found} />
        {isDocument(found) && isReleasable(ingest.policy.value, found) && <WhichDocument found={found} />}
        <div class="held-release">
          <Release
            store={store}
            found={found}
            place={place}
            boxes={boxes}
            onOpen={(plays) => onLarge(0, plays)}
          />
          <Cover store={store} found={found} files={files} boxes={boxes} />
          <LeaveOut store={store} found={found} at={at} />
        </div>
        <p class="held-state small strong" role="status">
          <Icon name={boxes ? 'way' : decided === 'in-pacs' ? 'pacs' : 'device'} size={16} />
          {decided === null ? stateOf(found, boxes) : deidWords.held.decided[decided]}
        </p>
      </div>
    </li>
  );
}

/** Names the document's file, because a person has to find it among their own files. */
function WhichDocument({ found }: { readonly found: FoundFile }) {
  return (
    <p class="small kept">
      {deidWords.held.document} <bdi>{typedSaid(found.file.path)}</bdi>
    </p>
  );
}

function stateOf({ goneSince }: FoundFile, boxes: readonly Box[] | undefined): string {
  if (boxes === undefined) return goneSince ? deidWords.held.gone : deidWords.held.heldBack;
  return boxes.length > 0 ? deidWords.held.covered(boxes.length) : deidWords.held.released;
}

type ReleaseProps = {
  readonly store: ComparisonStore;
  readonly found: FoundFile;
  readonly place: string;
  /** Undefined: the instance is not released. */
  readonly boxes: readonly Box[] | undefined;
  /**
   * Opens the large picture; `plays`: shows all its frames. Undefined if the large picture is already open next to
   * it.
   */
  readonly onOpen?: ((plays: boolean) => void) | undefined;
};

/** Lets a person state that nothing in the instance identifies anybody, or undo that statement. */
export function Release({ store, found, place, boxes, onOpen }: ReleaseProps) {
  const ingest = useIngest();
  const policy = ingest.policy.value;
  if (decidedAs(policy, ingest.released.value, found) === 'in-pacs')
    return (
      <p class="small">{deidWords.held.decidedNext[found.naming.length > 0 ? 'named-in-pacs' : 'in-pacs']}</p>
    );
  if (!isReleasable(policy, found)) return <p class="small quiet">{deidWords.held.never}</p>;
  if (!isReleasableWith(policy, found, boxes ?? ingest.boxesBefore(found))) {
    const { never, onlyCovered } = deidWords.held;
    return <p class="small quiet">{hasPicture(store, policy, found) ? onlyCovered : never}</p>;
  }
  const seen = seenOf(store, policy, [found]);
  const isSeen = boxes !== undefined || seen.length > 0;
  if (!isSeen && !store.drawn.value.has(found.ordinal))
    return <p class="small quiet">{deidWords.held.unseen}</p>;
  if (!isSeen && framesOf(found) > 1)
    return onOpen && <Unshown store={store} found={found} place={place} onOpen={onOpen} />;
  if (!isSeen) return <Unopened place={place} onOpen={onOpen} />;
  const reasons = reasonsUnder(policy, found);
  const sentence = boxes && boxes.length > 0 ? deidWords.held.lookCovered : statementFor(reasons, found);
  return (
    <label class="choice held-choice">
      <input
        type="checkbox"
        class="tick"
        checked={boxes !== undefined}
        disabled={ingest.phase.value === 'queueing'}
        aria-label={`${place}: ${sentence}`}
        onChange={() => (boxes ? ingest.holdBack([found]) : ingest.release(seen))}
      />
      <span class="small">{sentence}</span>
    </label>
  );
}

/** Why no statement can be made yet, with the way to the picture. */
function Unopened({ place, onOpen }: Pick<ReleaseProps, 'place' | 'onOpen'>) {
  const { openFirst } = deidWords.held;
  if (!onOpen) return <p class="small strong">{openFirst}</p>;
  return (
    <button
      type="button"
      class="button button-bare small held-open"
      aria-haspopup="dialog"
      aria-label={`${place}: ${openFirst}`}
      onClick={() => onOpen(false)}
    >
      {openFirst}
    </button>
  );
}

/** Says how many frames a person has to see before the instance can be released. */
function Unshown({
  store,
  found,
  place,
  onOpen,
}: Omit<ReleaseProps, 'boxes' | 'onOpen'> & { readonly onOpen: (plays: boolean) => void }) {
  const shown = framesShown(store.looked.value, found);
  const frames = framesOf(found);
  const label = deidWords.held.showAll(frames - shown, frames);
  return (
    <>
      <p class="small">
        <span class="strong numbers">{deidWords.held.shown(shown, frames)}</span>
        {`. ${deidWords.held.lookFirst}`}
      </p>
      <button
        type="button"
        class="button"
        aria-haspopup="dialog"
        aria-label={`${place}: ${label}`}
        onClick={() => onOpen(true)}
      >
        {label}
      </button>
    </>
  );
}

type LeaveOutProps = Pick<ReleaseProps, 'store' | 'found'> & { readonly at: number };

/** Offered before Send. The last instance that is not left out is the whole study, which is left out further above. */
function LeaveOut({ store, found, at }: LeaveOutProps) {
  const ingest = useIngest();
  const policy = ingest.policy.value;
  const released = ingest.released.value;
  const isIn = (other: FoundFile): boolean =>
    other !== found && decidedAs(policy, released, other) !== 'left-out';
  const isOut = decidedAs(policy, released, found) === 'left-out' && found.decided?.isOfNow === true;
  const canBe =
    staysHere(policy, released, found) && store.series.value.some(({ files }) => files.some(isIn));
  if (!isOut && !canBe) return null;
  const label = isOut ? deidWords.held.decideAgain : deidWords.held.leaveOut;
  return (
    <button
      type="button"
      class="button"
      aria-label={deidWords.held.onInstance(label, at)}
      disabled={ingest.phase.value === 'queueing'}
      onClick={() => void ingest.leaveOut([found], !isOut)}
    >
      {label}
    </button>
  );
}

type CoverProps = Omit<ReleaseProps, 'place' | 'onOpen'> & { readonly files: readonly FoundFile[] };

function Cover({ store, found, files, boxes }: CoverProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <CoverButton
        store={store}
        found={found}
        at={files.indexOf(found) + 1}
        boxes={boxes}
        onOpen={() => setOpen(true)}
      />
      {isOpen && (
        <Covering store={store} found={found} files={files} boxes={boxes} onClose={() => setOpen(false)} />
      )}
    </>
  );
}

/** The boxes that a person has drawn on the instance: those of a draft, or else those of its release. */
function drawnOn(
  { drafts }: Pick<IngestStore, 'drafts'>,
  { ordinal }: FoundFile,
  boxes: readonly Box[] = [],
): readonly Box[] {
  const draft = drafts.get(ordinal) ?? [];
  return draft.length > 0 ? draft : boxes;
}

type CoverButtonProps = Pick<ReleaseProps, 'store' | 'found' | 'boxes'> & {
  /** The instance's number in the series. */
  readonly at: number;
  readonly onOpen: () => void;
};

export function CoverButton({ store, found, at, boxes, onOpen }: CoverButtonProps) {
  const ingest = useIngest();
  const policy = ingest.policy.value;
  if (!isReleasable(policy, found) || !hasPicture(store, policy, found)) return null;
  if (decidedAs(policy, ingest.released.value, found) === 'in-pacs') return null;
  const label = drawnOn(ingest, found, boxes).length > 0 ? deidWords.held.change : deidWords.held.cover;
  return (
    <button
      type="button"
      class="button"
      aria-haspopup="dialog"
      aria-label={deidWords.held.onInstance(label, at)}
      disabled={ingest.phase.value === 'queueing'}
      onClick={onOpen}
    >
      {label}
    </button>
  );
}

type CoveringProps = Omit<CoverButtonProps, 'at' | 'onOpen'> &
  Pick<CoverProps, 'files'> &
  Pick<CoverSheetProps, 'onClose'>;

/** The sheet on which a person covers the name. */
export function Covering({ store, found, files, boxes, onClose }: CoveringProps) {
  const ingest = useIngest();
  return (
    <CoverSheet
      files={coveredWith(found, files, store, ingest)}
      found={found}
      at={files.indexOf(found) + 1}
      boxes={drawnOn(ingest, found, boxes)}
      seen={store}
      onClose={onClose}
    />
  );
}
