/** The studies shown on the upload page. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DayEntry } from './day-entry.ts';
import { shownToday } from './shown-today.ts';

const NOW = new Date(2026, 10, 23, 14, 5);
const entry = (key: string, part: DayEntry['part'], hour: number, removed = false): DayEntry =>
  ({ key, part, removed, at: new Date(2026, 10, 23, hour).getTime() }) as DayEntry;

test('studies that need a decision stand first, and of those that arrived only today’s, newest first', () => {
  const shown = shownToday(
    [
      entry('arrived-early', 'arrived', 8),
      entry('waits', 'under-way', -30),
      entry('yesterday', 'arrived', -2),
      entry('decide', 'needs-you', -50),
      entry('arrived', 'arrived', 13),
      entry('removed', 'arrived', 9, true),
      entry('cancelled', 'taken-back', 9),
    ],
    NOW,
  );
  assert.equal(
    shown.map(({ key }) => key),
    ['decide', 'waits', 'arrived', 'arrived-early'],
  );
});

test.run();
