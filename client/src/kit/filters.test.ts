/** Filters as an address names them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { daysOf, filtersOf, isDay, oneOf, orderOf, textOf } from './filters.ts';

const test = suite('the filters of a list');

const of = filtersOf({
  number: textOf((text) => Number(text) > 0),
  state: oneOf(['open', 'closed', '']),
  whose: oneOf(['all', 'mine']),
  period: oneOf(['', '7', 'days']),
  ...daysOf('period'),
  sort: orderOf(['newest', 'oldest']),
});

test('come back from their address, which leaves out what is usual', () => {
  assert.is(of.write(of.usual), '');
  assert.equal(of.parse(''), of.usual);
  const chosen = { ...of.usual, number: '7', state: '', whose: 'mine', sort: 'oldest' } as const;
  assert.is(of.write(chosen), 'number=7&state=all&whose=mine&sort=oldest');
  assert.equal(of.parse(of.write(chosen)), chosen);
});

test('take what they do not understand for usual, and write none of it', () => {
  assert.equal(of.parse('number=x&state=__proto__&whose=&sort=%00&constructor=1&%&&=='), of.usual);
  assert.is(of.write({ ...of.usual, number: 'Yamada' }), '');
});

test('know days only where days are chosen', () => {
  const days = 'period=days&from=2026-02-28&to=2026-02-30';
  assert.equal(of.parse(days), { ...of.usual, period: 'days', from: '2026-02-28' });
  assert.equal(of.parse('period=7&from=2026-02-28'), { ...of.usual, period: '7' });
  for (const text of ['', '2026', '2026-02', '0202-01-01', '3000-01-01', '+012026-01-01', '2026-1-1'])
    assert.is(isDay(text), false, text);
  assert.equal([isDay('1900-01-01'), isDay('2999-12-31')], [true, true]);
});

test('are in use where they hide something', () => {
  assert.is(of.isFiltered({ ...of.usual, sort: 'oldest' }), false);
  const values = { ...of.usual, state: '', period: 'days', from: '2026-01-01' } as const;
  assert.equal([of.inUse(values), of.isFiltered(values)], [['state', 'period'], true]);
});

test.run();
