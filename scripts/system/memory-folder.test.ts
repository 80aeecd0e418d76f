/** Folders of tests lie in memory where there is room, and those of killed processes go. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip } from '#testing/environment.ts';
import { makeMemoryFolder } from './memory-folder.ts';

const test = suite('folders in memory');
const MEMORY = '/dev/shm';
const PREFIX = `relay-unit-${process.pid}`;

test('a folder lies in memory where there is room, and otherwise in the temporary folder', async () => {
  const small = await makeMemoryFolder(PREFIX, 1);
  const large = await makeMemoryFolder(PREFIX, Infinity);
  try {
    assert.ok(existsSync(small) && existsSync(large));
    assert.is(dirname(large), tmpdir());
    assert.is(dirname(small), existsSync(MEMORY) ? MEMORY : tmpdir());
  } finally {
    for (const folder of [small, large]) await rm(folder, { recursive: true });
  }
});

test('the folder of a process that has ended goes; those of a living one and of other prefixes stay', async () => {
  if (!existsSync(MEMORY)) skip('leftovers in memory', 'only Linux has /dev/shm');
  const { pid } = spawnSync('true');
  const leftover = join(MEMORY, `${PREFIX}-${pid}-abcdef`);
  const others = [`${PREFIX}-${process.pid}-abcdef`, `${PREFIX}x-${pid}-abcdef`].map((name) =>
    join(MEMORY, name),
  );
  const all = [leftover, ...others];
  try {
    for (const folder of all) await mkdir(join(folder, 'full'), { recursive: true });
    all.push(await makeMemoryFolder(PREFIX, 1));
    assert.equal(all.map(existsSync), [false, true, true, true]);
  } finally {
    for (const folder of all) await rm(folder, { recursive: true, force: true });
  }
});

test.run();
