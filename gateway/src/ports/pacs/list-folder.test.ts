/** Names in a folder: their kinds are never asked of the system by a call that holds everything up. */
import type { Dir } from 'node:fs';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listFolder, type Reading } from './list-folder.ts';

/** UV_DIRENT_UNKNOWN and UV_DIRENT_FILE of libuv. */
const UNKNOWN = 0;
const FILE = 1;

test('an entry whose kind the system does not tell is of none, and is not looked at', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-listed-'));
  await using entries = (await listFolder(folder)) as Dir & Reading;
  // Looking at it would fail: it is not there.
  entries.processReadResult(folder, ['untold', UNKNOWN, 'told', FILE]);
  const untold = await entries.read();
  const told = await entries.read();
  assert.equal([untold?.name, untold?.isFile(), untold?.isSymbolicLink()], ['untold', false, false]);
  assert.equal([told?.name, told?.isFile()], ['told', true]);
  await rmdir(folder);
});

test('Node takes every answer of the system through the step that is changed', async () => {
  await using entries = (await listFolder(import.meta.dirname)) as Dir & Reading;
  const { processReadResult } = entries;
  const names: string[] = [];
  entries.processReadResult = (path, result) => {
    names.push(...result.filter((each) => typeof each === 'string'));
    processReadResult(path, result);
  };
  const read: string[] = [];
  for await (const { name } of entries) read.push(name);
  assert.ok(read.includes('list-folder.test.ts'));
  assert.equal(read, names);
});

test.run();
