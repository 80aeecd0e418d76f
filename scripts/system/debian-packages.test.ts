/** An installation that a person interrupts, with a program in the place of apt-get. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { skipped } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';

const MODULE = new URL('./debian-packages.ts', import.meta.url).href;
/** Notes what it was called with, and is at work until it is told to end or nobody listens. */
const APT = '#!/bin/sh\necho "$1" >> "$(dirname "$0")/calls"\nexec cat > /dev/null\n';
const PROGRAM = `import { installDebianPackages } from '${MODULE}';
  const request = { packages: ['none'], services: [], purpose: 'a test' };
  console.log((await installDebianPackages(request)).because);`;

if (process.getuid?.() !== 0) skipped('an interrupted installation', 'installing needs the rights of root');
else
  test('apt is not started again where it was interrupted', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'relay-apt-'));
    const calls = (): Promise<string> => readFile(join(folder, 'calls'), 'utf8').catch(() => '');
    await writeFile(join(folder, 'apt-get'), APT, { mode: 0o755 });
    const installing = spawn(process.execPath, ['--eval', PROGRAM], {
      env: { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` },
    });
    const said = text(installing.stdout);
    const ended = once(installing, 'exit');
    try {
      await until('apt is at work', calls);
      installing.kill('SIGINT');
      await Promise.race([ended, until('apt is started again', async () => (await calls()) !== 'install\n')]);
      assert.is(await calls(), 'install\n');
      assert.is(await said, 'the installation was interrupted\n');
    } finally {
      installing.stdin.end();
      await ended;
      await rm(folder, { recursive: true });
    }
  });

test.run();
