/**
 * A manifest costs its length, whatever stands in it and however often it is said: nobody else waits for one of the
 * largest size.
 */
import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Manifest } from '#shared/protocol/manifest.ts';
import { callsOf, rowsOf } from '../testing/count-work.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openTestPipeline, type TestPipeline } from '../testing/open-pipeline.ts';

const test = suite('a large manifest');
const LENGTH = 1_000;
/** Twice the length costs twice as much; code that compares each with each, four times. */
const TIMES = 2.5;
let pipeline: TestPipeline;
test.before(async () => {
  pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false });
});
test.after(() => pipeline.close());

function manifest(study: string, length: number, uidOf: (i: number) => string): Manifest {
  const instances = Array.from({ length }, (_, i) => ({
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

let studies = 0;
async function open(said: Manifest): Promise<void> {
  const { need, conflict } = await pipeline.init(said);
  assert.is(need.length + conflict.length, said.instances.length);
}

/** `of`: a manifest of this study and length. */
async function costsItsLength(of: (study: string, length: number) => Manifest): Promise<void> {
  for (const [what, count] of Object.entries({ calls: callsOf, rows: rowsOf })) {
    studies += 1;
    const once = of(`1.2.${studies}`, LENGTH);
    const twice = of(`1.2.${studies}.2`, 2 * LENGTH);
    for (const time of ['at first', 'again']) {
      const cost = await count(() => open(once));
      const doubled = await count(() => open(twice));
      assert.ok(cost > LENGTH, `${cost} ${what} ${time}`);
      assert.ok(doubled < TIMES * cost, `${cost} ${what} ${time}, and ${doubled} for twice the length`);
    }
  }
}

test('costs its length, at first and when it is said again', () =>
  costsItsLength((study, length) => manifest(study, length, (i) => `${study}.${i}`)));

test('costs its length where all instances bear one UID', () =>
  costsItsLength((study, length) => manifest(study, length, () => `${study}.1`)));
test.run();
