/** The days around the one of a study. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WORKLIST_DAYS } from '#shared/protocol/worklist.ts';
import { DAYS_AROUND, daysAround, LAST_DAY, shiftDay } from './order-days.ts';

const test = suite('the days of orders');

test('are as many as the gateway lists at once, over the ends of months', () => {
  assert.is(2 * DAYS_AROUND + 1, WORKLIST_DAYS);
  assert.equal(daysAround('2024-02-29'), { from: '2024-02-14', to: '2024-03-15' });
  assert.equal([shiftDay('2024-02-29', 1), shiftDay('2024-01-01', -1)], ['2024-03-01', '2023-12-31']);
});

test('end with the last one that has a year of four digits', () => {
  assert.equal([shiftDay(LAST_DAY, 1), shiftDay('0000-01-01', -1)], [LAST_DAY, '0000-01-01']);
  assert.equal(daysAround('9999-12-20'), { from: '9999-12-05', to: '9999-12-20' });
  assert.is(shiftDay('12024-03-01', 1), '12024-03-01');
});

test.run();
