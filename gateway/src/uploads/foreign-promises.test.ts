/**
 * I18, counted: what another account promises under a UID costs nobody a row. To announce that UID, verify
 * it or hand it to the PACS, the gateway reads as many rows as if nobody else had named it.
 */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '#testing/sha256.ts';
import type { Trx } from '../database/database.ts';
import { activeInstances, instancesByKey, resultsUnder } from '../pipeline/stores/instance.store.ts';
import { rivalsOf } from '../pipeline/forward/rivals.ts';
import { findStudy, lockAnnouncing } from '../pipeline/stores/study.store.ts';
import { quotaUse } from '../policies/quota.store.ts';
import { RESULTS_POLICY } from '../policies/policies.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import {
  openTestGround,
  openTestPipeline,
  type TestGround,
  type TestPipeline,
} from '../testing/open-pipeline.ts';
import { newStudy, studyIdOf } from '../testing/open-study.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { rowsRead } from '../testing/rows-read.ts';
import { knownInstances } from './known-instances.ts';

const test = suite('promises of another account');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

async function addStranger({ tools, siteId }: TestPipeline): Promise<string> {
  const { id } = await tools.db
    .insertInto('account')
    .values({ site_id: siteId, username: randomUUID(), roles: ['technician'], password_hash: '' })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** In so many studies of the stranger's, each with so many digests under the one UID. */
async function nameOften(
  { tools, siteId }: TestPipeline,
  stranger: string,
  sopInstanceUID: string,
  [studies, digests]: readonly [number, number],
): Promise<void> {
  await sql`
    with studies as (
      insert into study (site_id, account_id, study_instance_uid, state, revision, policy_name, policy_version, updated_at)
      select ${siteId}::uuid, ${stranger}::uuid, '1.2.' || nr, 'receiving', 1, 'identified', 1, now() from generate_series(1, ${studies}::int) nr
      returning id),
    uploads as (
      insert into upload (id, site_id, study_id, account_id)
      select gen_random_uuid(), ${siteId}::uuid, id, ${stranger}::uuid from studies returning id, study_id),
    instances as (
      insert into instance (site_id, study_id, sop_instance_uid, sop_class_uid, series_instance_uid,
        transfer_syntax_uid, digest, policy_name, policy_version, bytes, state, reason, revision, updated_at)
      select ${siteId}::uuid, id, ${sopInstanceUID}::text, '1', '1', '1', nr::text, 'identified', 1, 1,
        case when nr = 1 then 'promised' else 'quarantined' end, case when nr > 1 then 'conflicting-instance' end, 1, now()
      from studies, generate_series(1, ${digests}::int) nr returning id, study_id)
    insert into upload_instance (upload_id, position, instance_id)
    select u.id, row_number() over (partition by u.id), i.id from instances i join uploads u on u.study_id = i.study_id`.execute(
    tools.db,
  );
  await sql`analyze`.execute(tools.db);
}

test('cost nobody a row in a question about their UID', async () => {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), ground, start: false });
  const [first] = newStudy(1);
  const { sopInstanceUID } = first!.identifiers;
  const { uploadId } = await pipeline.init(toManifest([first!]));
  const study = (await findStudy(pipeline.tools.db, await studyIdOf(pipeline, uploadId)))!;
  await nameOften(pipeline, await addStranger(pipeline), sopInstanceUID, [20, 200]);
  const key = { sopInstanceUID, digest: sha256(first!.bytes) };
  const { siteId, accountId } = pipeline;
  const questions: Record<string, (trx: Trx) => Promise<unknown>> = {
    'at init': (trx) => knownInstances(trx, { accountId, deviceId: null, siteId }, study, [key]),
    'at init, by a role that reads all': (trx) =>
      knownInstances(trx, { accountId, deviceId: null, siteId, roles: ['radiologist'] }, study, [key]),
    'at verify': (trx) => instancesByKey(trx, study.id, [key]),
    'of a decision': (trx) => activeInstances(trx, study.id, [sopInstanceUID]),
    'at forward': async (trx) => rivalsOf(trx, study, await instancesByKey(trx, study.id, [key])),
    'of the quota': (trx) => quotaUse(trx, accountId, new Date()),
    'of results': (trx) => resultsUnder(trx, siteId, [sopInstanceUID], RESULTS_POLICY.name),
  };
  for (const [name, ask] of Object.entries(questions)) {
    const read = await pipeline.tools.db.transaction().execute((trx) => rowsRead(trx, ask));
    assert.ok(read <= 6, `${name}: ${read} rows read`);
  }
  await pipeline.close();
});

test('are made while others make theirs: an account waits for itself alone', async () => {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), ground, start: false });
  const stranger = await addStranger(pipeline);
  await pipeline.tools.db.transaction().execute(async (trx) => {
    await lockAnnouncing(trx, { siteId: pipeline.siteId, accountId: stranger });
    const { need } = await pipeline.init(toManifest(newStudy(2)));
    assert.is(need.length, 2);
  });
  await pipeline.close();
});

test.run();
