/** Each rule about imports is noticed when it is broken. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkImports } from './imports.ts';
import { readSources } from './source-files.ts';
import type { Import, SourceFile } from './source-files.ts';

function file(path: string, ...targets: string[]): SourceFile {
  const imports = targets.map(
    (target): Import => ({ target, isPackage: !target.endsWith('.ts'), kind: 'value' }),
  );
  return { path, text: '', imports };
}

/** The findings about one import, in a tree where both files exist. */
const finding = (path: string, target: string): string =>
  checkImports([file(path, target), ...(target.endsWith('.ts') ? [file(target)] : [])]).join('\n');

const BROKEN: readonly [string, string, RegExp][] = [
  ['client/src/app/a.ts', 'gateway/src/b.ts', /client imports itself and shared only/],
  ['gateway/src/a.ts', 'client/src/b.ts', /gateway imports itself and shared only/],
  ['shared/src/dicom/a.ts', 'gateway/src/b.ts', /shared\/src imports neither side/],
  ['shared/src/dicom/a.ts', 'node:fs', /imports no node:/],
  ['gateway/src/a.ts', 'shared/testing/b.ts', /serves tests and benches only/],
  ['shared/src/protocol/a.ts', 'shared/src/dicom/part10.ts', /shared\/src\/protocol may not import/],
  ['gateway/src/pipeline/verify/a.ts', 'gateway/src/pipeline/forward/b.ts', /the stage forward/],
  ['gateway/src/cases/a.ts', 'gateway/src/pipeline/forward/b.ts', /the stage forward/],
  [
    'gateway/src/pipeline/stores/a.ts',
    'gateway/src/pipeline/plan/b.ts',
    /does not let gateway\/src\/pipeline\/stores/,
  ],
  ['gateway/src/pipeline/copies/a.ts', 'gateway/src/pipeline/forward/b.ts', /the stage forward/],
  ['gateway/src/ports/pacs/a.ts', 'gateway/src/auth/b.ts', /nothing else of the gateway/],
  ['gateway/src/cases/a.ts', 'gateway/src/ports/pacs/stow-pacs.ts', /only gateway\.ts picks adapters/],
  ['client/src/pipeline/queue/a.ts', 'client/src/pipeline/upload/b.ts', /the queue imports neither/],
  ['client/src/kit/a.ts', 'client/src/net/b.ts', /kit imports nothing else of the client/],
  ['client/src/net/a.ts', 'client/src/pipeline/queue/b.ts', /net imports kit and nothing else/],
  ['client/src/results/a.ts', 'client/src/app/b.ts', /only main\.tsx imports app/],
  [
    'client/src/pipeline/ingest/a.ts',
    'client/src/results/b.ts',
    /does not let client\/src\/pipeline\/ingest/,
  ],
  ['gateway/src/pipeline/verify/a.ts', 'gateway/src/uploads/b.ts', /does not let gateway\/src\/pipeline/],
  ['gateway/src/http/a.ts', 'gateway/src/results/b.ts', /does not let gateway\/src\/http/],
  ['gateway/src/new/a.ts', 'gateway/src/http/b.ts', /a room without a line/],
  ['gateway/src/cases/a.ts', 'gateway/src/reviews/b.ts', /does not let gateway\/src\/cases/],
  ['client/src/cases/parts/a.ts', 'client/src/cases/b.ts', /does not let client\/src\/cases\/parts/],
  ['client/src/app/a.ts', 'dexie', /dexie has one door/],
  ['gateway/src/auth/a.ts', 'pg', /pg has one door/],
  ['scripts/lab/a.ts', 'gateway/src/database/embedded/b.ts', /talk to the gateway as a process/],
];

for (const [path, target, expected] of BROKEN) {
  test(`${path} may not import ${target}`, () => assert.match(finding(path, target), expected));
}

test('the gateway’s main thread reaches nothing that reads instances, however long the way is', () => {
  const way = ['gateway/src/main.ts', 'gateway/src/http/a.ts', 'shared/src/dicom/part10.ts'];
  const files = way.map((path, at) => file(path, ...way.slice(at + 1, at + 2)));
  assert.match(checkImports(files).join('\n'), /main\.ts → .*a\.ts → .*part10\.ts: a thread of its own/);
  const named: Import = { target: way[1]!, isPackage: false, kind: 'url' };
  assert.equal(checkImports([{ ...file(way[0]!), imports: [named] }, ...files.slice(1)]), []);
});

test('the program that runs before the packages are there reaches none', () => {
  const needs = (target: string): string =>
    checkImports([
      file('scripts/bring-pacs.ts', 'scripts/system/orthanc.ts'),
      file('scripts/system/orthanc.ts', target),
    ]).join('\n');
  assert.is(needs('node:fs'), '');
  assert.match(needs('zod'), /bring-pacs\.ts → .*orthanc\.ts → zod: npm may still be bringing the packages/);
});

test('a room imports those before it', () => {
  assert.is(finding('gateway/src/reviews/a.ts', 'gateway/src/cases/b.ts'), '');
  assert.is(finding('client/src/cases/a.ts', 'client/src/cases/parts/b.ts'), '');
  assert.is(finding('gateway/src/pipeline/verify/a.ts', 'gateway/src/pipeline/stores/b.ts'), '');
});

test('tests may look at the product from outside', () => {
  assert.is(finding('client/src/app/a.e2e.ts', 'scripts/system/orthanc.ts'), '');
});

test('tests get the embedded PostgreSQL', () => {
  assert.is(finding('scripts/system/postgres.ts', 'gateway/src/database/embedded/b.ts'), '');
});

test('imports are seen as the house writes them', async () => {
  const here = (await readSources()).find(({ path }) => path === 'scripts/check/imports.test.ts');
  assert.equal(
    here?.imports.map(({ target, kind }) => `${kind} ${target}`),
    [
      'value uvu',
      'value uvu/assert'.split('/')[0],
      'value scripts/check/imports.ts',
      'value scripts/check/source-files.ts',
      'type scripts/check/source-files.ts',
    ],
  );
});

test.run();
