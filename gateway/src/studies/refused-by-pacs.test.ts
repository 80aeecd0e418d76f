/** A study of which the PACS refused an instance for good, as every device of its account and the list see it. */
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { uploadStatusSchema } from '#shared/protocol/api.ts';
import { sentStudiesSchema, STUDY_STANDINGS } from '#shared/protocol/studies.ts';
import { assembledStudy } from '../testing/open-study.ts';
import { openTestGround, type TestGround, type TestPipeline } from '../testing/open-pipeline.ts';

const test = suite('a study of which the PACS refused an instance');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

/** Its standing, and the filters that find it. */
async function told(pipeline: TestPipeline, query = '?') {
  const ask = async (more: string) =>
    sentStudiesSchema.parse(await pipeline.json('GET', `/studies${query}${more}`)).studies;
  const found = [];
  for (const standing of STUDY_STANDINGS)
    if ((await ask(`&standing=${standing}`)).length > 0) found.push(standing);
  return [(await ask(''))[0]?.standing, ...found];
}

async function refusedStudy() {
  const opened = await assembledStudy(ground, 2);
  const { pipeline, pacs, instances, uploadId } = opened;
  pacs.failsOn.set(instances[0]!.identifiers.sopInstanceUID, 'refused');
  await pipeline.runAll();
  const { state, counts } = await pipeline.status(uploadId);
  assert.equal([state, counts.refused, counts.inPacs], ['closed', 1, 1]);
  return opened;
}

async function leaveOut(pipeline: TestPipeline, uploadId: string) {
  const path = `/upload/${uploadId}/status?instances=1`;
  const { instances = [] } = uploadStatusSchema.parse(await pipeline.json('GET', path));
  const open = instances.filter(({ state }) => state === 'refused');
  const body = JSON.stringify({ decision: 'leave-out', instances: open });
  const type = { 'content-type': 'application/json' };
  const answer = await pipeline.request('POST', `/upload/${uploadId}/decisions`, body, type);
  assert.is(answer.status, 200, await answer.text());
  await pipeline.runAll();
}

test('needs a person on every device of its account and in the list of the site, until somebody decides', async () => {
  const { pipeline, uploadId } = await refusedStudy();
  const { accountId } = pipeline;
  const waits = ['needs-you', 'needs-you'];
  pipeline.actAs(accountId, ['technician']);
  assert.equal(await told(pipeline), waits, 'signed in, on whatever device');
  pipeline.actAs(accountId, ['admin']);
  assert.equal(await told(pipeline, '?all=1'), waits);
  pipeline.actAs(accountId, ['technician']);
  await leaveOut(pipeline, uploadId);
  assert.equal(await told(pipeline), ['ended', 'ended']);
  await pipeline.close();
});

test('asks nobody about a promise that was given up, nor where the PACS has another version of the image', async () => {
  const { pipeline, studyId } = await refusedStudy();
  const refused = pipeline.tools.db
    .updateTable('instance')
    .where('study_id', '=', studyId)
    .where('state', '=', 'refused');
  await refused.set({ reason: 'never-arrived' }).execute();
  assert.equal(await told(pipeline), ['ended', 'ended']);
  const there = sql<string>`(select o.sop_instance_uid from instance o
    where o.study_id = ${studyId} and o.state = 'stored')`;
  await refused.set({ reason: 'already-here-other-boxes', sop_instance_uid: there }).execute();
  assert.equal(await told(pipeline), ['ended', 'ended']);
  await pipeline.close();
});

test.run();
