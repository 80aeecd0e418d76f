/** A stage that runs twice, or is killed between its effect and its commit (protocol/states.md, I7). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openTestGround, rollingBack, type TestGround } from '../testing/open-pipeline.ts';
import { assembledStudy } from '../testing/open-study.ts';
import { ROAD } from './pipeline.ts';

const test = suite('a study, when');
let shared: TestGround;
test.before(async () => {
  shared = await openTestGround();
});
test.after(() => shared.close());

type StageName = (typeof ROAD)[number]['stage'];

/** True: the stage was killed at its `nth` commit; false: it has fewer. */
async function killAt(stage: StageName, nth: number): Promise<boolean> {
  const { pipeline, pacs, uploadId, studyId } = await assembledStudy(shared);
  const { tools } = pipeline;
  // Killed: everything that the stage does happens, and its transaction is rolled back.
  const killed = { ...tools, db: rollingBack(tools.db, nth) };
  let wasKilled = false;
  for (const entry of ROAD) {
    if (entry.stage === stage)
      await pipeline.run(stage, studyId, killed).catch(() => {
        wasKilled = true;
      });
    await pipeline.run(entry.stage, studyId);
    await pipeline.run(entry.stage, studyId);
  }
  const status = await pipeline.status(uploadId);
  assert.equal([stage, status.state, status.counts.inPacs, status.revision], [stage, 'closed', 3, 1]);
  assert.ok(
    [...pacs.posted.values()].every((count) => count === 1),
    `${stage}: posted once`,
  );
  assert.is(
    (await tools.db.selectFrom('receipt').select('id').where('study_id', '=', studyId).execute()).length,
    1,
  );
  assert.equal(await tools.blobs.ids(), []);
  await pipeline.close();
  return wasKilled;
}

test('any stage runs twice, or is killed between what it did and any of its commits, the end is the same (I7)', async () => {
  const commits = new Map<StageName, number>();
  for (const { stage } of ROAD) {
    let nth = 0;
    while (await killAt(stage, nth)) nth += 1;
    commits.set(stage, nth);
  }
  // Assembly has run before the study gets here. Forward claims, writes the answers, and moves the study on.
  assert.equal(Object.fromEntries(commits), {
    assembly: 0,
    forward: 3,
    reconcile: 1,
    receipt: 1,
    eviction: 1,
  });
});

test.run();
