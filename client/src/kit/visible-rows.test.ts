import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rowAt, rowsAtOnce, topsOf, visibleRows } from './visible-rows.ts';

test('of 10 000 rows only those in the window and a margin are drawn', () => {
  const tops = topsOf(Array.from({ length: 10_000 }, () => 52));
  assert.is(tops[10_000], 520_000);
  const rows = visibleRows(tops, { from: 260_000, to: 261_000 }, 520);
  assert.equal(rows, { from: 4990, to: 5030 });
});

test('rows of different heights are found where they stand', () => {
  const tops = topsOf([100, 20, 300, 20]);
  assert.is(rowAt(tops, 0), 0);
  assert.is(rowAt(tops, 100), 1);
  assert.is(rowAt(tops, 419), 2);
  assert.is(rowAt(tops, 420), 3);
  assert.equal(visibleRows(tops, { from: 110, to: 130 }, 0), { from: 1, to: 3 });
});

test('above, below and without any rows nothing breaks', () => {
  const tops = topsOf([10, 10, 10]);
  assert.equal(visibleRows(tops, { from: -5_000, to: -4_000 }, 100), { from: 0, to: 1 });
  assert.equal(visibleRows(tops, { from: 5_000, to: 6_000 }, 100), { from: 2, to: 3 });
  assert.equal(visibleRows(topsOf([]), { from: 0, to: 100 }, 100), { from: 0, to: 0 });
});

test('when the list changes, rows beside the window are drawn at once only if they are drawn already', () => {
  const range = { from: 10, to: 40 };
  const seen = { from: 20, to: 30 };
  const drawnAre =
    (...rows: readonly number[]) =>
    (row: number) =>
      rows.includes(row);
  assert.equal(rowsAtOnce(range, seen, drawnAre(), 100), seen);
  assert.equal(rowsAtOnce(range, seen, drawnAre(18, 31), 100), { from: 18, to: 32 });
  assert.equal(
    rowsAtOnce(range, seen, () => true, 100),
    range,
  );
});

test('a list that became shorter than what was drawn of it has no rows beyond its end', () => {
  const none = () => false;
  assert.equal(rowsAtOnce({ from: 10, to: 40 }, { from: 20, to: 30 }, none, 25), { from: 20, to: 25 });
  assert.equal(rowsAtOnce({ from: 10, to: 40 }, { from: 20, to: 30 }, none, 5), { from: 5, to: 5 });
  assert.equal(rowsAtOnce({ from: 0, to: 9 }, { from: 0, to: 9 }, none, 0), { from: 0, to: 0 });
});

test.run();
