import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { takeBatch } from './take-batch.ts';

const test = suite('store requests');
const MIB = 1024 ** 2;

function batchesOf<T extends { readonly bytes: number }>(queue: T[], aimBytes: number): (readonly T[])[] {
  const batches: (readonly T[])[] = [];
  while (queue.length > 0) batches.push(takeBatch(queue, aimBytes));
  return batches;
}
const sizesOf = (aim: number, ...sizes: number[]) =>
  batchesOf(
    sizes.map((size) => ({ bytes: size * MIB })),
    aim * MIB,
  ).map((batch) => batch.map(({ bytes }) => bytes / MIB));

test('carry up to their aim in instances, in their order; a larger instance travels alone', () => {
  assert.equal(sizesOf(6, 3, 3, 1, 7, 1, 1), [[3, 3], [1], [7], [1, 1]]);
  assert.equal(sizesOf(1, 3, 0.5, 0.5, 0.5), [[3], [0.5, 0.5], [0.5]]);
});

test('carry at most 100 instances, however small these are', () => {
  const batches = batchesOf(
    Array.from({ length: 250 }, (_, id) => ({ id, bytes: 1 })),
    6 * MIB,
  );
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
