/** How packages are brought: by one at a time, whatever an earlier one left, and a failure takes nothing away. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import { SECRETS } from '../gateway/src/secret-settings.ts';

const test = suite<{ root: string }>('what brings the packages');

const OF_START = { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } };
const OF_TESTS = { 'node_modules/t': { version: '1.0.0', integrity: 'sha512-t', dev: true } };
/** In the place of npm: fails where another one is at work, and is killed, fails or never ends where it is told to. */
const NPM = `
import { rmSync, writeFileSync } from 'node:fs';
if (process.env.NPM_FAILS === 'killed') process.kill(process.pid, 'SIGKILL');
if (process.env.NPM_FAILS) { process.stderr.write('ENOTFOUND the registry'); process.exit(1); }
writeFileSync('at-work', String(process.pid), { flag: 'wx' });
if (process.env.NPM_HANGS) await new Promise((resolve) => setInterval(resolve, 2 ** 30));
const packages = ${JSON.stringify(OF_START)};
if (!process.argv.includes('--omit=dev')) Object.assign(packages, ${JSON.stringify(OF_TESTS)});
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

const argumentsOf = (root: string, script: string): string[] =>
  ['bootstrap.js', `${script}.ts`].map((name) => join(root, 'scripts', name));
const envOf = (root: string, more: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  npm_execpath: join(root, 'npm.js'),
  ...more,
});

async function run(root: string, script: string, more: NodeJS.ProcessEnv = {}): Promise<string> {
  const options = { cwd: root, env: envOf(root, more) };
  return promisify(execFile)(process.execPath, argumentsOf(root, script), options).then(
    ({ stdout }) => stdout.trim(),
    ({ stderr }: { stderr: string }) => stderr.trim(),
  );
}

test('a lock that says nothing, of a process that is gone, and of a number that was given again, holds nobody up', async ({
  root,
}) => {
  for (const left of ['', '999999 1', `${process.pid} 1`]) {
    await writeFile(join(root, '.runtime/lock-7'), left);
    await rm(join(root, 'node_modules/.package-lock.json'), { force: true });
    assert.is(await run(root, 'relay'), 'relay runs', left);
    assert.equal((await readdir(join(root, '.runtime'))).sort(), ['compiled', 'lock-8']);
    await rm(join(root, '.runtime/lock-8'));
  }
});

test('of several at once, beside a dead lock, one at a time is at work', async ({ root }) => {
  await writeFile(join(root, '.runtime/lock-1'), '999999 1');
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

const isWhole = async (root: string): Promise<boolean> =>
  (await readdir(join(root, 'node_modules'))).includes('.package-lock.json');

test('packages that a failed install has damaged do not count as whole', async ({ root }) => {
  assert.is(await run(root, 'relay'), 'relay runs');
  await run(root, 'test', { NPM_FAILS: 'killed' });
  assert.not(await isWhole(root), 'npm was killed, so it has taken nothing back');

  assert.is(await run(root, 'relay'), 'relay runs');
  await mkdir(join(root, 'node_modules/onnxruntime-node'));
  await writeFile(join(root, 'node_modules/onnxruntime-node/kept-for'), 'another-system');
  await run(root, 'relay', { NPM_FAILS: '1' });
  assert.not(await isWhole(root), 'the programs of another system were removed');
});

test('a list of packages that was cut off holds no start up', async ({ root }) => {
  await writeFile(join(root, 'node_modules/.package-lock.json'), '');
  assert.is(await run(root, 'relay'), 'relay runs');
});

test('an interrupted command ends when npm has ended', async ({ root }) => {
  const options = { cwd: root, env: envOf(root, { NPM_HANGS: '1' }) };
  const command = spawn(process.execPath, argumentsOf(root, 'relay'), options);
  const npm = await until('npm is at work', async () =>
    Number(await readFile(join(root, 'at-work'), 'utf8').catch(() => '')),
  );
  command.kill('SIGTERM');
  await once(command, 'exit');
  assert.throws(
    () => process.kill(npm, 0),
    ({ code }: NodeJS.ErrnoException) => code === 'ESRCH',
  );
});

test('keeps the secrets out of the environment that the gateway keeps out of its own', async () => {
  const source = await readFile(join(import.meta.dirname, 'bootstrap.js'), 'utf8');
  const kept = /^const SECRETS = \[(.*)\];$/m.exec(source)?.[1];
  assert.equal(kept?.replaceAll("'", '').split(', '), [...SECRETS]);
});

test.run();
