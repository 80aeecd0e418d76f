/** The words to systemd, as `systemd-notify` gets them. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import { systemdService } from './tell-systemd.ts';

const test = suite<{ folder: string }>('words to systemd');
test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'relay-notify-'));
});
test.after.each(({ folder }) => rm(folder, { recursive: true, force: true }));

const STAND_IN = '#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> "$0.told"\n';
const quiet = (line: string): void => assert.unreachable(line);

test('readiness, the end and answers are told, answers once in a quarter of systemd’s time; children know nothing of it', async ({
  folder,
}) => {
  await writeFile(join(folder, 'systemd-notify'), STAND_IN, { mode: 0o755 });
  const env: NodeJS.ProcessEnv = { PATH: folder, NOTIFY_SOCKET: '/socket', WATCHDOG_USEC: '36000000000' };
  const service = systemdService({ ...env, WATCHDOG_PID: '1' }, quiet);
  const told = async () =>
    (await readFile(join(folder, 'systemd-notify.told'), 'utf8').catch(() => '')).split('\n');
  const untilTold = (what: string) => until(what, async () => (await told()).includes(`/socket ${what}`));
  service.ready();
  await untilTold('READY=1 STATUS=Ready.');
  service.alive();
  await untilTold('WATCHDOG=1');
  service.alive();
  service.ending();
  await untilTold('STOPPING=1');
  assert.is((await told()).filter((line) => line.includes('WATCHDOG')).length, 1);
  systemdService(env, quiet);
  assert.equal(env, { PATH: folder });
});

test('without systemd nothing is started, and a missing systemd-notify is told once', async ({ folder }) => {
  const outside = systemdService({ PATH: folder }, quiet);
  outside.ready();
  outside.alive();
  const said: string[] = [];
  const service = systemdService({ PATH: folder, NOTIFY_SOCKET: '/socket' }, (line) => void said.push(line));
  service.ready();
  service.ending();
  await until('the words', () => said.length > 0);
  assert.match(said.join(), /^systemd is not told .*ENOENT/);
});

test.run();
