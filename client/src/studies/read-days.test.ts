/** A typed day is read as the day that it means, and nothing else is taken for a day. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readDays } from './read-days.ts';

const NOW = new Date(2026, 10, 23, 15);
const day = (year: number, month: number, date: number) => new Date(year, month - 1, date).getTime();

test('reads a day in each form in which a person writes it', () => {
  const forms = [
    'Nov 23, 2026',
    'Nov. 23rd',
    '23 November 2026',
    '2026-11-23',
    '20261123',
    '23.11.2026',
    '23.11.',
  ];
  for (const text of [...forms, '11/23/2026', '23/11/26', '11/23', 'Today'])
    assert.equal(readDays(text, NOW), { days: [day(2026, 11, 23)], rest: '' }, text);
  assert.equal(readDays('yesterday', NOW).days, [day(2026, 11, 22)]);
});

test('where day and month may be either way round, both are meant', () => {
  const both = [day(2026, 11, 10), day(2026, 10, 11)];
  assert.equal(readDays('10.11.2026', NOW).days, both);
  assert.equal(readDays('10/11/2026', NOW).days, both);
});

test('without a year the last such day is meant', () => {
  assert.equal(readDays('Dec 24', NOW).days, [day(2025, 12, 24)]);
});

test('leaves the words beside the day, and takes no UID, name or impossible day for one', () => {
  assert.equal(readDays('CT Nov 23 2026 knee', NOW), { days: [day(2026, 11, 23)], rest: 'CT knee' });
  for (const text of [
    '',
    '1.2',
    '1.2.14',
    '1.2.840.10008',
    '1111-4111',
    '98890234',
    'Nova, Ida',
    '31.02.2026',
    'Nov 31',
  ])
    assert.equal(readDays(text, NOW).days, [], text);
});

test.run();
