/** How packages are brought: by one at a time, whatever an earlier one left, and a failure takes nothing away. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite<{ root: string }>('what brings the packages');

const OF_START = { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } };
const OF_TESTS = { 'node_modules/t': { version: '1.0.0', integrity: 'sha512-t', dev: true } };
/** In the place of npm: fails where another one is at work, or where it is told to. */
const NPM = `
import { openSync, rmSync, writeFileSync } from 'node:fs';
if (process.env.NPM_FAILS) { process.stderr.write('ENOTFOUND the registry'); process.exit(1); }
openSync('at-work', 'wx');
const packages = process.argv.includes('--omit=dev') ? ${JSON.stringify(OF_START)} : ${JSON.stringify({ ...OF_START, ...OF_TESTS })};
writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages }));
rmSync('at-work');`;

test.before.each(async (context) => {
  const root = await mkdtemp(join(tmpdir(), 'relay-bootstrap-'));
  context.root = root;
  for (const folder of ['scripts', 'node_modules', '.runtime']) await mkdir(join(root, folder));
  await copyFile(join(import.meta.dirname, 'bootstrap.js'), join(root, 'scripts/bootstrap.js'));
  const packages = { '': {}, ...OF_START, ...OF_TESTS };
  await writeFile(join(root, 'package-lock.json'), JSON.stringify({ packages }));
  await writeFile(join(root, 'package.json'), '{"type":"module"}');
  await writeFile(join(root, 'npm.js'), NPM);
  for (const name of ['relay', 'test'])
    await writeFile(join(root, `scripts/${name}.ts`), `console.log('${name} runs');`);
});
test.after.each(({ root }) => rm(root, { recursive: true, force: true }));

async function run(root: string, script: string, more: NodeJS.ProcessEnv = {}): Promise<string> {
  const { PATH } = process.env;
  const env = { PATH, npm_execpath: join(root, 'npm.js'), ...more };
  const args = [join(root, 'scripts/bootstrap.js'), join(root, `scripts/${script}.ts`)];
  return promisify(execFile)(process.execPath, args, { cwd: root, env }).then(
    ({ stdout }) => stdout.trim(),
    ({ stderr }: { stderr: string }) => stderr.trim(),
  );
}

test('a lock that says nothing, of a process that is gone, and of a number that was given again, holds nobody up', async ({
  root,
}) => {
  for (const left of ['', '999999 1', `${process.pid} 1`]) {
    await writeFile(join(root, '.runtime/lock'), left);
    await rm(join(root, 'node_modules/.package-lock.json'), { force: true });
    assert.is(await run(root, 'relay'), 'relay runs', left);
    assert.equal(await readdir(join(root, '.runtime')), ['compiled']);
  }
});

test('of several at once, beside a dead lock, one at a time is at work', async ({ root }) => {
  await writeFile(join(root, '.runtime/lock'), '999999 1');
  const all = ['test', 'relay', 'test', 'relay'].map((script) => run(root, script));
  assert.equal((await Promise.all(all)).sort(), ['relay runs', 'relay runs', 'test runs', 'test runs']);
});

test('without a network, what is enough for a start stays so', async ({ root }) => {
  assert.is(await run(root, 'relay'), 'relay runs');
  const whole = () => readFile(join(root, 'node_modules/.package-lock.json'), 'utf8');
  const before = await whole();
  assert.match(await run(root, 'test', { NPM_FAILS: '1' }), 'The npm registry cannot be reached');
  assert.is(await whole(), before);
  assert.is(await run(root, 'relay', { NPM_FAILS: '1' }), 'relay runs');
});

test.run();
