/**
 * A manifest of the largest size costs its length, whatever stands in it and however often it is said: nobody
 * else waits for it.
 */
import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Manifest } from '#shared/protocol/manifest.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openTestPipeline, type TestPipeline } from '../testing/open-pipeline.ts';

const test = suite('a manifest of 8 000 instances');
const LENGTH = 8_000;
/**
 * Code that compares each with each takes 20 times as long as the first time at this length; noise of a busy
 * machine stays below 4.
 */
const SLOWER = 4;
let pipeline: TestPipeline;
test.before(async () => {
  pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false });
});
test.after(() => pipeline.close());

function manifest(study: string, uidOf: (i: number) => string): Manifest {
  const instances = Array.from({ length: LENGTH }, (_, i) => ({
    sopInstanceUID: uidOf(i),
    seriesInstanceUID: `${study}.1`,
    sopClassUID: '1.2.840.10008.5.1.4.1.1.2',
    transferSyntaxUID: '1.2.840.10008.1.2.1',
    bytes: 10,
    digest: createHash('sha256').update(`${study} ${i}`).digest('hex'),
  }));
  return {
    protocolVersion: 1,
    policy: { name: 'identified', version: 1 },
    studyInstanceUID: study,
    instances,
  };
}

async function millisecondsOf(said: Manifest): Promise<number> {
  const began = performance.now();
  const { need, conflict } = await pipeline.init(said);
  assert.is(need.length + conflict.length, LENGTH);
  return performance.now() - began;
}

/** The least of them: something else may have the machine for a while. */
async function leastOf(manifests: readonly Manifest[]): Promise<number> {
  let least = Infinity;
  for (const said of manifests) least = Math.min(least, await millisecondsOf(said));
  return least;
}

const studyOf = (study: string): Manifest => manifest(study, (i) => `${study}.${i}`);

test('is answered again as quickly as at first, also together with another study', async () => {
  const first = await millisecondsOf(studyOf('1.2.1'));
  const others = ['1.2.2', '1.2.3', '1.2.4'].map(studyOf);
  const times = [await leastOf(Array.from({ length: 3 }, () => studyOf('1.2.1')))];
  for (let round = 0; round < 2; round += 1) times.push(await leastOf(others));
  assert.ok(
    times.every((ms) => ms < SLOWER * first),
    `${times.map(Math.round).join(', ')} ms after ${Math.round(first)}`,
  );
});

test('that all bear one UID is answered as quickly', async () => {
  const usual = await millisecondsOf(studyOf('1.2.5'));
  const ofOneUid = ['1.2.6', '1.2.7', '1.2.8'].map((study) => manifest(study, () => `${study}.1`));
  const times = [];
  for (let round = 0; round < 2; round += 1) times.push(await leastOf(ofOneUid));
  assert.ok(
    times.every((ms) => ms < SLOWER * usual),
    `${times.map(Math.round).join(', ')} ms, usually ${Math.round(usual)}`,
  );
});
test.run();
