/**
 * The editor of boxes over one instance, or over several of a series that get the same boxes: what is drawn, what is
 * shown, and the decision. Pixels are read and covered in the workers. Each instance is covered there once before the
 * decision, so that nobody decides about an instance that cannot be covered.
 */
import { batch, computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { Box, Extent } from '#shared/dicom/boxes.ts';
import type { FramePicture } from '#shared/pixels/thumbnail.ts';
import type { FoundFile } from '../../ingest/found/group-studies.ts';
import type { IngestStore } from '../../ingest/found/found-study.ts';
import { followFrame, type FramePlace } from '../../ingest/found/follow-frame.ts';
import { createFramePlayer, waitForMs, type FramePlayer } from '../frame-player.ts';
import type { Looked, LookedFrames } from '../looked-frames.ts';
import { beginEdit, type Edit } from './edit-boxes.ts';

/** Large enough for every pixel of most images. One picture takes 64 MB, and only one is open at a time. */
const LARGE_SIDE = 4096;
/** The side of a picture that only proves that an instance can be covered. */
const PROOF_SIDE = 16;

/** The values shown as black and as white, as fractions of the range of values; null: as the file specifies. */
export type Range = readonly [low: number, high: number] | null;

/** The displayed frame of the file. */
export interface Shown {
  readonly found: FoundFile;
  /** Counted from 0. */
  readonly frame: number;
  readonly picture: FramePicture;
  readonly range: Range;
}

/** In a narrower range, a name may be as dark or as white as its surroundings. */
export const showsAll = (range: Range): boolean => range === null || (range[0] <= 0 && range[1] >= 1);

interface Tried {
  readonly able: readonly FoundFile[];
  /** Files that are damaged, or of a kind that cannot be read here. */
  readonly unable: number;
  /** The number of images whose size differs from the one on which the boxes were drawn. */
  readonly otherSize: number;
}

/** `tried`: every instance was covered once; the person sees what is sent, and decides. */
export type Phase =
  | { readonly kind: 'drawing' }
  | { readonly kind: 'covering'; readonly done: number; readonly total: number }
  | ({ readonly kind: 'tried' } & Tried);

export interface CoverStore {
  /** In the order of the series; the same boxes can apply to all of them. */
  readonly files: readonly FoundFile[];
  readonly at: Signal<number>;
  /** Counted from 0. */
  readonly frame: Signal<number>;
  readonly range: Signal<Range>;
  readonly edit: Signal<Edit>;
  /** Whether a new box applies to all frames, or only to the displayed one. */
  readonly onAllFrames: Signal<boolean>;
  /** Whether the boxes apply to all files. */
  readonly isForAll: Signal<boolean>;
  /** The last picture drawn, even while the next one is read; null if none can be drawn. */
  readonly shown: ReadonlySignal<Shown | null | undefined>;
  /** The size of the image that is drawn on; null until it is known. */
  readonly extent: ReadonlySignal<Extent | null>;
  readonly phase: ReadonlySignal<Phase>;
  /** The frames that were seen as they are sent with the current boxes. */
  readonly looked: ReadonlySignal<LookedFrames>;
  /** The files to which the boxes apply. */
  readonly covered: ReadonlySignal<readonly FoundFile[]>;
  /** Plays the frames of the files about which a person decides. */
  readonly player: FramePlayer;
  /** Called when a person chooses a frame, which stops the player. */
  chooseFrame(frame: number): void;
  show(at: number): void;
  /** Covers each file once. */
  tryBoxes(): Promise<void>;
  /** Returns to drawing, and ends a running `tryBoxes`. */
  drawOn(): void;
  close(): void;
}

/** The files about which a person decides at the moment. */
export const decidedIn = (phase: Phase, covered: readonly FoundFile[]): readonly FoundFile[] =>
  phase.kind === 'tried' ? phase.able : covered;

/** Whether every instance that was tried could be covered. */
export const isWholeCovered = (phase: Phase): boolean =>
  phase.kind === 'tried' && phase.able.length > 0 && phase.unable + phase.otherSize === 0;

type CoveringIngest = Pick<IngestStore, 'inspection'>;

interface CoverAsked {
  readonly files: readonly FoundFile[];
  readonly found: FoundFile;
  readonly boxes: readonly Box[];
  readonly seen: Pick<Looked, 'lookedUnder'>;
  /** Whether the person asked for less motion. */
  readonly isCalm: boolean;
}

/** Long, because it lists all that the editor shows and all that a person can do in it. */
export function createCoverStore(ingest: CoveringIngest, asked: CoverAsked): CoverStore {
  const { files, boxes, seen, isCalm } = asked;
  const sight = createSight(ingest, asked);
  const { at, frame, current, extent } = sight;
  const isForAll = signal(false);
  const edit = signal(beginEdit(boxes));
  const looked = computed(() => seen.lookedUnder(files, () => edit.value.boxes));
  const covered = computed(() => (isForAll.value ? files : [current.value]));
  const trying = createTrying(ingest, { covered, edit, extent });
  const player = createFramePlayer({
    ...sight,
    files: () => decidedIn(trying.phase.peek(), covered.peek()),
    show: sight.goTo,
    looked,
    isCalm,
    wait: waitForMs,
  });
  return {
    ...{
      files,
      at,
      frame,
      range: sight.range,
      edit,
      isForAll,
      shown: sight.shown,
      extent,
      covered,
      looked,
      player,
    },
    onAllFrames: signal(true),
    phase: trying.phase,
    chooseFrame(next) {
      batch(() => {
        player.pause();
        frame.value = next;
      });
    },
    show(next) {
      batch(() => {
        player.pause();
        at.value = next;
        frame.value = Math.min(frame.peek(), current.value.frames - 1);
      });
    },
    async tryBoxes() {
      await trying.tryBoxes();
      const tried = trying.phase.peek();
      if (tried.kind !== 'tried' || tried.able.includes(current.peek())) return;
      at.value = Math.max(0, files.indexOf(tried.able[0]!));
    },
    drawOn() {
      player.pause();
      trying.drawOn();
    },
    close() {
      trying.drawOn();
      player.close();
      sight.stop();
    },
  };
}

/** The displayed frame, and what is known about it once it is read. */
function createSight(ingest: CoveringIngest, { files, found }: Pick<CoverAsked, 'files' | 'found'>) {
  const at = signal(Math.max(0, files.indexOf(found)));
  const frame = signal(Math.floor(found.frames / 2));
  const range = signal<Range>(null);
  const current = computed(() => files[at.value]!);
  const place = computed((): FramePlace => ({ found: current.value, frame: frame.value }));
  const { read, stop } = followFrame(
    ingest,
    computed(() => ({
      ...place.value,
      look: { maxSide: LARGE_SIDE, ...(range.value && { range: range.value }) },
    })),
  );
  const shown = computed((): Shown | null | undefined => {
    const drawn = read.value;
    if (!drawn?.picture) return drawn && null;
    const { found: file, frame: nth, picture, look } = drawn;
    return { found: file, frame: nth, picture, range: look.range ?? null };
  });
  const extent = computed(() => {
    const drawn = shown.value;
    if (!drawn || drawn.found !== current.value) return null;
    const { rows, columns } = drawn.picture;
    return { rows, columns, frames: drawn.found.frames };
  });
  const goTo = (next: FramePlace) =>
    batch(() => {
      at.value = files.indexOf(next.found);
      frame.value = next.frame;
    });
  return { at, frame, range, current, place, read, shown, extent, goTo, stop };
}

type Trying = Pick<CoverStore, 'covered' | 'edit' | 'extent'>;

function createTrying(ingest: CoveringIngest, { covered, edit, extent }: Trying) {
  const phase = signal<Phase>({ kind: 'drawing' });
  let abort = new AbortController();
  return {
    phase: phase as ReadonlySignal<Phase>,
    async tryBoxes(): Promise<void> {
      const drawnOn = extent.peek();
      if (phase.peek().kind !== 'drawing' || drawnOn === null) return;
      abort = new AbortController();
      const { signal: ended } = abort;
      const files = covered.peek();
      const { boxes } = edit.peek();
      const tried = { able: [] as FoundFile[], unable: 0, otherSize: 0 };
      for (const [done, found] of files.entries()) {
        phase.value = { kind: 'covering', done, total: files.length };
        const made = await coverOnce(ingest, found, boxes, ended);
        if (ended.aborted) return;
        if (made === null) tried.unable += 1;
        else if (made.rows !== drawnOn.rows || made.columns !== drawnOn.columns) tried.otherSize += 1;
        else tried.able.push(found);
      }
      phase.value = { kind: 'tried', ...tried };
    },
    drawOn(): void {
      abort.abort();
      phase.value = { kind: 'drawing' };
    },
  };
}

function coverOnce(
  { inspection }: CoveringIngest,
  found: FoundFile,
  boxes: readonly Box[],
  ended: AbortSignal,
): Promise<FramePicture | null> {
  return inspection.picture(found, { frame: 0, maxSide: PROOF_SIDE, boxes }, ended).catch(() => null);
}
