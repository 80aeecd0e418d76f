import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  formatBytes,
  formatCount,
  formatDicomDate,
  formatMoment,
  formatPersonName,
  roundRemaining,
} from './format.ts';

const EN = 'en-GB';

test('counts and sizes are written as the reader writes them', () => {
  assert.is(formatCount(10_000, EN), '10,000');
  assert.is(formatCount(10_000, 'de-DE'), '10.000');
  assert.is(formatBytes(0, EN), '0 bytes');
  assert.is(formatBytes(1, EN), '1 byte');
  assert.is(formatBytes(525_300, EN), '525 kB');
  assert.is(formatBytes(9_278_892, EN), '9.3 MB');
  assert.is(formatBytes(52_530_000, EN), '53 MB');
  assert.is(formatBytes(999_600, EN), '1 MB');
  assert.is(formatBytes(1_073_741_824, EN), '1.1 GB');
});

test('a date that is no day of the calendar is not shown as one', () => {
  assert.is(formatDicomDate('20260312', EN), '12 Mar 2026');
  assert.is(formatDicomDate('2026.03.12', EN), '12 Mar 2026');
  assert.is(formatDicomDate('20260230', EN), null);
  assert.is(formatDicomDate('20260312-20260314', EN), null);
  assert.is(formatDicomDate('', EN), null);
  assert.is(formatDicomDate(null, EN), null);
});

test('a moment of today is a time, an older one has its day', () => {
  const now = new Date(2026, 2, 12, 18, 0);
  assert.is(formatMoment(new Date(2026, 2, 12, 14, 2), now, EN), '14:02');
  assert.is(formatMoment(new Date(2026, 2, 11, 14, 2), now, EN), '11 Mar 2026, 14:02');
});

test('a person name reads as a name, from the first group that has one', () => {
  assert.is(formatPersonName('Doe^Jane'), 'Doe, Jane');
  assert.is(formatPersonName('Doe^Jane^Q^Dr^PhD'), 'Doe, Jane Q Dr PhD');
  assert.is(formatPersonName('=山田^太郎'), '山田, 太郎');
  assert.is(formatPersonName('قباني^لنزار'), 'قباني, لنزار');
  assert.is(formatPersonName('^^^^'), null);
  assert.is(formatPersonName(undefined), null);
});

test('time left is said in steps that do not flicker', () => {
  assert.equal(roundRemaining(3), { minutes: 0, seconds: 5 });
  assert.equal(roundRemaining(41), { minutes: 0, seconds: 45 });
  assert.equal(roundRemaining(118), { minutes: 2, seconds: 0 });
  assert.equal(roundRemaining(4_000), { minutes: 60, seconds: 0 });
  assert.equal(roundRemaining(5_000), { minutes: 90, seconds: 0 });
});

test.run();
