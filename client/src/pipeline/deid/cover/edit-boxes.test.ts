/** Boxes stay whole, inside the image and as many as an instance may have; each step can be taken back. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { areWithin, BOXES_LIMIT, type Box } from '#shared/dicom/boxes.ts';
import {
  add,
  beginEdit,
  boxBetween,
  boxInMiddle,
  clear,
  grownBy,
  isFull,
  movedBy,
  remove,
  replace,
  select,
  stretchedTo,
  undo,
  type Edit,
} from './edit-boxes.ts';

const IMAGE = { rows: 80, columns: 100, frames: 4 };
const BOX: Box = { x: 10, y: 20, width: 30, height: 5, frames: null };

test('a box takes every pixel that the drag has touched, whichever way it went', () => {
  const drawn = { x: 10, y: 20, width: 31, height: 6, frames: null };
  assert.equal(boxBetween({ x: 10.9, y: 20.1 }, { x: 40.2, y: 25.01 }, IMAGE, null), drawn);
  assert.equal(boxBetween({ x: 40.2, y: 25.01 }, { x: 10.9, y: 20.1 }, IMAGE, null), drawn);
  assert.equal(boxBetween({ x: 40.2, y: 20.1 }, { x: 10.9, y: 25.01 }, IMAGE, [2, 2])?.frames, [2, 2]);
});

test('a drag that leaves the image ends at its edge; one that never enters it draws nothing', () => {
  assert.equal(boxBetween({ x: -50, y: -1 }, { x: 500, y: 81 }, IMAGE, null), {
    x: 0,
    y: 0,
    width: 100,
    height: 80,
    frames: null,
  });
  assert.is(boxBetween({ x: -9, y: 5 }, { x: -1, y: 9 }, IMAGE, null), null);
  assert.is(boxBetween({ x: 5, y: 80.5 }, { x: 9, y: 99 }, IMAGE, null), null);
  assert.is(boxBetween({ x: 5, y: 5 }, { x: 5, y: 5 }, IMAGE, null), null, 'a tap');
});

test('moved against an edge a box keeps its size; it grows up to the edge and shrinks to one pixel', () => {
  assert.equal(movedBy(BOX, { x: 3, y: -2 }, IMAGE), { ...BOX, x: 13, y: 18 });
  assert.equal(movedBy(BOX, { x: 1e9, y: -1e9 }, IMAGE), { ...BOX, x: 70, y: 0 });
  assert.equal(grownBy(BOX, { x: 4, y: 1 }, IMAGE), { ...BOX, width: 34, height: 6 });
  assert.equal(grownBy(BOX, { x: 1e9, y: 1e9 }, IMAGE), { ...BOX, width: 90, height: 60 });
  assert.equal(grownBy(BOX, { x: -1e9, y: -1e9 }, IMAGE), { ...BOX, width: 1, height: 1 });
});

test('a dragged corner goes where the finger is, and the one across stays', () => {
  assert.equal(stretchedTo(BOX, 'se', { x: 50, y: 40 }, IMAGE), { ...BOX, width: 40, height: 20 });
  assert.equal(stretchedTo(BOX, 'nw', { x: 0, y: 0 }, IMAGE), { ...BOX, x: 0, y: 0, width: 40, height: 25 });
  assert.equal(stretchedTo(BOX, 'ne', { x: 20, y: 0 }, IMAGE), {
    ...BOX,
    y: 0,
    width: 10,
    height: 25,
  });
  assert.equal(stretchedTo(BOX, 'sw', { x: 60, y: 30 }, IMAGE), { ...BOX, x: 40, width: 20, height: 10 });
  assert.equal(stretchedTo(BOX, 'se', { x: 10, y: 20 }, IMAGE), BOX, 'onto the corner across');
});

test('a box in the middle fits images of a single pixel too', () => {
  const inSight = { middle: { x: 50, y: 40 }, width: 100, height: 80 };
  assert.equal(boxInMiddle(inSight, IMAGE, [1, 1]), { x: 38, y: 35, width: 25, height: 10, frames: [1, 1] });
  const tiny = { rows: 1, columns: 1, frames: 1 };
  assert.ok(areWithin([boxInMiddle({ middle: { x: 1, y: 1 }, width: 900, height: 900 }, tiny, null)], tiny));
});

test('each step is taken back on its own, and what changes nothing is no step', () => {
  const empty = beginEdit([]);
  const one = add(empty, BOX);
  assert.equal([one.boxes, one.selected], [[BOX], 0]);
  const moved = replace(one, 0, { ...BOX, x: 0 });
  assert.is(replace(moved, 0, { ...BOX, x: 0 }).past.length, moved.past.length);
  assert.is(replace(moved, 7, BOX).boxes, moved.boxes);
  const onOneFrame = replace(moved, 0, { ...BOX, x: 0, frames: [1, 1] });
  assert.is(onOneFrame.past.length, moved.past.length + 1, 'the frames count too');
  const gone = remove(select(onOneFrame, 0), 0);
  assert.equal([gone.boxes, gone.selected], [[], null]);
  assert.is(clear(gone), gone);
  const back: Edit = [undo, undo, undo].reduce((edit, step) => step(edit), gone);
  assert.equal(back.boxes, [BOX]);
  assert.equal(undo(undo(back)), undo(back), 'nothing lies before the beginning');
  assert.equal(undo(clear(add(one, BOX))).boxes, [BOX, BOX]);
});

test('as many boxes as an instance may have, and none more', () => {
  let edit = beginEdit([]);
  for (let nth = 1; nth < BOXES_LIMIT; nth += 1) edit = add(edit, BOX);
  assert.is(isFull(edit), false);
  edit = add(edit, BOX);
  assert.ok(isFull(edit) && areWithin(edit.boxes, IMAGE));
  assert.is(add(edit, BOX), edit);
  assert.is(isFull(remove(edit, 0)), false);
});

test.run();
