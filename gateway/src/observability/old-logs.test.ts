/** Log files that are older than they are kept. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DAY_MS } from '#shared/day.ts';
import { removeOldLogs } from './old-logs.ts';

const test = suite('old logs');
const daysAgo = (days: number): Date => new Date(Date.now() - days * DAY_MS);
const lineOf = (at: Date): string => `{"at":"${at.toISOString()}","event":"request"}\n`;

test('are turned over by the age of their first line, and removed by that of their last', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'relay-old-logs-'));
  const logFile = join(dataDir, 'elsewhere.log');
  await mkdir(join(dataDir, 'pacs'));
  const file = join(dataDir, 'gateway.log');
  const lines = lineOf(daysAgo(9)) + lineOf(daysAgo(1));
  await writeFile(file, lines);
  await writeFile(`${file}.1`, lineOf(daysAgo(20)));
  await utimes(`${file}.1`, daysAgo(10), daysAgo(10));
  await writeFile(logFile, lineOf(daysAgo(2)));
  await removeOldLogs({ dataDir, logFile }, daysAgo(7));
  assert.is(await readFile(file, 'utf8'), '');
  assert.is(await readFile(`${file}.1`, 'utf8'), lines, 'the older copy is replaced');
  assert.ok(existsSync(logFile) && !existsSync(`${logFile}.1`), 'a young one is left alone');
  await utimes(`${file}.1`, daysAgo(8), daysAgo(8));
  await removeOldLogs({ dataDir, logFile }, daysAgo(7));
  assert.is(existsSync(`${file}.1`), false);
  await rm(dataDir, { recursive: true });
});

test.run();
