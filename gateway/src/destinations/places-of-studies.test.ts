/** A study has its destination from its promise on, whatever an administrator does meanwhile. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import { lockDestinations } from '../database/destinations-lock.ts';
import { createStudy } from '../pipeline/study.store.ts';
import { copyOf, sentStudy, uidsOf } from '../testing/open-copies.ts';
import { openTestGround, openTestPipeline, type TestGround } from '../testing/open-pipeline.ts';
import { newStudy, studyIdOf } from '../testing/open-study.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { deleteDestination, findDestination, insertDestination, makePrimary } from './destination.store.ts';

const test = suite('the destination of a study');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: { code?: unknown }) => error.code,
  );

test('is not deleted while a study is being promised to it', async () => {
  const { pipeline, otherId } = await sentStudy(ground, 'also');
  const { siteId, accountId } = pipeline;
  const { db } = pipeline.tools;
  await db.deleteFrom('instance').where('site_id', '=', siteId).where('study_id', 'in', copies()).execute();
  await db.deleteFrom('study').where('site_id', '=', siteId).where('copy_of', 'is not', null).execute();
  function copies() {
    return db.selectFrom('study').select('id').where('copy_of', 'is not', null);
  }
  const promised = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const policy = { name: 'identified', version: 1 };
  const study = {
    id: randomUUID(),
    siteId,
    accountId,
    studyInstanceUID: '1.2.3',
    policy,
    chosen: null,
    now: new Date(),
  };
  const promising = db.transaction().execute(async (trx) => {
    await createStudy(trx, study);
    promised.resolve();
    await goOn.promise;
  });
  await promised.promise;
  const deleting = codeOf(
    db.transaction().execute(async (trx) => {
      await lockDestinations(trx, siteId);
      await deleteDestination(trx, await findDestination(trx, siteId, otherId));
    }),
  );
  await until('the deletion to wait', async () => {
    const { rows } = await sql`select 1 from pg_locks where not granted`.execute(db);
    return rows.length > 0;
  });
  goOn.resolve();
  await promising;
  assert.is(await deleting, 'destination-in-use');
  await pipeline.close();
});

test('is the first one that is primary, where there was none when it was promised', async () => {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false, ground });
  const { siteId } = pipeline;
  const { db } = pipeline.tools;
  const { uploadId } = await pipeline.init(toManifest(newStudy(1)));
  const studyId = await studyIdOf(pipeline, uploadId);
  const settings = { authentication: { kind: 'none' }, ca: null, certificate: null } as const;
  const content = { kind: 'dicomweb', url: 'http://one.test/dicom-web', settings, sealed: null } as const;
  const first = randomUUID();
  const second = randomUUID();
  await db.transaction().execute(async (trx) => {
    await insertDestination(trx, siteId, { ...content, id: first, name: 'first', now: new Date() });
    await insertDestination(trx, siteId, { ...content, id: second, name: 'second', now: new Date() });
    await makePrimary(trx, siteId, second);
  });
  const row = await db
    .selectFrom('study')
    .select('destination_id')
    .where('id', '=', studyId)
    .executeTakeFirstOrThrow();
  assert.is(row.destination_id, first);
  const deleted = db
    .transaction()
    .execute(async (trx) => deleteDestination(trx, await findDestination(trx, siteId, first)));
  assert.is(await codeOf(deleted), 'destination-in-use');
  await pipeline.close();
});

test('that must have it gets what it awaits from the first one, where the gateway no longer has it', async () => {
  const sent = await sentStudy(ground, 'required');
  const { pipeline, other, uploadId, instances } = sent;
  await pipeline.runAll();
  const { db } = pipeline.tools;
  const copy = await copyOf(sent);
  const [uid = ''] = uidsOf(instances);
  other.held.delete(uid);
  // As it is left where the instance was lost while its original was being looked for.
  await db.updateTable('study').set({ state: 'receiving' }).where('id', '=', copy.id).execute();
  await db
    .updateTable('instance')
    .set({ state: 'promised', parcel_id: null, proof: null, posted_at: null })
    .where('study_id', '=', copy.id)
    .where('sop_instance_uid', '=', uid)
    .execute();
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed', 'the device is not asked');
  assert.ok(other.held.has(uid));
  assert.is((await copyOf(sent)).state, 'closed');
  await pipeline.close();
});

test.run();
