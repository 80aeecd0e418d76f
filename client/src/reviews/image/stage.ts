/** The stage of the viewer: the selected tool, the visible part of the image, and what is being drawn. */
import { computed, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { Annotation, AnnotationKind } from '#shared/protocol/annotations.ts';
import {
  movedView,
  toImage,
  wholeImage,
  zoomedAt,
  type Looking,
  type Point,
  type View,
  type WindowSize,
} from '../../kit/picture-view.ts';
import { markWords } from './mark-words.ts';
import { pointsInMiddle, type Points } from './marks.ts';
import type { MarksStore } from './marks.store.ts';
import type { GreyWindow } from './read-image.ts';
import { isDrawingTool, type KeyCommand, type Tool } from './viewer-keys.ts';
import type { Shown, ViewerStore } from './viewer.store.ts';

/** A mark while it is drawn or dragged. `id` null: a new mark. */
export interface Draft {
  readonly id: string | null;
  readonly kind: AnnotationKind;
  readonly points: Points;
}

export interface Stage {
  readonly viewer: ViewerStore;
  readonly marks: MarksStore;
  readonly tool: Signal<Tool>;
  readonly size: Signal<WindowSize>;
  /** Null until there is an image. */
  readonly looking: ReadonlySignal<Looking | null>;
  readonly draft: Signal<Draft | null>;
  /** The place of a new text mark whose words are still to be typed. */
  readonly pending: Signal<Points | null>;
  readonly isKeysOpen: Signal<boolean>;
  /**
   * Whether the selected mark shows handles. While the person is drawing, the last mark has none, because the next mark
   * may begin there.
   */
  readonly hasHandles: ReadonlySignal<boolean>;
  /** The caller's own marks on the visible frame. */
  readonly here: ReadonlySignal<readonly Annotation[]>;
  see(view: View): void;
  choose(tool: Tool): void;
  /** Adds the drawn mark; a text mark first waits for its words. */
  drop(draft: Draft): void;
  /** Sets the words of the waiting text mark. */
  type(label: string): void;
  /** Opens the image of a mark and selects the mark. */
  show(mark: Annotation): void;
  run(command: KeyCommand): void;
  close(): void;
}

/** The fraction of the width by which one key press changes level or width. */
const WINDOW_STEP = 1 / 20;

export const isGrey = (shown: Shown | null): boolean =>
  shown?.content.kind === 'pixels' && shown.content.drawn.window !== null;

/** The grey window in use; null: there is none to change. */
export function windowInUse({ window, shown }: ViewerStore): GreyWindow | null {
  const { content } = shown.value ?? {};
  return content?.kind === 'pixels' && content.drawn.window ? (window.value ?? content.drawn.window) : null;
}

/** `by`: fractions of the width. Horizontal movement changes the contrast; downward movement makes the image darker. */
export function windowMoved({ center, width }: GreyWindow, by: Point): GreyWindow {
  return { center: center + by.y * width, width: Math.max(width * 0.01, width * (1 + by.x)) };
}

/** The image and its visible part. */
function openSight(viewer: ViewerStore) {
  const size = signal<WindowSize>({ width: 1, height: 1 });
  const view = signal<View | null>(null);
  const extent = computed(() => viewer.shown.value?.extent ?? null);
  const extentName = computed(() => extent.value && `${extent.value.columns} ${extent.value.rows}`);
  const looking = computed(() => {
    const image = extent.value;
    return image && { image, window: size.value, view: view.value ?? wholeImage(image) };
  });
  // An image of a different size is first shown whole.
  const stop = effect(() => {
    void extentName.value;
    view.value = null;
  });
  return { size, view, looking, stop };
}

/** Deselects a mark that is out of sight, so that no key changes it. Returns a function that stops this. */
function chooseInSight({ viewer, marks, here, draft }: Pick<Stage, 'viewer' | 'marks' | 'here' | 'draft'>) {
  return effect(() => {
    const isHere = here.value.some(({ id }) => id === marks.selected.peek());
    const { at, frame } = viewer.place.value;
    const shown = viewer.shown.value;
    if (shown?.at !== at || shown.frame !== frame) draft.value = null;
    else if (!isHere) marks.select(null);
  });
}

export function createStage(viewer: ViewerStore, marks: MarksStore): Stage {
  const tool = signal<Tool>('select');
  const { size, view, looking, stop } = openSight(viewer);
  const draft = signal<Draft | null>(null);
  const pending = signal<Points | null>(null);
  const here = computed(() => {
    const shown = viewer.shown.value;
    if (shown === null) return [];
    return marksOn(marks.marks.value, viewer.pictures[shown.at]!.sopInstanceUID, shown.frame);
  });
  const hasHandles = computed(
    () => marks.mayEdit.value && !(marks.isFresh.value && isDrawingTool(tool.value)),
  );
  const stopChoosing = chooseInSight({ viewer, marks, here, draft });
  const stage: Stage = {
    ...{ viewer, marks, tool, size, looking, draft, pending, hasHandles, here },
    isKeysOpen: signal(false),
    see(next) {
      view.value = next;
    },
    choose(next) {
      if (isDrawingTool(next) && !marks.mayEdit.peek()) return;
      tool.value = next;
      pending.value = null;
      marks.said.value = markWords.said.tool(markWords.tools[next]);
    },
    drop({ id, kind, points }) {
      if (id !== null) marks.change(id, { points });
      else if (kind === 'text') pending.value = points;
      else addHere(stage, { kind, points, label: '' });
    },
    type(label) {
      const points = pending.peek();
      pending.value = null;
      if (points !== null) addHere(stage, { kind: 'text', points, label });
    },
    show(mark) {
      const at = viewer.pictures.findIndex((picture) => picture.sopInstanceUID === mark.sopInstanceUID);
      if (at >= 0) viewer.go({ at, frame: mark.frame });
      marks.select(mark.id);
    },
    run: (command) => run(stage, command),
    close() {
      stop();
      stopChoosing();
      viewer.close();
    },
  };
  return stage;
}

const marksOn = (marks: readonly Annotation[], sopInstanceUID: string, frame: number): Annotation[] =>
  marks.filter((mark) => mark.sopInstanceUID === sopInstanceUID && mark.frame === frame);

export function addHere(
  { viewer, marks }: Pick<Stage, 'viewer' | 'marks'>,
  mark: Pick<Annotation, 'kind' | 'points' | 'label'>,
): void {
  const shown = viewer.shown.peek();
  if (shown === null) return;
  const on = { picture: viewer.pictures[shown.at]!, frame: shown.frame, label: mark.label };
  marks.add(mark.kind, mark.points, on);
}

function run(stage: Stage, command: KeyCommand): void {
  const { viewer, marks } = stage;
  const looking = stage.looking.peek();
  const selected = marks.selected.peek();
  switch (command.do) {
    case 'tool':
      stage.choose(command.tool);
      break;
    case 'nudge':
      if (looking) marks.nudge(command.by, looking.image);
      break;
    case 'pan':
    case 'zoom':
      if (looking) stage.see(viewAfter(looking, command));
      break;
    case 'window':
      stepWindow(viewer, command.by);
      break;
    case 'step':
      viewer.step(command.by);
      break;
    case 'enter':
      drawOrChoosePoint(stage);
      break;
    case 'remove':
      if (selected !== null) marks.remove(selected);
      break;
    case 'undo':
      marks.undo();
      break;
    case 'redo':
      marks.redo();
      break;
    case 'away':
      marks.select(null);
      stage.choose('select');
      break;
    case 'next-mark':
      chooseNext(stage);
      break;
    case 'keys':
      stage.isKeysOpen.value = true;
      break;
    default:
      command satisfies never;
  }
}

function viewAfter(looking: Looking, command: Extract<KeyCommand, { do: 'pan' | 'zoom' }>): View {
  const { width, height } = looking.window;
  return command.do === 'pan'
    ? movedView(looking, { x: command.by.x * width, y: command.by.y * height })
    : zoomedAt(looking, command.factor, { x: width / 2, y: height / 2 });
}

function stepWindow(viewer: ViewerStore, { x, y }: Point): void {
  const window = windowInUse(viewer);
  if (window) viewer.window.value = windowMoved(window, { x: x * WINDOW_STEP, y: y * WINDOW_STEP });
}

function drawOrChoosePoint(stage: Stage): void {
  const { marks, draft, looking } = stage;
  const tool = stage.tool.peek();
  const seen = looking.peek();
  if (!isDrawingTool(tool) || marks.selected.peek() !== null) {
    marks.nextHandle();
    return;
  }
  if (seen === null || draft.peek() !== null) return;
  const from = toImage(seen, { x: 0, y: 0 });
  const to = toImage(seen, { x: seen.window.width, y: seen.window.height });
  const width = Math.min(to.x - from.x, seen.image.columns);
  const height = Math.min(to.y - from.y, seen.image.rows);
  const inSight = { middle: seen.view.middle, width, height };
  stage.drop({ id: null, kind: tool, points: pointsInMiddle(tool, inSight, seen.image) });
}

function chooseNext({ here, marks }: Stage): void {
  const all = here.peek();
  const at = all.findIndex(({ id }) => id === marks.selected.peek());
  const next = all[(at + 1) % Math.max(1, all.length)];
  if (!next) return;
  marks.select(next.id);
  marks.said.value = `${next.number} ${markWords.kinds[next.kind]} ${next.label}`;
}
