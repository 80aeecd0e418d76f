/**
 * Cover the name: a person draws boxes over identifying text in the pixels of an instance that is held back, sees
 * what is then sent, and decides. Nothing of the picture leaves this device. If the sheet is closed by accident, the
 * boxes are kept until a decision or Cancel.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Box } from '#shared/dicom/boxes.ts';
import type { Policy } from '#shared/protocol/api.ts';
import { isHeldForPixels } from '#shared/protocol/reason-kinds.ts';
import { kitWords } from '../../../kit/kit-words.ts';
import { Notice } from '../../../kit/Notice.tsx';
import { Sheet } from '../../../kit/Sheet.tsx';
import type { FoundFile } from '../../ingest/found/group-studies.ts';
import { asksForCalm } from '../film.ts';
import { areAllShown, framesOf, type Looked } from '../looked-frames.ts';
import { FramesShown } from '../FramesShown.tsx';
import { useInSight } from '../use-in-sight.ts';
import { isReleasableWith, reasonsUnder } from '../../ingest/found/held-back.ts';
import { seenOf } from '../what-to-look-at.ts';
import { useIngest } from '../../ingest/found/ingest-context.ts';
import { NamingTexts } from '../NamingTexts.tsx';
import { CoverPicture } from './CoverPicture.tsx';
import { BoxTools, Brightness, PictureSteps } from './CoverTools.tsx';
import {
  createCoverStore,
  decidedIn,
  isWholeCovered,
  showsAll,
  type CoverStore,
  type Phase,
} from './cover.store.ts';
import { coverWords } from './cover-words.ts';
import {
  toImage,
  wholeImage,
  ZOOM_STEP,
  zoomedAt,
  type View,
  type WindowSize,
} from '../../../kit/picture-view.ts';
import { useEdits, type Edits } from './use-edits.ts';
import type { Mode } from './use-gestures.ts';
import './cover.css';

export type CoverSheetProps = {
  /** In the order of the series: `found`, and the others that may get the same boxes. */
  readonly files: readonly FoundFile[];
  readonly found: FoundFile;
  /** The instance's number in the series, for the title. */
  readonly at: number;
  readonly boxes: readonly Box[];
  /** Also records the frames drawn here as looked at. */
  readonly seen: Looked;
  readonly onClose: () => void;
};

export function CoverSheet(props: CoverSheetProps) {
  const ingest = useIngest();
  const [store] = useState(() => createCoverStore(ingest, { ...props, isCalm: asksForCalm() }));
  useEffect(() => {
    const stop = store.edit.subscribe(({ boxes }) => ingest.drafts.set(props.found.ordinal, boxes));
    return () => {
      stop();
      store.close();
    };
  }, [store]);
  const phase = store.phase.value;
  const title =
    phase.kind === 'tried' && phase.able.length > 0 ? coverWords.preview : coverWords.title(props.at);
  return (
    <Sheet title={title} onClose={props.onClose}>
      <Editor {...props} store={store} />
    </Sheet>
  );
}

type EditorProps = Omit<CoverSheetProps, 'files' | 'at' | 'boxes'> & { readonly store: CoverStore };

function Editor({ store, found, seen, onClose }: EditorProps) {
  const edits = useEdits(store);
  const [mode, setMode] = useState<Mode>('draw');
  const [size, setSize] = useState<WindowSize>({ width: 1, height: 1 });
  const [chosen, setView] = useState<View | null>(null);
  const place = useRef<HTMLDivElement>(null);
  const image = store.extent.value ?? { rows: 1, columns: 1 };
  const view = chosen ?? wholeImage(image);
  const isWhole = view.zoom === 1;
  useMarked(store, seen, useInSight(place) && isWhole);
  const looking = { image, window: size, view };
  const middle = { x: size.width / 2, y: size.height / 2 };
  const phase = store.phase.value;
  const isDrawing = phase.kind === 'drawing';
  useUndoKey(isDrawing, edits);
  const addInSight = () => {
    const from = toImage(looking, { x: 0, y: 0 });
    const to = toImage(looking, { x: size.width, y: size.height });
    const width = Math.min(image.columns, to.x - from.x);
    edits.addInMiddle({ middle: view.middle, width, height: Math.min(image.rows, to.y - from.y) });
  };
  return (
    <div class="cover">
      <div class="cover-look" ref={place}>
        <CoverPicture
          store={store}
          edits={edits}
          mode={mode}
          view={view}
          onView={setView}
          onWindow={setSize}
          size={size}
          isPreview={!isDrawing}
        />
        <Zoom isWhole={isWhole} onZoom={(factor) => setView(zoomedAt(looking, factor, middle))} />
      </div>
      <div class="cover-side">
        {isDrawing ? <p class="cover-what">{coverWords.what}</p> : <Tried phase={phase} />}
        {isDrawing && <ForAll store={store} found={found} />}
        <PictureSteps store={store} />
        <Looking store={store} isWhole={isWhole} onPlay={() => setView(null)} />
        {isDrawing && (
          <BoxTools store={store} edits={edits} mode={mode} onMode={setMode} onAdd={addInSight} />
        )}
        <Brightness store={store} />
        <NamingTexts found={found} />
      </div>
      <p class="unseen" role="status">
        {edits.said}
      </p>
      <Decision
        store={store}
        found={found}
        isInFull={isWhole && showsAll(store.range.value)}
        onClose={onClose}
      />
    </div>
  );
}

