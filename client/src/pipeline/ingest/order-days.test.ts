/** The days around the one of a study. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WORKLIST_DAYS } from '#shared/protocol/worklist.ts';
import { DAYS_AROUND, daysAround, shiftDay } from './order-days.ts';

const test = suite('the days of orders');

test('are as many as the gateway lists at once, over the ends of months', () => {
  assert.is(2 * DAYS_AROUND + 1, WORKLIST_DAYS);
  assert.equal(daysAround('2024-02-29'), { from: '2024-02-14', to: '2024-03-15' });
  assert.equal([shiftDay('2024-02-29', 1), shiftDay('2024-01-01', -1)], ['2024-03-01', '2023-12-31']);
});

test.run();
