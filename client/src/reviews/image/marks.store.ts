/**
 * The marks of a reader: drawing, choosing, moving, changing, removing and undo, each with a sentence that describes
 * the step.
 */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { handlesOf } from '#shared/protocol/annotation-outline.ts';
import { ANNOTATIONS_LIMIT, type Annotation, type AnnotationKind } from '#shared/protocol/annotations.ts';
import type { ImageSize, Point } from '../../kit/picture-view.ts';
import type { StudyPicture } from './study-pictures.ts';
import { beginHistory, redo, stepTo, undo, type History } from './mark-history.ts';
import { movedPoints, stretchedPoints, type Points } from './marks.ts';
import { markWords } from './mark-words.ts';

export type Marks = readonly Annotation[];

export interface MarksStore {
  /** The caller's own marks. */
  readonly marks: ReadonlySignal<Marks>;
  readonly mayEdit: ReadonlySignal<boolean>;
  readonly canUndo: ReadonlySignal<boolean>;
  readonly canRedo: ReadonlySignal<boolean>;
  /** The id of the selected mark; null: none. */
  readonly selected: Signal<string | null>;
  /** The point of the selected mark that the arrow keys move; null: they move the whole mark. */
  readonly handle: Signal<number | null>;
  /** Whether the selected mark was just drawn and has not been chosen by hand since. */
  readonly isFresh: ReadonlySignal<boolean>;
  /** Describes the last step, for people who do not see it. */
  readonly said: Signal<string>;
  /** Adds and selects a mark. Returns its id; null: the review already has the maximum number. */
  add(kind: AnnotationKind, points: Points, on: OnImage): string | null;
  change(id: string, change: Partial<Pick<Annotation, 'points' | 'label'>>): void;
  remove(id: string): void;
  select(id: string | null): void;
  /** Moves the selected mark, or its chosen point. */
  nudge(by: Point, extent: ImageSize): void;
  /** Chooses the next point of the selected mark, and after the last point the whole mark. */
  nextHandle(): void;
  undo(): void;
  redo(): void;
}

interface OnImage {
  readonly picture: StudyPicture;
  readonly frame: number;
  readonly label: string;
}

interface MarksTools {
  /** The marks as kept; null: not known yet. */
  readonly kept: ReadonlySignal<Marks | null>;
  readonly mayEdit: ReadonlySignal<boolean>;
  /** The number of the next mark that is drawn. */
  readonly nextNumber: () => number;
  keep(marks: Marks): void;
  readonly newId: () => string;
}

/** The undo steps, the selection, and the sentence about the last step. */
function openSteps({ kept, keep, mayEdit: allowed }: MarksTools) {
  const marks = computed(() => kept.value ?? []);
  const mayEdit = computed(() => allowed.value && kept.value !== null);
  const selected = signal<string | null>(null);
  const handle = signal<number | null>(null);
  const isFresh = signal(false);
  const said = signal('');
  const steps = signal(beginHistory<Marks>([]));
  const isOwn = () => steps.value.now === marks.value && mayEdit.value;
  const select = (id: string | null) => {
    isFresh.value = false;
    if (selected.peek() === id) return;
    selected.value = id;
    handle.value = null;
  };
  return {
    ...{ marks, mayEdit, selected, handle, isFresh, said, select },
    // Changes from another device are no undo steps here, and undo cannot go back past them.
    history: () => (steps.peek().now === marks.peek() ? steps.peek() : beginHistory(marks.peek())),
    go(next: History<Marks>, sentence: string) {
      steps.value = next;
      keep(next.now);
      said.value = sentence;
    },
    find: (id: string | null) => marks.peek().find((mark) => mark.id === id) ?? null,
    canUndo: computed(() => isOwn() && steps.value.past.length > 0),
    canRedo: computed(() => isOwn() && steps.value.future.length > 0),
  };
}
type Steps = ReturnType<typeof openSteps>;

export function createMarksStore(tools: MarksTools): MarksStore {
  const steps = openSteps(tools);
  const { marks, mayEdit, selected, handle, isFresh, said, select, find, history, go } = steps;
  const { canUndo, canRedo } = steps;
  return {
    ...{ marks, mayEdit, selected, handle, isFresh, said, select, canUndo, canRedo },
    add(kind, points, { picture, frame, label }) {
      if (!mayEdit.peek()) return null;
      if (marks.peek().length >= ANNOTATIONS_LIMIT) {
        said.value = markWords.said.full(ANNOTATIONS_LIMIT);
        return null;
      }
      const { studyInstanceUID, seriesInstanceUID, sopInstanceUID } = picture;
      const id = tools.newId();
      const where = { studyInstanceUID, seriesInstanceUID, sopInstanceUID, frame };
      const mark = { id, number: tools.nextNumber(), kind, ...where, points, label };
      go(stepTo(history(), [...marks.peek(), mark]), markWords.said.added(kind, marks.peek().length + 1));
      select(id);
      isFresh.value = true;
      return id;
    },
    change: (id, change) => changeMark(steps, id, change),
    remove(id) {
      const before = find(id);
      if (!before || !mayEdit.peek()) return;
      const left = marks.peek().filter((mark) => mark !== before);
      go(stepTo(history(), left), markWords.said.removed(before.kind, left.length));
      if (selected.peek() === id) select(null);
    },
    nudge: (by, extent) => nudge(steps, by, extent),
    nextHandle() {
      isFresh.value = false;
      const mark = find(selected.peek());
      const count = mark ? handlesOf(mark).length : 0;
      const next = (handle.peek() ?? -1) + 1;
      handle.value = count > 1 && next < count ? next : null;
      said.value = markWords.said.handle(handle.peek());
    },
    undo: () => back(steps, undo(history()), markWords.said.undone),
    redo: () => back(steps, redo(history()), markWords.said.redone),
  };
}

function changeMark(steps: Steps, id: string, change: Parameters<MarksStore['change']>[1]): void {
  const { marks, mayEdit, find, history, go } = steps;
  const before = find(id);
  if (!before || !mayEdit.peek()) return;
  const next = { ...before, ...change };
  if (JSON.stringify(next) === JSON.stringify(before)) return;
  const all = marks.peek().map((mark) => (mark === before ? next : mark));
  go(stepTo(history(), all), markWords.said.changed(next.kind));
}

function nudge(steps: Steps, by: Point, extent: ImageSize): void {
  const { selected, handle, said, find } = steps;
  const mark = find(selected.peek());
  if (!mark) return;
  const at = handle.peek();
  const place = at === null ? undefined : handlesOf(mark)[at];
  const points =
    at !== null && place
      ? stretchedPoints(mark, at, { x: place.x + by.x, y: place.y + by.y }, extent)
      : movedPoints(mark.points, by, extent);
  changeMark(steps, mark.id, { points });
  const [column, row] = points[0]!;
  said.value = markWords.said.moved(column, row);
}

function back(steps: Steps, next: History<Marks>, sentence: (left: number) => string): void {
  const { marks, mayEdit, selected, select, find, go } = steps;
  if (next.now === marks.peek() || !mayEdit.peek()) return;
  go(next, sentence(next.now.length));
  if (!find(selected.peek())) select(null);
}
