import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planBatches } from './plan-batches.ts';

const test = suite('store requests');
const MIB = 1024 ** 2;
const sizesOf = (...bytes: number[]) =>
  planBatches(bytes.map((size) => ({ bytes: size }))).map((batch) => batch.map((one) => one.bytes / MIB));

test('carry up to 6 MiB of instances in their order; a larger instance travels alone', () => {
  assert.equal(sizesOf(3 * MIB, 3 * MIB, 1 * MIB, 7 * MIB, 1 * MIB, 1 * MIB), [[3, 3], [1], [7], [1, 1]]);
});

test('carry at most 100 instances, however small these are', () => {
  const batches = planBatches(Array.from({ length: 250 }, (_, id) => ({ id, bytes: 1 })));
  assert.equal(
    batches.map(({ length }) => length),
    [100, 100, 50],
  );
  assert.equal(
    batches.flat().map(({ id }) => id),
    Array.from({ length: 250 }, (_, id) => id),
  );
});

test.run();
