/** Where a study stands as a whole: what waits for a person, and what several devices of its sender have brought. */
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { uploadStatusSchema } from '#shared/protocol/api.ts';
import { sentStudiesSchema, STUDY_STANDINGS } from '#shared/protocol/studies.ts';
import type { Withheld } from '#shared/protocol/withheld.ts';
import { addAccount, addDevice } from '../testing/add-account.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openTestPipeline, type TestPipeline } from '../testing/open-pipeline.ts';
import { newStudy, studyIdOf } from '../testing/open-study.ts';
import { toManifest } from '../testing/pack-parcel.ts';

const test = suite('a study');
const pacs = openTestPacs();
let pipeline: TestPipeline;
test.before(async () => {
  pipeline = await openTestPipeline({ pacs, start: false });
});
test.after(() => pipeline.close());
test.before.each(() => asSender());

type Instances = ReturnType<typeof newStudy>;
const asSender = (device: string | null = null) => pipeline.actAs(pipeline.accountId, ['technician'], device);

async function deliver(instances: Instances, withheld?: Withheld) {
  const { uploadId } = await pipeline.init({ ...toManifest(instances), ...(withheld && { withheld }) });
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  return { uid: instances[0]!.identifiers.studyInstanceUID, uploadId };
}
const listed = async (uid: string, query = '') =>
  sentStudiesSchema.parse(await pipeline.json('GET', `/studies?q=${uid}${query}`)).studies;

/** The standing of the study, and the filters that find it. */
async function told(uid: string, all = '') {
  const found: string[] = [];
  for (const standing of STUDY_STANDINGS)
    if ((await listed(uid, `${all}&standing=${standing}`)).length > 0) found.push(standing);
  return [(await listed(uid, all))[0]?.standing, ...found];
}
const WAITS = ['needs-you', 'needs-you'];
const ENDED = ['ended', 'ended'];
const cancel = (uploadId: string) =>
  sql`update upload set cancelled_at = now() where id = ${uploadId}`.execute(pipeline.tools.db);

test('that its sender holds back in part needs them until it is decided, to those who watch the site too', async () => {
  const { uid, uploadId } = await deliver(newStudy(2), { 'left-out-name': 1, held: 1 });
  assert.equal(await told(uid), WAITS);
  pipeline.actAs(await addAccount(pipeline), ['auditor']);
  assert.equal(await told(uid, '&all=1'), WAITS);
  asSender();
  const withheld = { 'left-out-name': 2 };
  await pipeline.json('POST', `/upload/${uploadId}/decisions`, { decision: 'withhold', withheld });
  await pipeline.runAll();
  assert.equal(await told(uid), ENDED);
});

test('that was held back waits for nobody once its upload was cancelled', async () => {
  const { uid, uploadId } = await deliver(newStudy(2), { held: 1 });
  await cancel(uploadId);
  assert.equal(await told(uid), ENDED);
});

test('waits for what its newest upload says, not for what an older one said', async () => {
  const { uid, uploadId } = await deliver(newStudy(2), { held: 1 });
  const { db, newId } = pipeline.tools;
  const uploads = db.selectFrom('upload').selectAll().where('id', '=', uploadId);
  const upload = await uploads.executeTakeFirstOrThrow();
  const studies = db.selectFrom('study').selectAll().where('id', '=', upload.study_id);
  const study_id = newId();
  const next = { ...(await studies.executeTakeFirstOrThrow()), id: study_id, policy_name: 'deidentified' };
  await db.insertInto('study').values(next).execute();
  const created_at = new Date(upload.created_at.getTime() + 1000);
  const again = { ...upload, id: newId(), study_id, created_at, withheld: '{}' };
  await db.insertInto('upload').values(again).execute();
  assert.equal(await told(uid), ENDED);
});

async function refusedStudy() {
  const instances = newStudy(2);
  pacs.failsOn.set(instances[0]!.identifiers.sopInstanceUID, 'refused');
  const { uid, uploadId } = await deliver(instances);
  await pipeline.json('POST', `/upload/${uploadId}/complete`);
  const { state, counts } = await pipeline.status(uploadId);
  assert.equal([state, counts.refused, counts.inPacs], ['closed', 1, 1]);
  return { uid, uploadId };
}

test('of which the PACS refused an instance needs a person on every device and in the list of the site, until somebody decides', async () => {
  const { uid, uploadId } = await refusedStudy();
  assert.equal(await told(uid), WAITS, 'signed in, on whatever device');
  pipeline.actAs(pipeline.accountId, ['admin']);
  assert.equal(await told(uid, '&all=1'), WAITS);
  asSender();
  const path = `/upload/${uploadId}/status?instances=1`;
  const { instances = [] } = uploadStatusSchema.parse(await pipeline.json('GET', path));
  const open = instances.filter(({ state }) => state === 'refused');
  await pipeline.json('POST', `/upload/${uploadId}/decisions`, { decision: 'leave-out', instances: open });
  await pipeline.runAll();
  assert.equal(await told(uid), ENDED);
});

test('asks nobody about a promise that was given up, nor where the PACS has another version of the image', async () => {
  const { uid, uploadId } = await refusedStudy();
  const studyId = await studyIdOf(pipeline, uploadId);
  const refused = pipeline.tools.db
    .updateTable('instance')
    .where('study_id', '=', studyId)
    .where('state', '=', 'refused');
  await refused.set({ reason: 'never-arrived' }).execute();
  assert.equal(await told(uid), ENDED);
  const there = sql<string>`(select o.sop_instance_uid from instance o
    where o.study_id = ${studyId} and o.state = 'stored')`;
  await refused.set({ reason: 'already-here-other-boxes', sop_instance_uid: there }).execute();
  assert.equal(await told(uid), ENDED);
});

/** By a device of its own. */
async function bring(instances: Instances) {
  asSender(await addDevice(pipeline));
  const { uid, uploadId } = await deliver(instances);
  asSender();
  return { uploadId, study: (await listed(uid))[0]! };
}

test('of several devices counts what both brought, and once what both have', async () => {
  const instances = newStudy(5);
  const one = await bring(instances.slice(0, 3));
  assert.is(one.study.counts, undefined, 'one upload says it all');
  const { counts, uploads } = (await bring(instances.slice(2))).study;
  const promised = uploads.map((upload) => upload.counts.promised);
  assert.equal([counts?.promised, counts?.inPacs, promised], [5, 5, [3, 3]]);
});

test('counts as in the PACS what one device promised and another one brought', async () => {
  const instances = newStudy(3);
  asSender(await addDevice(pipeline));
  await pipeline.init(toManifest(instances));
  const { counts } = (await bring(instances)).study;
  assert.equal([counts?.promised, counts?.inPacs], [3, 3]);
});

test('does not count what was cancelled', async () => {
  const instances = newStudy(3);
  const { uploadId } = await bring(instances.slice(0, 1));
  await bring(instances.slice(1));
  await cancel(uploadId);
  assert.is((await listed(instances[0]!.identifiers.studyInstanceUID))[0]!.counts, undefined);
});

test.run();
