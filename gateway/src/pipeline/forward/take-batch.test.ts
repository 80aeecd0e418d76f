import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLanes, takeBatch } from './take-batch.ts';

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

test('share so many lanes, in their order, also where some fail', async () => {
  const inLane = createLanes(2);
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const begun: number[] = [];
  const ends = gates.map(({ promise }, nth) =>
    inLane(() => {
      begun.push(nth);
      return promise;
    }).catch(() => undefined),
  );
  assert.equal(begun, [0, 1]);
  gates[1]!.reject(new Error('the PACS is gone'));
  await ends[1];
  assert.equal(begun, [0, 1, 2]);
  for (const { resolve } of gates) resolve();
  await Promise.all(ends);
  assert.equal(begun, [0, 1, 2, 3, 4]);
  await inLane(async () => void begun.push(5));
  assert.is(begun.length, 6);
});

test.run();
