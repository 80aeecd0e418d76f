/** Lines for systemd's journal begin with their severity; lines for anybody else are plain JSON. */
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLog, isJournal } from './log.ts';

const test = suite('the log');

function linesOf(isForJournal: boolean): string[] {
  const lines: string[] = [];
  const log = createLog(
    (line) => void lines.push(line),
    () => new Date(0),
    isForJournal,
  );
  log({ event: 'gateway-stopped' });
  log({ event: 'pacs-unreachable', studyId: 'a' });
  log({ event: 'audit-heads-changed' });
  return lines;
}

test('each line of the journal begins with the severity of its event', () => {
  const plain = linesOf(false);
  assert.equal(
    linesOf(true),
    ['<6>', '<4>', '<3>'].map((severity, at) => severity + plain[at]),
  );
  assert.equal(JSON.parse(plain[0]!), { at: '1970-01-01T00:00:00.000Z', event: 'gateway-stopped' });
});

test('the journal is known by the device and inode of the stream that it gave', () => {
  const folder = mkdtempSync(join(tmpdir(), 'relay-log-'));
  const file = openSync(join(folder, 'journal'), 'w');
  const { dev, ino } = fstatSync(file);
  assert.equal(
    [`${dev}:${ino}`, `${dev}:${ino + 1}`, undefined].map((stream) => isJournal(file, stream)),
    [true, false, false],
  );
  closeSync(file);
  rmSync(folder, { recursive: true });
});

test.run();