type LookingProps = Pick<EditorProps, 'store'> & {
  /** Whether the whole picture is visible. */
  readonly isWhole: boolean;
  readonly onPlay: () => void;
};

/** How many frames were looked at, and why the displayed one does not count. */
function Looking({ store, isWhole, onPlay }: LookingProps) {
  const files = decidedIn(store.phase.value, store.covered.value);
  const looked = store.looked.value;
  const isPlain = showsAll(store.range.value);
  const unmarked = !isWhole ? coverWords.wholeFrames : isPlain ? null : coverWords.plainFrames;
  const areShown = files.every((found) => areAllShown(looked, found));
  const isTried = store.phase.value.kind === 'tried';
  useEffect(() => {
    // What will be sent must be seen before it is released, so it starts by itself where motion is welcome.
    if (isTried && !areShown && unmarked === null && !asksForCalm()) store.player.play();
  }, [isTried]);
  return (
    <>
      <FramesShown
        player={store.player}
        files={files}
        looked={looked}
        {...(unmarked === null && { needs: coverWords.allFrames })}
        onPlay={() => {
          onPlay();
          if (!isPlain) store.range.value = null;
        }}
      />
      {unmarked !== null && !areShown && <p class="small quiet look-needs">{unmarked}</p>}
    </>
  );
}

/** Marks a frame as looked at if the whole picture is visible, in its own brightness, and with its own boxes if any. */
function useMarked(store: CoverStore, seen: Looked, isInSight: boolean): void {
  const shown = store.shown.value;
  const { boxes } = store.edit.value;
  // The boxes of the next frame are already drawn over the picture of the previous frame, so that does not count.
  const isNow = store.extent.value !== null && shown?.frame === store.frame.value;
  useEffect(() => {
    if (shown && isNow && isInSight && showsAll(shown.range))
      seen.markLooked(shown.found, shown.frame, boxes);
  }, [shown, isNow, isInSight, boxes]);
}

