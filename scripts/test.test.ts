import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const RUNNER = join(import.meta.dirname, 'test.ts');
const USAGE =
  /^usage: npm test \[-- PATTERN… .*\n.*npm run test:all .*\n.*part of the path of a test file, for example scripts\/start\.\n$/;

type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string };

async function run(...args: string[]): Promise<Outcome> {
  const ended = promisify(execFile)(process.execPath, [RUNNER, ...args]);
  return ended.then(
    (said) => ({ code: 0, ...said }),
    (error: Outcome) => error,
  );
}

test('a pattern that no test file matches is named, and the run fails', async () => {
  const { code, stdout } = await run('scripts/no-such-file');
  assert.is(code, 1);
  assert.match(stdout, 'No test file matches scripts/no-such-file:');
});

test('--help gives the usage, and an option that does not exist is named above it', async () => {
  const help = await run('--help');
  assert.is(help.code, 0);
  assert.match(help.stdout, USAGE);
  const { code, stderr } = await run('--nonsense');
  assert.is(code, 2);
  const [first, ...rest] = stderr.split('\n');
  assert.is(first, "Unknown option '--nonsense'.");
  assert.match(rest.join('\n'), USAGE);
});

test.run();
