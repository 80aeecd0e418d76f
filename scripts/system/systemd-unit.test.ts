/** The unit file as systemd's own programs judge it, without a running systemd. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { skip } from '#testing/environment.ts';
import { findSystemd, readUnit, UNIT } from '#testing/unit-file.ts';
import { ROOT } from '../check/source-files.ts';

function analyze(...words: readonly string[]): void {
  if (findSystemd() === null) skip('the unit file, judged by systemd', 'systemd is not installed');
  const { status, stdout, stderr } = spawnSync('systemd-analyze', words, { encoding: 'utf8' });
  assert.equal([status, stderr.trim()], [0, ''], stdout);
}

test('the unit file is valid for systemd', () => analyze('verify', '--man=no', UNIT));

test('the unit file exposes the machine by 2.5 of 10 at most', () =>
  analyze('security', '--offline=true', '--threshold=25', UNIT));

test('the unit starts scripts of this repository, beats more often than systemd waits, and keeps data apart', () => {
  const unit = readUnit({ S: '/var/lib', C: '/var/cache' });
  const [start] = unit.get('ExecStart')!;
  const scripts = start!.split(' ').filter((word) => /\.[jt]s$/.test(word));
  assert.equal(scripts, ['scripts/bootstrap.js', 'scripts/start.ts']);
  for (const script of scripts) assert.ok(existsSync(join(ROOT, script)), script);
  assert.equal([unit.get('Type'), unit.get('WatchdogSec')], [['notify'], ['3min']]);
  assert.match(unit.get('Environment')!.join(), 'RELAY_DATA_DIR=/var/lib/relaypacs ');
  assert.equal(unit.get('StateDirectory'), ['relaypacs']);
});

test.run();
