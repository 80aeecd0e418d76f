/** A study that waits for its sender's decision says so to everybody, although the gateway has its receipt. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sentStudiesSchema, STUDY_STANDINGS } from '#shared/protocol/studies.ts';
import type { Withheld } from '#shared/protocol/withheld.ts';
import { addAccount } from '../testing/add-account.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openTestPipeline, type TestPipeline } from '../testing/open-pipeline.ts';
import { newStudy } from '../testing/open-study.ts';
import { toManifest } from '../testing/pack-parcel.ts';

const test = suite('a study that its sender holds back in part');
let pipeline: TestPipeline;
test.before(async () => {
  pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false });
});
test.after(() => pipeline.close());
test.before.each(() => pipeline.actAs(pipeline.accountId, ['technician']));

async function deliver(withheld: Withheld): Promise<{ readonly uid: string; readonly uploadId: string }> {
  const instances = newStudy(2);
  const { uploadId } = await pipeline.init({ ...toManifest(instances), withheld });
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  return { uid: instances[0]!.identifiers.studyInstanceUID, uploadId };
}

/** The standing of the study, and the filters that find it. */
async function told(uid: string, all = '') {
  const ask = async (query: string) =>
    sentStudiesSchema.parse(await pipeline.json('GET', `/studies?q=${uid}${all}${query}`)).studies;
  const found: string[] = [];
  for (const standing of STUDY_STANDINGS)
    if ((await ask(`&standing=${standing}`)).length > 0) found.push(standing);
  return [(await ask(''))[0]?.standing, ...found];
}

test('needs its sender until it is decided, to those who watch the site too', async () => {
  const { uid, uploadId } = await deliver({ 'left-out-name': 1, held: 1 });
  assert.equal(await told(uid), ['needs-you', 'needs-you']);
  pipeline.actAs(await addAccount(pipeline), ['auditor']);
  assert.equal(await told(uid, '&all=1'), ['needs-you', 'needs-you']);
  pipeline.actAs(pipeline.accountId, ['technician']);
  const withheld = { 'left-out-name': 2 };
  await pipeline.json('POST', `/upload/${uploadId}/decisions`, { decision: 'withhold', withheld });
  await pipeline.runAll();
  assert.equal(await told(uid), ['ended', 'ended']);
});

test('waits for nobody once its upload was cancelled', async () => {
  const { uid, uploadId } = await deliver({ held: 1 });
  await pipeline.tools.db
    .updateTable('upload')
    .set({ cancelled_at: new Date() })
    .where('id', '=', uploadId)
    .execute();
  assert.equal(await told(uid), ['ended', 'ended']);
});

test('waits for what its newest upload says, not for what an older one said', async () => {
  const { uid, uploadId } = await deliver({ held: 1 });
  const { db, newId } = pipeline.tools;
  const upload = await db
    .selectFrom('upload')
    .selectAll()
    .where('id', '=', uploadId)
    .executeTakeFirstOrThrow();
  const study = await db
    .selectFrom('study')
    .selectAll()
    .where('id', '=', upload.study_id)
    .executeTakeFirstOrThrow();
  const study_id = newId();
  const next = { ...study, id: study_id, policy_name: 'deidentified' };
  await db.insertInto('study').values(next).execute();
  const created_at = new Date(upload.created_at.getTime() + 1000);
  const again = { ...upload, id: newId(), study_id, created_at, withheld: '{}' };
  await db.insertInto('upload').values(again).execute();
  assert.equal(await told(uid), ['ended', 'ended']);
});

test.run();
