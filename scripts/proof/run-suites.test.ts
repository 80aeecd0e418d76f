/** The runner of the tests, run on tests that fail, skip and prove nothing: each is told for what it is. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SuiteReport, Told } from './run-suites.ts';

const RUNNER = fileURLToPath(new URL('./run-suites.ts', import.meta.url));
const ENVIRONMENT = new URL('../../shared/testing/environment.ts', import.meta.url).href;
const HEAD = `
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip } from '${ENVIRONMENT}';
const test = suite('an inner suite');
`;

const test = suite('the runner of the tests');
let folder = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relay-runner-'));
});
test.after(() => rm(folder, { recursive: true, force: true }));

type Ran = { report: SuiteReport; reports: SuiteReport[]; printed: string };

async function write(name: string, tests: string): Promise<string> {
  const file = join(folder, `${name}.test.ts`);
  await writeFile(file, tests);
  return file;
}

/** The report on one file of tests, and what was printed. */
async function run(name: string, tests: string, more: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return runAll([await write(name, `${HEAD}${tests}\ntest.run();\n`)], more);
}

/** In one process. */
async function runAll(files: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ran> {
  // Traces of tests that fail on purpose go with the folder.
  const env = { ...process.env, RELAY_TEST_FAILURES: join(folder, 'failures'), ...more };
  const runner = fork(RUNNER, files, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const pieces: Buffer[] = [];
  for (const stream of [runner.stdout!, runner.stderr!])
    stream.on('data', (piece: Buffer) => pieces.push(piece));
  const reports: SuiteReport[] = [];
  runner.on('message', (told: Told) => void (told.kind === 'report' && reports.push(told.report)));
  await once(runner, 'close');
  return { report: reports[0]!, reports, printed: Buffer.concat(pieces).toString() };
}

const TWO = `test('one', () => assert.ok(true)); test('two', () => assert.ok(true));`;
const counts = ({ passed, failed, skips }: SuiteReport) => [passed, failed, skips.length];

test('tests that hold, one that does not, one that asserts nothing, one that skips itself', async () => {
  const { report, printed } = await run(
    'mixed',
    `${TWO} test('three', () => assert.ok(false)); test('four', () => {}); test('five', () => skip('it', 'no reason'));`,
  );
  assert.equal(counts(report), [2, 2, 1]);
  assert.match(printed, 'without an assertion');
  assert.equal(report.failures, ['three', 'four']);
});

test('a test that no run() follows, or that only leaves out, fails', async () => {
  const one = `test('one', () => assert.ok(true));`;
  const never: readonly string[] = [
    `${one} test.run(); test('two', () => assert.ok(true));`,
    `${one} suite('another')('two', () => assert.ok(true)); test.run();`,
    `test('two', () => assert.ok(true)); test.only('one', () => assert.ok(true)); test.run();`,
  ];
  for (const [nth, tests] of never.entries()) {
    const file = await write(`never-${nth}`, `${HEAD}${tests}`);
    const { report, printed } = await runAll([file]);
    assert.equal([report.passed, report.failed, report.failures], [1, 1, ['two (never run)']], tests);
    assert.match(printed, /never run.*: two/);
  }
});

test('a test that is registered once the files are loaded fails, within a test and beside it', async () => {
  const inner = `const inner = suite('inner'); inner('two', () => assert.is(1, 2)); inner.run();`;
  const within = await run('within', `test('one', () => { assert.ok(true); ${inner} });`);
  assert.equal([within.report.passed, within.report.failed], [0, 1]);
  const beside = await run('beside', `test('one', () => assert.ok(true)); setImmediate(() => { ${inner} });`);
  assert.match(beside.printed, /Outside of the tests of .*"two" was registered after its file was loaded/);
});

test('an assertion that an earlier test left behind does not count for the next; a thrown text fails', async () => {
  const leaves = `test('one', async () => { assert.ok(true); setTimeout(() => assert.ok(true), 5); });`;
  const next = `test('two', () => new Promise((resolve) => setTimeout(resolve, 30)));`;
  const { report, printed } = await run(
    'leaves',
    `${leaves} ${next} test('three', () => { throw 'a text'; });`,
  );
  assert.equal([report.passed, report.failures], [1, ['two', 'three']]);
  assert.match(printed, /'a text' was thrown/);
});

test('an error after the last test is kept whole, with its values, before the process ends', async () => {
  const late = `setImmediate(() => assert.equal({ a: 'x'.repeat(9e5) }, { a: 2 }));`;
  await run('late', `test('one', () => { assert.ok(true); ${late} });`);
  const below = await readdir(join(folder, 'failures'), { recursive: true });
  const at = below.find((path) => /late.test.ts\/outside-of-its-tests\/error.txt$/.test(path));
  const words = await readFile(join(folder, 'failures', at!), 'utf8');
  assert.match(words, /outside of its tests\n\n.*Assertion/);
  assert.match(words, /expects: \{ a: 2 \}/);
});

test('a suite that two files share: the failed preparation of one leaves the other alone', async () => {
  const head = `import { test } from 'uvu'; import * as assert from 'uvu/assert';`;
  const failing = await write(
    'first',
    `${head} test.before(() => { throw new Error('no'); }); test('one', () => assert.ok(true)); test.run();`,
  );
  const next = await write('next', `${head} test('two', () => assert.ok(true)); test.run();`);
  const unrun = await write('unrun', `${head} test.only('left', () => { throw new Error('no'); });`);
  const { reports } = await runAll([failing, unrun, next]);
  assert.equal(reports.map(counts), [
    [0, 1, 0],
    [0, 1, 0],
    [1, 0, 0],
  ]);
});

test('all that a file prints arrives', async () => {
  const { printed } = await run(
    'long',
    `test('one', () => { assert.ok(true); process.stdout.write('x'.repeat(3_000_000)); });`,
  );
  assert.is([...printed.matchAll(/x{1000}/g)].length, 3000);
});

test('a suite whose preparation fails: each of its tests fails, and the error is printed', async () => {
  const failing = `test.before(() => { throw new Error('the server does not start'); });`;
  const { report, printed } = await run('prepared', `${failing} ${TWO}`);
  assert.equal(counts(report), [0, 2, 0]);
  assert.match(printed, 'the server does not start');
});

test('a test that needs a program which is not there is skipped by name; one that needs a file is not', async () => {
  const head = `import { execFileSync } from 'node:child_process';
    const start = () => void execFileSync('relay-no-such-program');`;
  const why = 'relay-no-such-program is not installed';
  const { report } = await run(
    'absent',
    `${head} test('one', start); test('two', () => void execFileSync('/no/such/program'));`,
  );
  assert.equal([report.failures, report.skips], [['two'], [{ what: 'one', why }]]);
  for (const hook of ['before', 'before.each']) {
    const tidying = `let made; test.${hook}(() => { start(); made = {}; });
      test.${hook.replace('before', 'after')}(() => made.close());`;
    const { report: hooked } = await run(`absent-${hook}`, `${head} ${tidying} ${TWO}`);
    assert.equal([hooked.failures, hooked.skips.map((skip) => skip.why)], [[], [why, why]], hook);
  }
});

test('a suite whose preparation skips: each of its tests is skipped', async () => {
  const { report } = await run('skipped', `test.before(() => skip('a part', 'it is not here')); ${TWO}`);
  assert.equal(counts(report), [0, 0, 2]);
  assert.equal(report.skips[0], { what: 'a part', why: 'it is not here' });
});

test('an error while a suite tidies up is one more failure, is printed, and stops nothing', async () => {
  for (const hook of ['after', 'after.each']) {
    const failing = `test.${hook}(() => { throw new Error('the server does not stop'); });`;
    const { report, printed } = await run(`${hook}-fails`, `test('one', () => assert.ok(true)); ${failing}`);
    assert.equal(counts(report), [1, 1, 0], hook);
    assert.match(printed, 'the server does not stop');
    assert.match(printed, 'Total:');
  }
});

test('random values are the same in every run, other ones in another file', async () => {
  const tells = `
    import { randomBytes, randomInt, randomUUID } from 'node:crypto';
    test('draws', () => {
      process.stdout.write(\`<\${[Math.random(), randomBytes(4).toString('hex'), randomInt(5, 900), randomUUID(), crypto.randomUUID()]}>\`);
      assert.ok(true);
    });`;
  const drawn = async (name: string): Promise<string> => /<(.*)>/.exec((await run(name, tells)).printed)![1]!;
  const first = await drawn('first');
  assert.match(first, /^0\.\d+,[0-9a-f]{8},\d+,[0-9a-f-]{14}4[0-9a-f-]{21},[0-9a-f-]{36}$/);
  assert.is(await drawn('first'), first);
  assert.is.not(await drawn('second'), first);
});

test('inputs of properties are the same in every run, other ones in another round', async () => {
  const tells = `
    import fc from '${import.meta.resolve('fast-check')}';
    test('generates', () => {
      const seen = [];
      fc.assert(fc.property(fc.integer(), (value) => { seen.push(value); }));
      process.stdout.write(\`<\${seen}>\`);
    });`;
  const drawn = async (round: string): Promise<string> =>
    /<(.*)>/.exec((await run('inputs', tells, { RELAY_TEST_ROUND: round })).printed)![1]!;
  const first = await drawn('1');
  assert.match(first, /^-?\d+(,-?\d+){99}$/);
  assert.is(await drawn('1'), first);
  assert.is.not(await drawn('2'), first);
});

test.run();
