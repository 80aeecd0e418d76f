// test:all: only the long run of chaos is judged by it
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { judgeBytes } from './judge-bytes.ts';

const test = suite('bytes sent again');
const bytes = (again: Record<string, number>, ended = 0) => {
  const resent = Object.values(again).reduce((sum, part) => sum + part, 0);
  return { up: 101_000_000 + resent, inParcels: 100_000_000 + resent, unique: 100_000_000, ended, again };
};

test('is said by its cause', () => {
  const again = {
    'link cut': 10_000,
    'gateway ended': 20_000,
    'device ended': 30_000,
    'answered 507': 40_000,
    'answered 503': 50_000,
  };
  const { figures, words, faults } = judgeBytes({ bytes: bytes(again), faults: {} }, 1);
  assert.equal(
    [
      figures['resentByLink'],
      figures['resentByGateway'],
      figures['resentByDevice'],
      figures['resentByFullDisk'],
      figures['resentByOther'],
      figures['resentRatio'],
    ],
    [10_000, 20_000, 30_000, 40_000, 50_000, 0.0015],
  );
  assert.match(
    words,
    /100\.0 MB of parcels once, 0\.15 % of them again: cut of the link 0\.01 %, .*other 0\.05 % \(answered 503 0\.05 %\)/,
  );
  assert.equal(faults, []);
});

test('for cuts of the link is one in a hundred at most, or in a short run 50 kB a cut and 1 MB a silence', () => {
  const over = (cut: number, faults: Record<string, number>, ended = 0) =>
    judgeBytes({ bytes: bytes({ 'link cut': cut }, ended), faults }, 100).faults.length;
  assert.is(over(1_000_000, { 'link cut': 20 }), 0);
  assert.is(over(1_000_001, { 'link cut': 20 }), 1);
  assert.is(over(1_400_000, { 'link cut': 20 }, 8), 0);
  assert.is(over(1_400_001, { 'link cut': 20 }, 8), 1);
  assert.is(over(2_900_000, { 'link cut': 18, 'link silent': 2 }), 0);
  assert.is(over(2_900_001, { 'link cut': 18, 'link silent': 2 }), 1);
});

test('for fewer than 20 cuts is not judged as a share', () => {
  const judged = (cuts: number) =>
    judgeBytes({ bytes: bytes({ 'link cut': 2_000_000 }), faults: { 'link cut': cuts } }, 100).faults.length;
  assert.equal([judged(19), judged(20)], [0, 1]);
});

test('for whatever happens has a bound too, for fewer than five faults that of five', () => {
  const judged = (resent: number, faults: number) =>
    judgeBytes({ bytes: bytes({ 'answered 507': resent }), faults: {} }, faults).faults.length;
  assert.equal([judged(6_000_000, 6), judged(6_000_001, 6)], [0, 1]);
  assert.equal([judged(5_000_000, 1), judged(5_000_001, 1)], [0, 1]);
});
test.run();
