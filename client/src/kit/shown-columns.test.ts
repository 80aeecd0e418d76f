/** Columns that a person shows and hides. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { shownColumnsOf } from './shown-columns.ts';

function memory(): Pick<Storage, 'getItem' | 'setItem'> {
  const kept = new Map<string, string>();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, text) => void kept.set(key, text) };
}

const COLUMNS = [{ id: 'state' }, { id: 'due' }, { id: 'tags', isExtra: true }];

test('extra columns are hidden until they are chosen, and the choice is kept for each list', () => {
  const storage = memory();
  const columns = shownColumnsOf('cases', COLUMNS, storage);
  assert.equal([...columns.shown.value], ['state', 'due']);
  columns.toggle('tags');
  columns.toggle('due');
  assert.equal([...columns.shown.value], ['state', 'tags']);
  assert.equal([...shownColumnsOf('cases', COLUMNS, storage).shown.value], ['state', 'tags']);
  assert.equal([...shownColumnsOf('studies', COLUMNS, storage).shown.value], ['state', 'due']);
  columns.toggle('due');
  assert.equal([...columns.shown.value], ['state', 'due', 'tags']);
});

test('a column that is added later appears, and one that is gone does nothing', () => {
  const storage = memory();
  shownColumnsOf('cases', COLUMNS, storage).toggle('due');
  const later = [...COLUMNS.slice(0, 1), { id: 'reading' }];
  assert.equal([...shownColumnsOf('cases', later, storage).shown.value], ['state', 'reading']);
});

test.run();
