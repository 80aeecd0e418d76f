import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const run = promisify(execFile);
const LAB = fileURLToPath(new URL('./lab.ts', import.meta.url));

/** The stderr of the command before it exits with 1. */
async function refusalOf(args: readonly string[]): Promise<string> {
  const outcome = await run(process.execPath, [LAB, ...args]).catch((error) => error);
  assert.is(outcome.code, 1);
  return outcome.stderr;
}

test('without a name, or with one that does not exist, npm run lab lists every proof with a line', async () => {
  const list = await refusalOf([]);
  assert.is(await refusalOf(['nothing-like-it']), list);
  for (const name of [
    'bodies',
    'chaos',
    'contract',
    'deid-fuzz',
    'deid-score',
    'hostile',
    'lying-pacs',
    'mutants',
    'other-languages',
    'stress',
  ])
    assert.match(list, new RegExp(`^ {2}${name} +\\S.{10}`, 'm'));
  const silent = list.split('\n').filter((line) => /^ {2}\S+ *$/.test(line));
  assert.equal(silent, [], 'proofs without a description');
});

test('a proof gets the remaining arguments, and its exit code is that of the command', async () => {
  const command = [process.execPath, '-e', 'process.exit(7)'];
  const outcome = await run(process.execPath, [LAB, 'stress', '--processes', '1', '--', ...command]).catch(
    (error) => error,
  );
  assert.is(outcome.code, 7);
  assert.match(outcome.stderr, /^1 processes keep/m);
});

test.run();
