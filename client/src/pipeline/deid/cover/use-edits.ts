/** The steps that buttons, keys and pointers perform in the editor, each with a sentence that says what happened. */
import { useSignal, type ReadonlySignal } from '@preact/signals';
import type { Box, Extent } from '#shared/dicom/boxes.ts';
import type { CoverStore } from './cover.store.ts';
import type { Point } from '../../../kit/picture-view.ts';
import { coverWords } from './cover-words.ts';
import {
  add,
  boxInMiddle,
  clear,
  grownBy,
  isFull,
  movedBy,
  remove,
  replace,
  select,
  undo,
  type Edit,
} from './edit-boxes.ts';

export interface Edits {
  /** Says what happened, for screen readers. */
  readonly said: ReadonlySignal<string>;
  /** The frames to which a newly drawn box applies. */
  frames(): Box['frames'];
  draw(box: Box): void;
  addInMiddle(inSight: { readonly middle: Point; readonly width: number; readonly height: number }): void;
  change(at: number, box: Box): void;
  select(at: number | null): void;
  /** Moves the box by whole pixels; `grows`: moves its right and lower edges. */
  nudge(at: number, by: Point, grows: boolean): void;
  remove(at: number): void;
  clear(): void;
  undo(): void;
  /** Sets the frames of the selected box, and of boxes drawn from then on. */
  coverAllFrames(all: boolean): void;
}

export function useEdits(store: CoverStore): Edits {
  const said = useSignal('');
  const { edit, frame, onAllFrames } = store;
  const words = coverWords.said;
  const go = (next: Edit, sentence: string) => {
    edit.value = next;
    said.value = sentence;
  };
  const frames = (): Box['frames'] => (onAllFrames.peek() ? null : [frame.peek() + 1, frame.peek() + 1]);
  const draw = (box: Box) => {
    const now = edit.peek();
    if (isFull(now)) said.value = words.full;
    else go(add(now, box), words.added(box, now.boxes.length + 1));
  };
  const change = (at: number, box: Box) => go(replace(edit.peek(), at, box), words.changed(box));
  const within = (use: (extent: Extent) => void) => {
    const extent = store.extent.peek();
    if (extent !== null) use(extent);
  };
  return {
    said,
    frames,
    draw,
    addInMiddle: (inSight) => within((extent) => draw(boxInMiddle(inSight, extent, frames()))),
    change,
    select(at) {
      edit.value = select(edit.peek(), at);
      const box = at === null ? undefined : edit.peek().boxes[at];
      if (box) onAllFrames.value = box.frames === null;
    },
    nudge(at, by, grows) {
      const box = edit.peek().boxes[at];
      if (box) within((extent) => change(at, (grows ? grownBy : movedBy)(box, by, extent)));
    },
    remove: (at) => go(remove(edit.peek(), at), words.removed(edit.peek().boxes.length - 1)),
    clear: () => go(clear(edit.peek()), words.cleared),
    undo() {
      const next = undo(edit.peek());
      go(next, words.undone(next.boxes.length));
    },
    coverAllFrames(all) {
      onAllFrames.value = all;
      const { boxes, selected } = edit.peek();
      if (selected === null) return;
      const box = { ...boxes[selected]!, frames: frames() };
      go(replace(edit.peek(), selected, box), words.frames(box));
    },
  };
}
