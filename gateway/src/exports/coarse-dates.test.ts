import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ageBandOf, monthOf } from './coarse-dates.ts';

const test = suite('coarse dates');

test('a person grows older on their birthday, and a band holds ten years', () => {
  const bands = [
    ['20000615', '20100614', '0 to 9'],
    ['20000615', '20100615', '10 to 19'],
    ['19400229', '20260228', '80 to 89'],
    ['19361123', '20261122', '80 to 89'],
    ['19361123', '20261123', '90 and over'],
    ['19000101', '20261123', '90 and over'],
    ['20261123', '20261123', '0 to 9'],
  ] as const;
  for (const [born, on, band] of bands) assert.is(ageBandOf(born, on), band, `${born} ${on}`);
});

test('nothing is told of a date that is unknown, later than the study, or no date', () => {
  assert.is(ageBandOf(null, '20261123'), null);
  assert.is(ageBandOf('19800101', null), null);
  assert.is(ageBandOf('20261124', '20261123'), null);
  assert.is(ageBandOf('Yamada', '20261123'), null);
  assert.is(ageBandOf('19801301', '20261123'), null);
  assert.is(monthOf('20261123'), '2026-11');
  for (const none of [null, '', '2026', 'Yamada11', '20261323']) assert.is(monthOf(none), null);
});

test.run();
