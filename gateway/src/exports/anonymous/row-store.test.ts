/** Rows come back as they were given, at any size, one by one and page by page. */
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createRowStore } from './row-store.ts';

const test = suite('rows kept as bytes');

test('rows come back as they were given', async () => {
  const property = fc.property(
    fc.array(fc.jsonValue(), { maxLength: 50 }),
    fc.integer({ min: 1, max: 60 }),
    (given, size) => {
      const rows = given.map((value) => JSON.parse(JSON.stringify(value)) as unknown);
      const store = createRowStore<unknown>();
      for (const row of rows) store.add(row);
      assert.is(store.length, rows.length);
      assert.equal([...store.pages(size)].flat(), rows);
      assert.equal(
        rows
          .keys()
          .toArray()
          .toReversed()
          .map((at) => store.at(at)),
        rows.toReversed(),
      );
    },
  );
  await fc.assert(property, { seed: 4, numRuns: 200 });
});

test('a row may be larger than the pieces of memory, and rows fill more than one of them', () => {
  const store = createRowStore<string>();
  const rows = ['é'.repeat(3_000_000), ...Array.from({ length: 40 }, (_, at) => `${at}`.repeat(60_000)), ''];
  for (const row of rows) store.add(row);
  for (const [at, row] of rows.entries()) assert.ok(store.at(at) === row, `row ${at}`);
});

test.run();
