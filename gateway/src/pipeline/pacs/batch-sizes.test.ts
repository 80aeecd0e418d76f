import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BATCH_BYTES_LEAST, BATCH_BYTES_LIMIT } from '#shared/protocol/destination.ts';
import { createBatchSizes, USUAL_BATCH, type BatchSize } from './batch-sizes.ts';

const test = suite('the size of store requests');
const MIB = 1024 ** 2;

function opened(before: BatchSize = USUAL_BATCH) {
  const time = { now: Date.parse('2026-01-01T00:00:00Z') };
  const kept: BatchSize[] = [];
  const sizes = createBatchSizes(
    before,
    () => new Date(time.now),
    (size) => void kept.push(size),
  );
  const pass = (bytes: number, times = 8): void => {
    for (let i = 0; i < times; i += 1) sizes.passed(bytes);
  };
  return { sizes, kept, time, pass };
}

test('is halved by a refusal and by a time-out, to the least, and each change is kept', () => {
  const { sizes, kept } = opened();
  sizes.refused(6 * MIB);
  assert.equal([sizes.size.bytes, sizes.size.refusedBytes], [3 * MIB, 6 * MIB]);
  sizes.timedOut(3 * MIB);
  assert.equal([sizes.size.bytes, sizes.size.refusedBytes], [1.5 * MIB, 6 * MIB]);
  for (let i = 0; i < 20; i += 1) sizes.timedOut(1);
  assert.is(sizes.size.bytes, BATCH_BYTES_LEAST);
  assert.equal(
    kept.map(({ bytes }) => bytes / MIB),
    [3, 1.5, 1 / 16],
  );
});

test('grows after eight requests of that size that passed, never beyond the limit', () => {
  const { sizes, pass } = opened({ ...USUAL_BATCH, bytes: MIB });
  pass(MIB / 4, 100);
  assert.is(sizes.size.bytes, MIB, 'small ones say nothing of larger ones');
  pass(MIB, 7);
  assert.is(sizes.size.bytes, MIB);
  pass(MIB, 1);
  assert.is(sizes.size.bytes, 2 * MIB);
  pass(4 * MIB, 100);
  assert.is(sizes.size.bytes, BATCH_BYTES_LIMIT);
});

test('does not grow to a size that was refused within the hour, and then tries it again', () => {
  const { sizes, time, pass } = opened();
  sizes.refused(2 * MIB);
  pass(MIB, 50);
  assert.is(sizes.size.bytes, MIB);
  time.now += 3_599_000;
  pass(MIB, 50);
  assert.is(sizes.size.bytes, MIB);
  time.now += 1_000;
  pass(MIB, 8);
  assert.is(sizes.size.bytes, 2 * MIB);
  pass(2 * MIB, 1);
  assert.equal([sizes.size.refusedBytes, sizes.size.refusedAt], [null, null], 'one as large has passed');
});

test.run();
