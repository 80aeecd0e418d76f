import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isTemporal, shiftDates } from './dates.ts';

const dayOf = (date: string) =>
  Date.UTC(Number(date.slice(0, 4)), Number(date.slice(4, 6)) - 1, Number(date.slice(6, 8))) / 86_400_000;
const someDate = fc
  .integer({ min: -20_000, max: 30_000 })
  .map((days) => new Date(days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', ''));

test('two dates of one patient stay as many days apart as they were', () => {
  fc.assert(
    fc.property(someDate, someDate, fc.integer({ min: -4000, max: -1 }), (first, second, days) => {
      const a = shiftDates('DA', first, days);
      const b = shiftDates('DA', second, days);
      assert.is(dayOf(b ?? '') - dayOf(a ?? ''), dayOf(second) - dayOf(first));
      assert.is(dayOf(a ?? '') - dayOf(first), days);
    }),
  );
});

test('a trailing space or the old way to write a date does not defeat the shift', () => {
  assert.is(shiftDates('DA', '20240301 ', -1), '20240229');
  assert.is(shiftDates('DA', ' 2024.03.01', -1), '20240229');
  assert.is(shiftDates('DA', '20240301\\20240302', -1), '20240229\\20240301');
});

test('the time of day and the time zone of a DateTime stay, and missing parts are not invented', () => {
  assert.is(shiftDates('DT', '20240301235959.123456+0100', -1), '20240229235959.123456+0100');
  assert.is(shiftDates('DT', '202403', -40), '202401');
  assert.is(shiftDates('DT', '2024', -366), '2022');
});

test('text that is not a date is not taken for one', () => {
  for (const value of ['20240230', '2024-03-01', 'DOE^JANE', '20241301', '00000000', '20240301DOE']) {
    assert.is(shiftDates('DA', value, -1), null, value);
    assert.not.ok(isTemporal('DT', `${value}x`), value);
  }
  assert.not.ok(isTemporal('TM', 'NOON'));
  assert.ok(isTemporal('TM', '235959.123 '));
  assert.ok(isTemporal('SH', '-0330 '));
  for (const value of ['UTC', '+01:00', '0100', '+0100 DOE']) assert.not.ok(isTemporal('SH', value), value);
  assert.is(shiftDates('DA', '00010101', -1), null);
});

test.run();
