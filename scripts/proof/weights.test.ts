/** The weights that a run keeps. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FileReport } from './test-processes.ts';
import { keepWeights, readWeights } from './weights.ts';

const test = suite('the weights of test files');

const of = (
  file: string,
  ms: number,
  more: Partial<Pick<FileReport, 'passed' | 'failed' | 'skips' | 'note'>> = {},
): FileReport => ({
  ...{ file, ms, cpuMs: 0, passed: 1, failed: 0, failures: [], skips: [], note: null },
  ...more,
});
const REPORTS = [
  of('ran.test.ts', 2345),
  of('new.e2e.ts', 70_004),
  of('killed.test.ts', 1, { passed: 0, failed: 1, note: 'killed after 1 s' }),
  of('skipped.test.ts', 1, { passed: 0, skips: [{ what: 'a part', why: 'it is not here' }] }),
];
const BEFORE = { 'ran.test.ts': 1, 'killed.test.ts': 8, 'skipped.test.ts': 9, 'other.test.ts': 3 };
const WITH_REMOVED = { ...BEFORE, 'removed.test.ts': 4 };
const FILES = [...Object.keys(BEFORE), 'new.e2e.ts', 'never.test.ts', 'never.e2e.ts'];

test('measurements replace, files that did not run to their end keep theirs, removed files go', async () => {
  const root = await mkdtemp(join(tmpdir(), 'relay-weights-'));
  const ofRepository = join(root, 'scripts/proof/weights.json');
  const ofMachine = join(root, 'out/weights.json');
  const kept = async (place: string) => JSON.parse(await readFile(place, 'utf8'));
  try {
    await mkdir(join(root, 'scripts/proof'), { recursive: true });
    await writeFile(ofRepository, JSON.stringify(WITH_REMOVED));
    await keepWeights(REPORTS, FILES, { isForRepository: false, root });
    assert.equal(await kept(ofMachine), { 'new.e2e.ts': 70, 'ran.test.ts': 2.35 });
    assert.equal(await kept(ofRepository), WITH_REMOVED);

    const seconds = await readWeights(root);
    assert.equal(FILES.map(seconds), [2.35, 8, 9, 3, 70, 0.5, 20]);

    await keepWeights(REPORTS, FILES, { isForRepository: true, root });
    assert.equal(await kept(ofRepository), { ...BEFORE, 'ran.test.ts': 2.35, 'new.e2e.ts': 70 });
    assert.equal(await readdir(join(root, 'out')), ['weights.json']);
  } finally {
    await rm(root, { recursive: true });
  }
});

test.run();
