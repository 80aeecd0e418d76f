/** A reader can take back each step, changes nothing that is signed, and steps over no other device's marks. */
import { randomUUID } from 'node:crypto';
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ANNOTATIONS_LIMIT } from '#shared/protocol/annotations.ts';
import { createMarksStore, type Marks } from './marks.store.ts';
import { pointsOf } from '../../testing/points-of.ts';

const UIDS = { studyInstanceUID: '1.2', seriesInstanceUID: '1.2.3', sopInstanceUID: '1.2.3.4' };
const ON = { picture: { ...UIDS, rows: 100, columns: 100, frames: 1 }, frame: 1, label: '' };
const EXTENT = { columns: 100, rows: 100 };

function openMarks() {
  const kept = signal<Marks | null>([]);
  const mayEdit = signal(true);
  const given: Marks[] = [];
  const keep = (marks: Marks) => {
    given.push(marks);
    kept.value = marks;
  };
  let lastNumber = 0;
  const nextNumber = () => (lastNumber += 1);
  const store = createMarksStore({ kept, mayEdit, nextNumber, keep, newId: randomUUID });
  const kinds = () => store.marks.value.map(({ kind }) => kind).join();
  return { store, kept, mayEdit, given, kinds };
}

test('each step is kept, can be taken back and done again', () => {
  const { store, given, kinds } = openMarks();
  store.add('point', [[5, 5]], ON);
  const id = store.add('length', pointsOf(1, 1, 9, 9), ON)!;
  store.change(id, { label: 'widest' });
  store.change(id, { label: 'widest' });
  assert.is(given.length, 3, 'a change that changes nothing is no step');
  store.remove(id);
  assert.equal([kinds(), store.selected.value, store.canRedo.value], ['point', null, false]);
  store.undo();
  store.undo();
  assert.equal([kinds(), store.marks.value[1]?.label], ['point,length', '']);
  store.redo();
  assert.is(store.marks.value[1]?.label, 'widest');
  for (let back = 0; back < 9; back += 1) store.undo();
  assert.equal([kinds(), store.canUndo.value, store.canRedo.value], ['', false, true]);
});

test('keys move a mark, or one of its points, as far as the edge', () => {
  const { store } = openMarks();
  const at = () => store.marks.value[0]!.points;
  store.add('box', pointsOf(90, 10, 98, 20), ON);
  store.nudge({ x: 10, y: -1 }, EXTENT);
  assert.equal(at(), pointsOf(92, 9, 100, 19));
  store.nextHandle();
  store.nudge({ x: -1, y: 0 }, EXTENT);
  assert.equal(at(), pointsOf(91, 9, 100, 19));
  for (const expected of [1, 2, 3, null, 0]) {
    store.nextHandle();
    assert.is(store.handle.value, expected);
  }
});

test('a mark that was just drawn is fresh until a person chooses it, or one of its points', () => {
  const { store } = openMarks();
  const ends: Marks[number]['points'] = pointsOf(10, 10, 20, 20);
  const id = store.add('box', ends, ON);
  assert.is(store.isFresh.value, true);
  store.nextHandle();
  assert.is(store.isFresh.value, false);
  store.add('box', ends, ON);
  assert.is(store.isFresh.value, true);
  store.select(store.selected.value);
  assert.is(store.isFresh.value, false, 'the same one');
  store.select(id);
  assert.is(store.isFresh.value, false);
});

test('marks of another device are no step that could be taken back', () => {
  const { store, kept, kinds, given } = openMarks();
  store.add('point', [[5, 5]], ON);
  const arrow = { id: randomUUID(), number: 1, kind: 'arrow', points: pointsOf(1, 1, 2, 2) } as const;
  kept.value = [{ ...arrow, label: '', frame: 1, ...UIDS }];
  assert.is(store.canUndo.value, false);
  store.undo();
  assert.equal([kinds(), given.length], ['arrow', 1]);
});

test('nothing changes once it is signed, or before the marks are known, or beyond what a review holds', () => {
  const { store, kept, mayEdit, given } = openMarks();
  const id = store.add('point', [[5, 5]], ON)!;
  mayEdit.value = false;
  store.add('point', [[6, 6]], ON);
  store.change(id, { label: 'late' });
  store.remove(id);
  store.undo();
  mayEdit.value = true;
  kept.value = null;
  store.add('point', [[6, 6]], ON);
  assert.is(given.length, 1);
  kept.value = Array.from({ length: ANNOTATIONS_LIMIT }, () => given[0]![0]!);
  assert.is(store.add('point', [[6, 6]], ON), null);
  assert.is(given.length, 1);
});

test.run();
