/** Files that are removed while a backup is made. */
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { holdFiles, namesIn, readHeld } from './held-files.ts';

test('held files are read after they were removed, and nothing of them stays', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-held-'));
  await writeFile(join(folder, 'a-parcel'), 'its bytes');
  await writeFile(join(folder, 'another'), 'not asked for');
  const held = await holdFiles(folder, ['a-parcel', 'gone-already']);
  await rm(join(folder, 'a-parcel'));
  assert.is(await text((await readHeld(held, 'a-parcel'))!), 'its bytes');
  assert.equal(await namesIn(held.folder), ['a-parcel']);
  assert.is(await readHeld({ folder }, 'gone-already'), null);
  await held[Symbol.asyncDispose]();
  for (const read of [namesIn(held.folder), readHeld(held, 'a-parcel')])
    assert.match(await read.then(String, String), 'ENOENT', 'somebody took it away');
  assert.equal(await readdir(folder), ['another']);
  await rm(folder, { recursive: true });
});

test('files that a killed run held are removed after an hour', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-held-'));
  await writeFile(join(folder, 'parcel'), '');
  for (const name of ['.held-old', '.held-new']) await mkdir(join(folder, name));
  const old = new Date(Date.now() - 2 * 86_400_000);
  await utimes(join(folder, '.held-old'), old, old);
  await using _held = await holdFiles(folder);
  const left = await readdir(folder);
  assert.is(left.includes('.held-old'), false);
  assert.is(left.includes('.held-new'), true);
});

test('a folder that is not there holds nothing', async () => {
  await using held = await holdFiles(join(tmpdir(), 'relay-held-none'));
  assert.equal(await namesIn(held.folder), []);
});

test.run();
