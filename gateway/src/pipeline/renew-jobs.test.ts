/** Nothing is stuck: a study continues from its state alone, whatever became of its jobs and of the clocks. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sql } from 'kysely';
import { STUDY_STATES, type StudyState } from '#shared/protocol/study-state.ts';
import { mendDates } from '../jobs/job-rows.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openTestPipeline, type TestPipeline } from '../testing/open-pipeline.ts';
import { newStudy, studyIdOf } from '../testing/open-study.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { renewJobs } from './renew-jobs.ts';
import { ROAD, runParcel, startPipeline } from './pipeline.ts';

const test = suite('a study continues');
const { signal } = new AbortController();

/** A study that all was sent of, and that has come as far as this state; nothing of it is enqueued. */
async function studyIn(state: StudyState | 'unverified') {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false });
  const instances = newStudy();
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  const studyId = await studyIdOf(pipeline, uploadId);
  if (state !== 'unverified') await moveTo(pipeline, studyId, state);
  await sql`delete from jobs.job`.execute(pipeline.tools.db);
  return { pipeline, pacs, uploadId, studyId };
}

async function moveTo(pipeline: TestPipeline, studyId: string, state: StudyState): Promise<void> {
  for (const { id } of await pipeline.tools.db.selectFrom('parcel').select('id').execute())
    await runParcel(id, pipeline.tools, signal);
  for (const { stage, when } of ROAD) {
    if (when === state) return;
    await pipeline.run(stage, studyId);
  }
}

for (const state of ['unverified', ...STUDY_STATES.filter((one) => one !== 'held')] as const)
  test(`when the gateway starts, from ${state} and without a job`, async () => {
    const { pipeline, pacs, uploadId } = await studyIn(state);
    await startPipeline(pipeline.tools, pipeline.jobs);
    await pipeline.until(uploadId, (status) => status.state === 'closed');
    assert.equal([...pacs.posted.values()], [1, 1, 1], 'each was posted once');
    await pipeline.close();
  });

test('by one job, and no job or date holds it up (I17), however often the state is looked at, and a job that waits keeps its time', async () => {
  const { pipeline } = await studyIn('assembled');
  const { tools, jobs } = pipeline;
  const rows = async () =>
    (await sql<{ name: string; at: Date }>`select name, start_after as at from jobs.job`.execute(tools.db))
      .rows;
  for (let round = 0; round < 3; round += 1) await renewJobs(tools, jobs, ROAD);
  assert.equal(
    (await rows()).map(({ name }) => name),
    ['forward'],
  );
  await sql`update jobs.job set start_after = start_after + interval '30 seconds'`.execute(tools.db);
  const [waiting] = await rows();
  await renewJobs(tools, jobs, ROAD);
  assert.equal(await rows(), [waiting]);
  await pipeline.close();
});

test('only when all that it promised is here', async () => {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false });
  await pipeline.init(toManifest(newStudy()));
  await sql`delete from jobs.job`.execute(pipeline.tools.db);
  await renewJobs(pipeline.tools, pipeline.jobs, ROAD);
  assert.equal((await sql`select 1 from jobs.job`.execute(pipeline.tools.db)).rows, []);
  await pipeline.close();
});

const YEAR_MS = 365 * 24 * 3_600_000;
const STEPS: Readonly<Record<string, number>> = {
  '2 hours ahead': 7_200_000,
  '2 hours behind': -7_200_000,
  'a year ahead': YEAR_MS,
  'a year behind': -YEAR_MS,
};

for (const [name, stepMs] of Object.entries(STEPS))
  test(`after the gateway's and the database's clocks were ${name} while it waited for the PACS`, async () => {
    let moved = 0;
    const pacs = openTestPacs();
    pacs.lie = 'down';
    const now = () => new Date(Date.now() + moved);
    const pipeline = await openTestPipeline({ pacs, now, pace: { pollSeconds: 0.5 } });
    const { db } = pipeline.tools;
    const instances = newStudy();
    const { uploadId } = await pipeline.init(toManifest(instances));
    await pipeline.send(uploadId, instances);
    await pipeline.until(uploadId, (status) => status.waiting?.because === 'pacs-unreachable');
    moved = stepMs;
    // Rows that were written while the clock was wrong.
    await sql`update jobs.job set start_after = start_after + ${stepMs} * interval '1 ms' where state < 'active'`.execute(
      db,
    );
    await sql`update study set waiting_since = waiting_since + ${stepMs} * interval '1 ms'`.execute(db);
    moved = 0;
    pacs.lie = 'honest';
    await mendDates(db);
    await pipeline.until(uploadId, (status) => status.state === 'closed');
    assert.equal([...pacs.posted.values()], [1, 1, 1]);
    await pipeline.close();
  });

test.run();
