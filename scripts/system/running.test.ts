/** A data directory has one `npm start`, whatever happened to the one before. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { noteProcess } from './processes.ts';
import { holdDataDirectory, readRunning } from './running.ts';

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-running-'));
  await run(folder).finally(() => rm(folder, { recursive: true, force: true }));
}

test('while one start holds the data directory, no other gets it; afterwards it is free', () =>
  inFolder(async (folder) => {
    const [a, b, c] = await Promise.all([
      holdDataDirectory(folder),
      holdDataDirectory(folder),
      holdDataDirectory(folder),
    ]);
    const held = [a, b, c].filter(({ kind }) => kind === 'held');
    assert.is(held.length, 1);
    const hold = held[0]!;
    if (hold.kind !== 'held') return;
    await hold.directory.release();
    assert.is((await holdDataDirectory(folder)).kind, 'held');
  }));

test('only the owner can read what is running, and only once it is ready', () =>
  inFolder(async (folder) => {
    const hold = await holdDataDirectory(folder);
    if (hold.kind !== 'held') return assert.unreachable('it is held');
    await hold.directory.noteChild('gateway', process.pid);
    assert.is(await readRunning(folder), null);
    await hold.directory.announce({
      publicUrl: 'http://u',
      web: 'http://w',
      api: 'http://a',
      pacs: { url: 'http://p', authorization: null },
    });
    assert.equal((await readRunning(folder))?.pids, { supervisor: process.pid, gateway: process.pid });
    assert.is((await stat(join(folder, 'running.json'))).mode & 0o777, 0o600);
  }));

test('processes left behind by a killed start are ended; a process that merely has the same id is not', () =>
  inFolder(async (folder) => {
    const sleeper = (): ReturnType<typeof spawn> =>
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const left = sleeper();
    const foreign = sleeper();
    const ended = once(left, 'exit');
    const children = {
      gateway: await noteProcess(left.pid!),
      orthanc: { pid: foreign.pid, mark: '1 another program' },
    };
    await writeFile(
      join(folder, 'start.json'),
      JSON.stringify({ supervisor: { pid: process.pid, mark: '1 an earlier start' }, children }),
    );
    const hold = await holdDataDirectory(folder);
    assert.equal(hold.kind === 'held' && hold.ended, ['gateway']);
    await ended;
    assert.is(foreign.exitCode, null);
    foreign.kill('SIGKILL');
    await once(foreign, 'exit');
  }));

test('half a file of a crashed start is no obstacle', () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, 'start.json'), '{"supervisor":');
    assert.is((await holdDataDirectory(folder)).kind, 'held');
  }));

test.run();
