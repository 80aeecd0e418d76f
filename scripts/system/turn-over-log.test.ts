/** The log of a gateway that runs for years does not fill the disk. */
import { mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { turnOverLog } from './turn-over-log.ts';

const test = suite('a log that is turned over');

test('a process that keeps it open writes on, and two files are kept, whatever it writes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-log-'));
  const file = join(folder, 'gateway.log');
  const log = await open(file, 'a', 0o600);
  try {
    for (let at = 0; at < 30; at += 1) {
      await log.write(`${String(at).padStart(99, '.')}\n`);
      await turnOverLog(file, 500);
    }
    const kept = [await readFile(`${file}.1`, 'utf8'), await readFile(file, 'utf8')];
    assert.equal((await readdir(folder)).toSorted(), ['gateway.log', 'gateway.log.1']);
    assert.ok(kept.every(({ length }) => length <= 600));
    const lines = kept.join('').trim().split('\n');
    assert.equal(
      lines.map((line) => Number(line.replaceAll('.', ''))),
      [24, 25, 26, 27, 28, 29].slice(-lines.length),
    );
    assert.is((await stat(`${file}.1`)).mode & 0o777, 0o600);
  } finally {
    await log.close();
    await rm(folder, { recursive: true });
  }
});

test('a small one is left alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-log-'));
  const file = join(folder, 'gateway.log');
  const log = await open(file, 'a');
  await log.write('a line\n');
  await turnOverLog(file, 500);
  assert.is(await readFile(file, 'utf8'), 'a line\n');
  assert.equal(await readdir(folder), ['gateway.log']);
  await log.close();
  await rm(folder, { recursive: true });
});

test.run();
