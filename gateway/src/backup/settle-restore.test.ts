/** The first start after a restore, beside a PACS that may know more, or other things. */
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import { defaultSiteId } from '../database/default-site.ts';
import { createJobs } from '../jobs/jobs.ts';
import { audited } from '../testing/audited.ts';
import { openTestDatabase } from '../testing/open-database.ts';
import type { TestPacs } from '../testing/open-pacs.ts';
import { openTestGround, type TestGround, type TestPipeline } from '../testing/open-pipeline.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { assembledStudy, newStudy, openedStudy, studyIdOf } from '../testing/open-study.ts';
import type { StudyKeys } from '../pipeline/stores/study-key.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { isHalfFilled } from './backup-plan.store.ts';
import { settleRestore } from './settle-restore.ts';

const test = suite('a restored gateway');
let shared: TestGround;
test.before(async () => {
  shared = await openTestGround();
});
test.after(() => shared.close());

/** As after a restore in which these halves of keys came along. */
async function restored(
  { tools }: TestPipeline,
  keys: Pick<StudyKeys, 'unwrap'> = tools.keys,
): Promise<void> {
  const { db } = tools;
  await sql`comment on table site is 'the mark of a restore'`.execute(db);
  await sql`update backup_plan set restored_from = '2026-12-01T08:00:00Z'`.execute(db);
  const siteId = await defaultSiteId(db);
  await settleRestore({ ...tools, jobs: shared.jobs, siteId, keys });
}

const statesOf = async (pipeline: TestPipeline, uploadId: string) => {
  const { state, instances = [] } = await pipeline.status(uploadId);
  return [state, instances.map((one) => one.state)];
};
const uidOf = ({ identifiers }: SyntheticInstance): string => identifiers.sopInstanceUID;

/** `bytes`: its own by default. */
const holds = (pacs: TestPacs, { identifiers, ...own }: SyntheticInstance, bytes = own.bytes): void =>
  void pacs.held.set(identifiers.sopInstanceUID, {
    study: identifiers.studyInstanceUID,
    bytes: Buffer.from(bytes),
  });

test('finds in the PACS what was delivered since, and does not post it again', async () => {
  const { pipeline, pacs, instances, uploadId, studyId } = await assembledStudy(shared);
  const [first, second] = instances as [SyntheticInstance, SyntheticInstance];
  holds(pacs, first);
  holds(pacs, second);
  // They were on their way when the backup was made.
  await pipeline.tools.db
    .updateTable('instance')
    .set({ state: 'posting', posted_at: new Date() })
    .where('study_id', '=', studyId)
    .execute();
  await restored(pipeline);
  await pipeline.runAll();
  const [state, instanceStates] = await statesOf(pipeline, uploadId);
  assert.equal([state, instanceStates], ['closed', ['already-stored', 'already-stored', 'stored']]);
  assert.is(pacs.posted.get(uidOf(first)), undefined);
  await pipeline.close();
});

test('finds in the PACS what a device has delivered since and no longer has', async () => {
  const { pipeline, pacs, instances, uploadId } = await openedStudy(shared);
  const studyId = await studyIdOf(pipeline, uploadId);
  const [first, second, third] = instances as [SyntheticInstance, SyntheticInstance, SyntheticInstance];
  holds(pacs, first);
  holds(pacs, second, newStudy(1)[0]!.bytes);
  await restored(pipeline);
  await pipeline.run('look-back', studyId);
  assert.equal(await statesOf(pipeline, uploadId), ['receiving', ['already-stored', 'promised', 'promised']]);
  holds(pacs, second);
  holds(pacs, third);
  await pipeline.run('look-back', studyId);
  await pipeline.runAll();
  assert.equal(await statesOf(pipeline, uploadId), ['closed', instances.map(() => 'already-stored')]);
  assert.is(pacs.posted.size, 0);
  await pipeline.close();
});

test('delivers the bytes that it has, and asks for those whose keys no backup holds', async () => {
  for (const [keys, after] of [
    [undefined, 'closed'],
    [{ unwrap: () => null }, 'receiving'],
  ] as const) {
    const { pipeline, uploadId, instances } = await assembledStudy(shared);
    await restored(pipeline, keys);
    await pipeline.runAll();
    assert.is((await pipeline.status(uploadId)).state, after);
    if (after === 'receiving') {
      // A device asks what is needed before it sends.
      await pipeline.init(toManifest(instances));
      await pipeline.send(uploadId, instances);
    }
    await pipeline.runAll();
    assert.is((await pipeline.status(uploadId)).state, 'closed');
    await pipeline.close();
  }
});

test('confirms nothing that the PACS has with other bytes', async () => {
  for (const state of ['posting', 'posted', 'received'] as const) {
    const { pipeline, pacs, instances, uploadId, studyId } = await assembledStudy(shared, 1);
    holds(pacs, instances[0]!, newStudy(1)[0]!.bytes);
    await pipeline.tools.db
      .updateTable('instance')
      .set({ state, posted_at: new Date() })
      .where('study_id', '=', studyId)
      .execute();
    if (state === 'posted')
      await pipeline.tools.db
        .updateTable('study')
        .set({ state: 'forwarded' })
        .where('id', '=', studyId)
        .execute();
    await restored(pipeline);
    await pipeline.runAll();
    const [, [now]] = (await statesOf(pipeline, uploadId)) as [string, string[]];
    assert.ok(['quarantined', 'posted', 'received'].includes(now!), `${state}: ${now}`);
    await pipeline.close();
  }
});

test('jobs that waited when the backup was made go on, once', async () => {
  const database = await openTestDatabase();
  const { db } = database;
  const jobs = await createJobs(database, { failed() {}, trouble() {} });
  const ran: unknown[] = [];
  await jobs.work('carried', { concurrency: 1 }, async (data) => void ran.push(data));
  const settle = async () =>
    settleRestore({
      ...{ db, jobs, siteId: await defaultSiteId(db), now: () => new Date() },
      keys: { unwrap: () => null },
    });
  await db
    .insertInto('carried_job')
    .values({ queue: 'carried', data: { fileId: 'f' }, key: 'f', group_id: 'somebody', priority: 0 })
    .execute();
  await settle();
  assert.is((await db.selectFrom('carried_job').selectAll().execute()).length, 1, 'another start');
  await sql`comment on table site is 'the mark of a restore'`.execute(db);
  assert.is(await isHalfFilled(db), true);
  await settle();
  assert.is((await db.selectFrom('carried_job').selectAll().execute()).length, 1, 'not filled yet');
  await sql`update backup_plan set restored_from = '2026-12-01T08:00:00Z'`.execute(db);
  await settle();
  await until('the job to run', () => ran.length > 0);
  await settle();
  assert.is(await isHalfFilled(db), false);
  assert.equal(ran, [{ fileId: 'f' }]);
  assert.equal(await db.selectFrom('carried_job').selectAll().execute(), []);
  const [restored, ...more] = await audited(db, 'backup-restored');
  assert.equal([restored!.fields['madeAt'], more.length], ['2026-12-01T08:00:00.000Z', 0]);
  await jobs.stop();
  await database.close();
});

test.run();
