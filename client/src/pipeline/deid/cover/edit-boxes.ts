/** The boxes that a person draws, in whole pixels of the stored image and inside it. Every step can be undone. Pure. */
import { BOXES_LIMIT, type Box, type Extent } from '#shared/dicom/boxes.ts';
import type { Point } from '../../../kit/picture-view.ts';

export type Corner = 'nw' | 'ne' | 'sw' | 'se';

export interface Edit {
  readonly boxes: readonly Box[];
  /** The index of the box that keys and buttons change; null: none. */
  readonly selected: number | null;
  /** The boxes before each step, the oldest first. */
  readonly past: readonly (readonly Box[])[];
}

export const beginEdit = (boxes: readonly Box[]): Edit => ({ boxes, selected: null, past: [] });

export const isFull = ({ boxes }: Edit): boolean => boxes.length >= BOXES_LIMIT;

/** The smallest box of whole pixels with these corners; null if no part of it lies in the image. */
export function boxBetween(from: Point, to: Point, extent: Extent, frames: Box['frames']): Box | null {
  const [left, right] = span(from.x, to.x, extent.columns);
  const [top, bottom] = span(from.y, to.y, extent.rows);
  if (right <= left || bottom <= top) return null;
  return { x: left, y: top, width: right - left, height: bottom - top, frames };
}

function span(one: number, other: number, end: number): [number, number] {
  const inside = (value: number) => Math.min(end, Math.max(0, value));
  return [Math.floor(inside(Math.min(one, other))), Math.ceil(inside(Math.max(one, other)))];
}

/** Moves the box as far as the edges of the image allow, without changing its size. */
export function movedBy(box: Box, by: Point, { columns, rows }: Extent): Box {
  const within = (value: number, most: number) => Math.min(most, Math.max(0, Math.round(value)));
  return {
    ...box,
    x: within(box.x + by.x, columns - box.width),
    y: within(box.y + by.y, rows - box.height),
  };
}

/** Moves the right and lower edges of the box; at least one pixel remains. */
export function grownBy(box: Box, by: Point, { columns, rows }: Extent): Box {
  const within = (value: number, most: number) => Math.min(most, Math.max(1, Math.round(value)));
  return {
    ...box,
    width: within(box.width + by.x, columns - box.x),
    height: within(box.height + by.y, rows - box.y),
  };
}

/**
 * Drags one corner to a place while the opposite corner stays. If it is dragged onto the opposite corner, the box
 * does not change.
 */
export function stretchedTo(box: Box, corner: Corner, to: Point, extent: Extent): Box {
  const across = {
    x: corner === 'nw' || corner === 'sw' ? box.x + box.width : box.x,
    y: corner === 'nw' || corner === 'ne' ? box.y + box.height : box.y,
  };
  return boxBetween(across, to, extent, box.frames) ?? box;
}

/** A box in the middle of the visible part, a quarter as wide and an eighth as high. */
export function boxInMiddle(
  { middle, width, height }: { readonly middle: Point; readonly width: number; readonly height: number },
  extent: Extent,
  frames: Box['frames'],
): Box {
  const size = {
    width: Math.min(extent.columns, Math.max(1, Math.round(width / 4))),
    height: Math.min(extent.rows, Math.max(1, Math.round(height / 8))),
  };
  const box = { x: 0, y: 0, ...size, frames };
  return movedBy(box, { x: middle.x - size.width / 2, y: middle.y - size.height / 2 }, extent);
}

/** Adds the box and selects it. Nothing changes if the instance already has as many boxes as it may have. */
export function add(edit: Edit, box: Box): Edit {
  return isFull(edit) ? edit : stepTo(edit, [...edit.boxes, box], edit.boxes.length);
}

/** Replaces one box with another; if they are the same, no step is recorded. */
export function replace(edit: Edit, at: number, box: Box): Edit {
  const before = edit.boxes[at];
  if (before === undefined || isSame(before, box)) return { ...edit, selected: before ? at : edit.selected };
  return stepTo(edit, edit.boxes.with(at, box), at);
}

export function remove(edit: Edit, at: number): Edit {
  if (at >= edit.boxes.length) return edit;
  return stepTo(edit, edit.boxes.toSpliced(at, 1), null);
}

export const clear = (edit: Edit): Edit => (edit.boxes.length === 0 ? edit : stepTo(edit, [], null));

export const select = (edit: Edit, selected: number | null): Edit => ({ ...edit, selected });

export function undo({ boxes, selected, past }: Edit): Edit {
  const before = past.at(-1);
  return before === undefined
    ? { boxes, selected, past }
    : { boxes: before, selected: null, past: past.slice(0, -1) };
}

const stepTo = (edit: Edit, boxes: readonly Box[], selected: number | null): Edit => ({
  boxes,
  selected,
  past: [...edit.past, edit.boxes],
});

const isSame = (a: Box, b: Box): boolean =>
  a.x === b.x &&
  a.y === b.y &&
  a.width === b.width &&
  a.height === b.height &&
  a.frames?.[0] === b.frames?.[0] &&
  a.frames?.[1] === b.frames?.[1];
