// test:all: each case starts the whole command
/** The command of the tests as a person meets it: asked for help, for what does not exist, and interrupted. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('the command of the tests');
const BOOTSTRAP = join(import.meta.dirname, 'bootstrap.js');
const RUNNER = join(import.meta.dirname, 'test.ts');
const USAGE =
  /usage: npm test \[-- PATTERN… .*\n.*npm run test:all .*\n.*part of the path of a test file, for example scripts\/start\.\n$/;

/** In a process group of its own, as at a terminal. */
function start(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [BOOTSTRAP, RUNNER, '--no-install', ...args], {
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  return { child, ended: once(child, 'close'), printed: () => printed };
}

test('--help gives the usage', async () => {
  const { ended, printed } = start(['--help']);
  assert.equal(await ended, [0, null]);
  assert.match(printed(), USAGE);
});

const MISUSES: readonly [string[], string, NodeJS.ProcessEnv?][] = [
  [['scripts/lab.test', 'nosuch'], 'No path of a .test.ts or .e2e.ts file contains nosuch.'],
  [['--changed', 'main'], '--changed main is ambiguous: write --changed=main, or the pattern first.'],
  [['--changed=docs'], '--changed=docs: git says: fatal: Needed a single revision.'],
  [['--nosuch'], "Unknown option '--nosuch'."],
  [['--repeat', '1.5'], '--repeat 1.5: no number from 1 on.'],
  [[], 'RELAY_SEED abc: no number from 1 on.', { RELAY_SEED: 'abc' }],
];

test('a misuse is named above the usage, and nothing is run', async () => {
  for (const [args, says, env] of MISUSES) {
    const { ended, printed } = start(args, env);
    assert.equal(await ended, [2, null], args.join(' '));
    assert.is(printed().split('\n')[0], says);
    assert.match(printed(), USAGE);
  }
});

if (existsSync('/proc/self/task'))
  test('interrupted at a terminal, it ends what it began and says so', async () => {
    const { child, ended, printed } = start(['scripts/proof/schedule.test.ts', '--repeat', '1000000']);
    while (!printed().includes('the lanes of the runner')) await once(child.stdout, 'data');
    const runner = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')).trim();
    // A terminal tells the whole group, and bootstrap.js hands on what it is told.
    process.kill(-child.pid!, 'SIGINT');
    assert.equal(await ended, [130, null], printed());
    assert.match(printed(), 'Interrupted: ending what the tests started …');
    assert.throws(() => process.kill(-child.pid!, 0), /ESRCH/);
    const folders = (await readdir('/dev/shm')).filter((name) => name.startsWith(`relay-test-${runner}-`));
    assert.equal(folders, []);
  });

test.run();
