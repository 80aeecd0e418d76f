/** The contract of a store for parcels, on which the pipeline relies. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parcelKey } from './blob-cipher.ts';
import { RECORD_BYTES } from './blob-records.ts';
import { BlobDamaged, type Blobs } from './blobs.ts';
import { openFileBlobs } from './file-blobs.ts';

const signal = new AbortController().signal;
const studyKey = randomBytes(32);

async function* pieces(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}

const test = suite<{ folder: string; blobs: Blobs }>('a place for parcels (files)');
test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'relay-blobs-'));
  context.blobs = await openFileBlobs(context.folder);
});
test.after.each((context) => rm(context.folder, { recursive: true, force: true }));

test('bytes written in any pieces are read back at any place', async ({ blobs }) => {
  let run = 0;
  const property = fc.asyncProperty(
    fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 6 }),
    fc.nat(),
    fc.nat(),
    async (parts, a, b) => {
      const id = `p-${run++}`;
      const key = parcelKey(studyKey, id);
      await blobs.create(id);
      let size = 0;
      for (const part of parts)
        size += await blobs.append(id, key, size, pieces(part.subarray(0, 7), part.subarray(7)));
      const whole = Buffer.concat(parts);
      assert.is(await blobs.size(id), whole.length);
      const blob = (await blobs.open(id, key))!;
      const offset = a % (whole.length + 1);
      const length = b % (whole.length - offset + 1);
      const expected = whole.subarray(offset, offset + length);
      assert.ok(Buffer.from(await blob.read(offset, length)).equals(expected));
      assert.ok(
        Buffer.concat(await Array.fromAsync(blob.stream({ offset, length }, signal))).equals(expected),
      );
      await blob.close();
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

test('no identifying value reaches the disk in plain text, and each parcel has a key of its own', async (context) => {
  const { blobs, folder } = context;
  const name = Buffer.from('DOE^JANE^SECRET');
  for (const id of ['a', 'b']) {
    await blobs.create(id);
    await blobs.append(id, parcelKey(studyKey, id), 0, pieces(name));
  }
  const a = await readFile(join(folder, 'a'));
  const b = await readFile(join(folder, 'b'));
  assert.not.ok(a.includes('DOE') || b.includes('DOE'));
  assert.not.ok(a.equals(b));
  assert.is((await stat(join(folder, 'a'))).mode & 0o777, 0o600);
});

test('a broken stream keeps the bytes that came, and continues from there', async ({ blobs }) => {
  const key = parcelKey(studyKey, 'x');
  await blobs.create('x');
  const broken = (async function* () {
    yield Buffer.from('first ');
    throw new Error('cut');
  })();
  assert.is(await blobs.append('x', key, 0, broken).catch((error: Error) => error.message), 'cut');
  assert.is(await blobs.size('x'), 6);
  await blobs.append('x', key, 6, pieces(Buffer.from('second')));
  const blob = (await blobs.open('x', key))!;
  assert.is(Buffer.from(await blob.read(0, 100)).toString(), 'first second');
  await blob.close();
});

test('a blob is made once, removed as often as one likes, and its name cannot leave the folder', async (context) => {
  const { blobs } = context;
  const key = parcelKey(studyKey, 'x');
  await blobs.create('x');
  await blobs.append('x', key, 0, pieces(Buffer.from('abc')));
  await blobs.create('x');
  assert.is(await blobs.size('x'), 3);
  await blobs.truncate('x', key, 1);
  assert.is(await blobs.size('x'), 1);
  assert.equal(await blobs.ids(), ['x']);
  await blobs.remove('x');
  await blobs.remove('x');
  assert.is(await blobs.size('x'), null);
  assert.is(await blobs.open('x', key), null);
  assert.instance(await blobs.create('../x').catch((error: unknown) => error), RangeError);
});

test('an adopted blob has the bytes of another one, under its own key, and outlives it', async (context) => {
  const { blobs, folder } = context;
  const other = await openFileBlobs(join(folder, 'other'));
  const key = parcelKey(studyKey, 'spool');
  const own = parcelKey(studyKey, 'own');
  const whole = randomBytes(RECORD_BYTES + 777);
  await other.create('spool');
  await other.append('spool', key, 0, pieces(whole));
  assert.ok(await blobs.adopt('own', own, { blobs: other, id: 'spool', key }));
  assert.is((await stat(join(folder, 'own'))).ino, (await stat(join(folder, 'other', 'spool'))).ino);
  await blobs.sync('own');
  await other.remove('spool');
  assert.equal(await other.ids(), []);
  assert.is(await blobs.size('own'), whole.length);
  const read = async (by: Uint8Array) => {
    const blob = (await blobs.open('own', by))!;
    return blob
      .read(0, whole.length)
      .then(Buffer.from)
      .finally(() => blob.close());
  };
  assert.ok((await read(own)).equals(whole));
  const damaged = async (by: Uint8Array) =>
    (await read(by).catch((error: unknown) => error)) instanceof BlobDamaged;
  assert.ok(await damaged(parcelKey(studyKey, 'another')));
  await truncate(join(folder, 'own.key'), 20);
  assert.ok(await damaged(own), 'its key is not whole');
  await blobs.remove('own');
  assert.equal((await readdir(folder)).sort(), ['other']);
});

test('a blob that cannot be adopted leaves nothing behind', async ({ blobs, folder }) => {
  const other = { ...(await openFileBlobs(join(folder, 'other'))) };
  const key = parcelKey(studyKey, 'x');
  assert.not.ok(await blobs.adopt('own', key, { blobs: other, id: 'x', key }));
  assert.equal(await readdir(folder), ['other']);
});

test('bytes that were changed on the disk are never given: the read says so, and a cut blob is shorter', async (context) => {
  const { blobs, folder } = context;
  const key = parcelKey(studyKey, 'rot');
  const whole = randomBytes(2 * RECORD_BYTES + 777);
  await blobs.create('rot');
  for (let at = 0; at < whole.length; at += 50_000)
    await blobs.append('rot', key, at, pieces(whole.subarray(at, at + 50_000)));
  const good = new Map<string, Buffer>();
  for (const file of ['rot', 'rot.tags']) good.set(file, await readFile(join(folder, file)));

  const property = fc.asyncProperty(
    fc.constantFrom(...good.keys()),
    fc.nat(),
    fc.option(fc.integer({ min: 0, max: 7 })),
    async (file, place, bit) => {
      const bytes = Buffer.from(good.get(file)!);
      const at = place % bytes.length;
      if (bit === null) await truncate(join(folder, file), at);
      else {
        bytes[at]! ^= 1 << bit;
        await writeFile(join(folder, file), bytes);
      }
      const blob = (await blobs.open('rot', key))!;
      let given = 0;
      const wrong = await (async () => {
        for (const step of [1000, 200_000])
          for (let from = 0; from < blob.size; from += step) {
            const read = await blob.read(from, step);
            assert.ok(Buffer.from(read).equals(whole.subarray(from, from + read.length)));
            given = Math.max(given, from + read.length);
          }
        for await (const piece of blob.stream({ offset: 0, length: blob.size }, signal))
          assert.ok(whole.includes(piece));
      })().catch((error: unknown) => error);
      await blob.close();
      if (wrong !== undefined) assert.instance(wrong, BlobDamaged);
      else assert.ok(given < whole.length, 'a whole blob would have been given');
      for (const [name, all] of good) await writeFile(join(folder, name), all);
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

test('a blob whose last bytes were changed on the disk is not continued', async ({ blobs, folder }) => {
  const key = parcelKey(studyKey, 'x');
  await blobs.create('x');
  await blobs.append('x', key, 0, pieces(randomBytes(RECORD_BYTES + 100)));
  const bytes = await readFile(join(folder, 'x'));
  bytes[RECORD_BYTES + 7]! ^= 1;
  await writeFile(join(folder, 'x'), bytes);
  const more = () => blobs.append('x', key, RECORD_BYTES + 100, pieces(randomBytes(10)));
  const damaged = await more().catch((error: unknown) => error);
  assert.ok(damaged instanceof BlobDamaged && damaged.offset === RECORD_BYTES);
  await blobs.truncate('x', key, damaged.offset);
  assert.is(await blobs.size('x'), RECORD_BYTES, 'and can be taken up from its last whole record');
});

test.run();
