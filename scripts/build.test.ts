/** A build that is given up: its caller hears of the end when the builder has ended. */
import { readdir, readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import { buildWebApp } from './build.ts';

const test = suite('building the web app');

async function builders(): Promise<string[]> {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(
    all.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return commands.filter((command) => command.includes(`dist-${process.pid}`));
}

test('a build that is given up has ended when its caller is told', async () => {
  const giveUp = new AbortController();
  const told = buildWebApp(false, giveUp.signal).catch((error: Error) => error);
  await until('the builder is at work', async () => (await builders()).length > 0);
  giveUp.abort(new Error('given up'));
  assert.is(await told, giveUp.signal.reason);
  assert.equal(await builders(), []);
});

test.run();
