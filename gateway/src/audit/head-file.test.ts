/** Heads read from either end of their file, of which only as much is read as is asked for. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openHeadFile } from './head-file.ts';

const test = suite<{ folder: string }>('a file of heads');
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'relay-heads-'));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

/** Heads of different lengths, over several blocks. */
const HEADS = Array.from({ length: 2_000 }, (_, nth) => `${nth}.${'x'.repeat(nth % 211)}`);

test('gives the same heads from both ends, and from each place in it', async ({ folder }) => {
  const file = openHeadFile(join(folder, 'audit', 'heads.jws'));
  assert.equal([await Array.fromAsync(file.oldestFirst()), await file.last()], [[], null]);
  await file.append(HEADS);
  const forwards = await Array.fromAsync(file.oldestFirst());
  const backwards = await Array.fromAsync(file.newestFirst());
  assert.equal(
    forwards.map(({ jws }) => jws),
    HEADS,
  );
  assert.equal(backwards.toReversed(), forwards);
  assert.equal(await file.last(), forwards.at(-1)!);
  for (const nth of [0, 1, 700, 1_999]) {
    const { start, end } = forwards[nth]!;
    assert.equal(await Array.fromAsync(file.oldestFirst(start)), forwards.slice(nth));
    assert.equal(await Array.fromAsync(file.oldestFirst(0, end)), forwards.slice(0, nth + 1));
  }
});

test('of which a power cut left half a line ends before it, and the next head takes its place', async ({
  folder,
}) => {
  const path = join(folder, 'heads.jws');
  const file = openHeadFile(path);
  writeFileSync(path, 'a\nb\nhal');
  assert.is((await file.last())?.jws, 'b');
  await file.append(['c']);
  assert.equal(
    (await Array.fromAsync(file.oldestFirst())).map(({ jws }) => jws),
    ['a', 'b', 'c'],
  );
  writeFileSync(path, 'only half');
  assert.is(await file.last(), null);
});

test.run();