function useUndoKey(isOn: boolean, { undo }: Edits): void {
  const latest = useRef({ isOn, undo });
  latest.current = { isOn, undo };
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (!latest.current.isOn || event.key !== 'z' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      latest.current.undo();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}

type ZoomProps = {
  /** Whether the whole picture is already visible. */
  readonly isWhole: boolean;
  readonly onZoom: (factor: number) => void;
};

function Zoom({ isWhole, onZoom }: ZoomProps) {
  return (
    <div class="cover-zoom">
      {/* Not disabled, because the focus would be lost at the last step. */}
      <button
        type="button"
        class="button"
        aria-label={coverWords.zoomOut}
        aria-disabled={isWhole}
        onClick={() => onZoom(1 / ZOOM_STEP)}
      >
        −
      </button>
      <button type="button" class="button" aria-disabled={isWhole} onClick={() => onZoom(0)}>
        {coverWords.zoomAll}
      </button>
      <button type="button" class="button" aria-label={coverWords.zoomIn} onClick={() => onZoom(ZOOM_STEP)}>
        +
      </button>
    </div>
  );
}

function ForAll({ store, found }: { readonly store: CoverStore; readonly found: FoundFile }) {
  if (store.files.length < 2) return null;
  return (
    <label class="choice cover-all">
      <input
        type="checkbox"
        class="tick"
        checked={store.isForAll.value}
        onChange={(event) => {
          store.isForAll.value = event.currentTarget.checked;
          store.show(store.files.indexOf(found));
        }}
      />
      <span>{coverWords.forAll(store.files.length)}</span>
    </label>
  );
}

/** The progress of covering, then its outcome. */
function Tried({ phase }: { readonly phase: Phase }) {
  if (phase.kind === 'drawing') return null;
  if (phase.kind === 'covering') {
    const says = coverWords.covering(phase.done, phase.total);
    return (
      <div role="status" class="stack-tight">
        <p>{says}</p>
        <progress
          class="cover-progress"
          aria-label={says}
          max={phase.total}
          {...(phase.total > 1 && { value: phase.done })}
        />
      </div>
    );
  }
  const { able, unable, otherSize } = phase;
  return (
    <div role="status" class="stack">
      {able.length > 0 && <p>{coverWords.previewWhat(able.length)}</p>}
      {unable > 0 && (
        <Notice kind="stop" title={coverWords.unable(unable)}>
          <p>{coverWords.unableWhat}</p>
        </Notice>
      )}
      {otherSize > 0 && (
        <Notice kind="wait" title={coverWords.otherSize(otherSize)}>
          <p>{coverWords.otherSizeWhat}</p>
        </Notice>
      )}
    </div>
  );
}

type DecisionProps = Omit<EditorProps, 'seen'> & {
  /** Whether the whole picture is visible, in a brightness that hides nothing. */
  readonly isInFull: boolean;
};

function Decision({ store, found, isInFull, onClose }: DecisionProps) {
  const ingest = useIngest();
  const phase = store.phase.value;
  const asked = decidedIn(phase, store.covered.value);
  const looked = seenOf(store, ingest.policy.value, asked);
  const isAllSeen = looked.length === asked.length;
  const isAbleAsItIs = asked.every((found) => isReleasableWith(ingest.policy.value, found));
  const { boxes } = store.edit.value;
  const decide = (how: () => void) => {
    how();
    ingest.drafts.delete(found.ordinal);
    onClose();
  };
  // A single still that was in sight as a whole with its boxes has nothing more to show.
  const isLast = useRef(false);
  const isDone = isLast.current && isAllSeen && isWholeCovered(phase);
  useEffect(() => {
    if (isDone) decide(() => ingest.release(looked, boxes));
  }, [isDone]);
  if (phase.kind !== 'drawing')
    return (
      <Outcome
        store={store}
        isAllSeen={isAllSeen}
        onRelease={() => decide(() => ingest.release(looked, boxes))}
      />
    );
  const isUnknown = store.extent.value === null;
  return (
    <div class="sheet-actions">
      <button type="button" class="button button-bare" onClick={() => decide(() => undefined)}>
        {kitWords.cancel}
      </button>
      <HoldBack asked={asked} onHoldBack={() => decide(() => ingest.holdBack(asked))} />
      <button
        type="button"
        class="button"
        disabled={boxes.length > 0 || isUnknown || !isAllSeen || !isAbleAsItIs}
        onClick={() => decide(() => ingest.release(looked))}
      >
        {coverWords.nothing(asked.length)}
      </button>
      <button
        type="button"
        class="button button-main"
        disabled={boxes.length === 0 || isUnknown}
        onClick={() => {
          isLast.current = isInFull && isAllSeen && isPictureOnly(ingest.policy.value, asked);
          void store.tryBoxes();
        }}
      >
        {coverWords.cover(asked.length)}
      </button>
    </div>
  );
}

type OutcomeProps = Pick<EditorProps, 'store'> & {
  readonly isAllSeen: boolean;
  readonly onRelease: () => void;
};

/** The answers while boxes are tried, and once they were. */
function Outcome({ store, isAllSeen, onRelease }: OutcomeProps) {
  const phase = store.phase.value;
  return (
    <div class="sheet-actions">
      <button type="button" class="button" onClick={store.drawOn}>
        {phase.kind === 'covering' ? coverWords.stop : coverWords.back}
      </button>
      {phase.kind === 'tried' && phase.able.length > 0 && (
        <button type="button" class="button button-main" disabled={!isAllSeen} onClick={onRelease}>
          {coverWords.release(phase.able.length)}
        </button>
      )}
    </div>
  );
}

/** One still that nothing but its picture holds: for texts and for its form it waits for a statement of its own. */
const isPictureOnly = (policy: Policy | null, [first, ...others]: readonly FoundFile[]): boolean =>
  first !== undefined &&
  others.length === 0 &&
  framesOf(first) === 1 &&
  reasonsUnder(policy, first).every(isHeldForPixels);

type HoldBackProps = { readonly asked: readonly FoundFile[]; readonly onHoldBack: () => void };

/** Offered if some of the instances were released; the others stay here anyway. */
function HoldBack({ asked, onHoldBack }: HoldBackProps) {
  const { released } = useIngest();
  if (!asked.some(({ ordinal }) => released.value.has(ordinal))) return null;
  return (
    <button type="button" class="button" onClick={onHoldBack}>
      {coverWords.holdBack(asked.length)}
    </button>
  );
}
