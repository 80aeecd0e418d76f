/** The files of a run: by tier, by pattern, by what was changed. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SourceFile } from '../check/source-files.ts';
import { changedFiles, chooseFiles, findUnmatched, Misuse, type Choice } from './choose-files.ts';
import type { PartName } from './test-parts.ts';
import { tierOf } from './tier.ts';

const test = suite('the choice of test files');

test('a file waits for test:all where its first line says so, with a reason', () => {
  assert.is(tierOf('// test:all: a minute in each browser\nimport …'), 'all');
  for (const text of ['', '// test:all:\n', '// test:all: \n', '/** A test. */\n// test:all: too late\n'])
    assert.is(tierOf(text), 'gate', text);
});

const source = (path: string, targets: readonly string[] = [], text = ''): SourceFile => ({
  path,
  text,
  imports: targets.map((target) => ({ target, isPackage: false, kind: 'value' })),
});
const LATER = '// test:all: it takes long\n';
const SOURCES = [
  source('a/list/list.ts'),
  source('a/list/list.test.ts', ['a/list/list.ts']),
  source('a/case/case.ts', ['a/list/list.ts']),
  source('a/case/case.test.ts', ['a/case/case.ts']),
  source('a/case/slow.test.ts', ['a/case/case.ts']),
  source('a/case/stored.test.ts', ['a/case/case.ts']),
  source('a/case/case.e2e.ts', [], LATER),
  source('a/story.e2e.ts', [], LATER),
  source('a/alone.test.ts', [], 'import "./alone.css"; const worker = "./gone.worker.ts";'),
  source('b/far.test.ts'),
  source('b/far.e2e.ts', [], LATER),
  source('b/near.e2e.ts', ['a/list/list.ts'], LATER),
];
const DESCRIBE = {
  needs: (file: string): PartName[] => [file.includes('stored') ? 'postgres' : 'corpus'],
  seconds: (file: string) => (file.includes('slow') ? 9 : 1),
};
const chosen = async (choice: Partial<Choice>, changed: readonly string[] = []): Promise<string> => {
  const all = { tier: 'gate', patterns: [], changedSince: null, isQuick: false, ...choice } as const;
  const files = await chooseFiles(all, SOURCES, DESCRIBE, async () => new Set(changed));
  return files.map((file) => file.replace(/\.ts$/, '').split('/').at(-1)).join(' ');
};

const GATE = 'list.test case.test slow.test stored.test alone.test far.test';
const SECOND = 'case.e2e story.e2e far.e2e near.e2e';
const since = { changedSince: 'HEAD' };
const CHOICES: readonly [Partial<Choice>, readonly string[], string][] = [
  [{}, [], GATE],
  [
    { tier: 'all' },
    [],
    'list.test case.test slow.test stored.test case.e2e story.e2e alone.test far.test far.e2e near.e2e',
  ],
  [{ patterns: ['a/list', 'far.'] }, [], 'list.test far.test'],
  [{ isQuick: true }, [], 'list.test case.test alone.test far.test'],
  [since, [], ''],
  [since, ['a/list/list.ts'], 'list.test case.test slow.test stored.test'],
  [{ ...since, patterns: ['a/case'], isQuick: true }, ['a/list/list.ts'], 'case.test'],
  [since, ['b/far.test.ts'], 'far.test'],
  [since, ['package.json'], GATE],
  [since, ['scripts/proof/run-suites.ts'], GATE],
  [since, ['scripts/proof/weights.json', 'scripts/proof/tier.test.ts'], ''],
  [since, ['scripts/calibration.ts'], GATE],
  // Files of other kinds reach those that name them, and all where nobody does.
  [since, ['a/alone.css'], 'alone.test'],
  [since, ['a/unknown.onnx'], GATE],
  [since, ['docs/install.md', 'a/gone.ts'], ''],
  [since, ['a/gone.worker.ts'], 'alone.test'],
  // The second tier: its own files, in the rooms that the change reaches, above them, and along the imports.
  [{ ...since, tier: 'all' }, ['a/list/list.ts'], 'near.e2e case.e2e story.e2e'],
  [{ ...since, tier: 'all' }, ['b/far.test.ts'], ''],
  [{ ...since, tier: 'all' }, ['package-lock.json'], SECOND],
];

test('tier, patterns, quick and changes choose together', async () => {
  for (const [choice, changed, expected] of CHOICES)
    assert.is(await chosen(choice, changed), expected, JSON.stringify([choice, changed]));
});

test('a pattern that is part of no test file’s path is told', () => {
  assert.equal(findUnmatched(['case', 'list.ts', 'far'], SOURCES), ['list.ts']);
});

test('changes: committed since, not committed, and unknown to git; not what git ignores', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-changed-'));
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: folder });
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  const commit = (): void => {
    git('add', '.');
    git('commit', '-qm', 'a step');
  };
  try {
    git('init', '-q');
    await mkdir(join(folder, 'sub'));
    for (const name of ['same.ts', 'before.ts', 'sub/café.ts', '.gitignore']) await write(name, 'ignored.ts');
    commit();
    await write('before.ts', 'committed');
    commit();
    for (const name of ['sub/café.ts', 'sub/new.ts', 'ignored.ts']) await write(name, 'here');
    assert.equal([...(await changedFiles('HEAD', folder))].sort(), ['sub/café.ts', 'sub/new.ts']);
    const sinceFirst = [...(await changedFiles('HEAD~1', folder))].sort();
    const refused = await changedFiles('nothing', folder).catch((error: Error) => error);
    assert.match(
      refused instanceof Misuse ? refused.message : '',
      /^--changed=nothing: git says: fatal: Needed a single revision$/,
    );
    assert.equal(sinceFirst, ['before.ts', 'sub/café.ts', 'sub/new.ts']);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.run();
