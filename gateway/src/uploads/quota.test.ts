/** An account cannot promise the whole disk, whatever it cuts its promises into. */
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { uploadListSchema } from '#shared/protocol/api.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import type { Db } from '../database/database.ts';
import { quotaUse, setAccountQuota, setSiteQuota } from '../policies/quota.store.ts';
import type { Problem } from '#shared/protocol/problem.ts';
import { openUpload } from './open-upload.ts';
import { createFile } from '../pipeline/spool/file-spool.ts';
import { fileOf } from '../testing/foreign-clients.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import {
  openTestGround,
  openTestPipeline,
  type TestGround,
  type TestPipeline,
} from '../testing/open-pipeline.ts';
import { toManifest } from '../testing/pack-parcel.ts';

const test = suite('a quota');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());
let pipeline: TestPipeline;
test.before.each(async () => {
  pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false, ground });
});
test.after.each(() => pipeline.close());

const study = (seed: number) =>
  syntheticStudy({ seed, instancesPerSeries: 1, rows: 8, columns: 8 }).instances;
const GIB = 1024 ** 3;

/** The code of the refusal, or `opened`. */
async function codeOf(seed: number, bytes?: number): Promise<string> {
  const manifest = toManifest(study(seed), 'identified', bytes === undefined ? {} : { bytes });
  const answer = (await pipeline.init(manifest)) as { uploadId: string; code?: string };
  return answer.code ?? 'opened';
}

test('limits the bytes that an account has announced, over all its uploads', async () => {
  await setSiteQuota(pipeline.tools.db, pipeline.siteId, {
    uploads: 100,
    instances: 100,
    bytes: 40 * GIB,
    patients: 5,
  });
  const codes: string[] = [];
  for (let seed = 9700; seed < 9704; seed += 1) codes.push(await codeOf(seed, 16 * GIB));
  assert.equal(codes, ['opened', 'opened', 'quota-exceeded', 'quota-exceeded']);
  assert.is(await codeOf(9700, 16 * GIB), 'opened', 'the same manifest is answered again');
  const { uploads, own } = uploadListSchema.parse(await pipeline.json('GET', '/uploads'));
  assert.is(uploads.length, 2, 'nothing is kept of one that is refused');
  assert.equal(own, {
    quota: { uploads: 100, instances: 100, bytes: 40 * GIB, patients: 5 },
    used: { uploads: 2, instances: 2, bytes: 32 * GIB, patients: 0 },
  });
});

test('limits the uploads that are open; those that have arrived no longer count', async () => {
  const { db } = pipeline.tools;
  await setAccountQuota(db, pipeline.siteId, pipeline.accountId, {
    uploads: 1,
    instances: 100,
    bytes: GIB,
    patients: 5,
  });
  const instances = study(9710);
  const { uploadId } = await pipeline.init(toManifest(instances));
  assert.is(await codeOf(9711), 'quota-exceeded');
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  assert.is(await codeOf(9711), 'opened');
  await setAccountQuota(db, pipeline.siteId, pipeline.accountId, null);
  assert.is(await codeOf(9712), 'opened', 'the site’s quota is larger');
});

test('limits the instances that are announced, however small', async () => {
  await setSiteQuota(pipeline.tools.db, pipeline.siteId, {
    uploads: 100,
    instances: 2,
    bytes: GIB,
    patients: 5,
  });
  const codes = [await codeOf(9730, 1), await codeOf(9731, 1), await codeOf(9732, 1)];
  assert.equal(codes, ['opened', 'opened', 'quota-exceeded']);
});

test('is not exceeded by announcements that come at once, of uploads or of files', async () => {
  const { tools, siteId, accountId } = pipeline;
  const quota = { uploads: 3, instances: 100, bytes: 40 * GIB, patients: 5 };
  await setAccountQuota(tools.db, siteId, accountId, quota);
  const many = Array.from({ length: 12 }, (_, at) => 9800 + at);
  const count = async (all: readonly Promise<unknown>[]): Promise<number> => {
    const ends = await Promise.allSettled(all);
    for (const end of ends)
      if (end.status === 'rejected') assert.is((end.reason as Problem).code, 'quota-exceeded');
    return ends.filter(({ status }) => status === 'fulfilled').length;
  };
  // Calls at once, as from several gateways: each lets only its own requests wait for one another.
  const sender = { accountId, siteId, deviceId: null };
  const announce = (seed: number, bytes: number) =>
    openUpload(tools, toManifest(study(seed), 'identified', { bytes }), sender, { asked: null });
  assert.is(await count(many.map((seed) => announce(seed, 1))), 3);
  await setAccountQuota(tools.db, siteId, accountId, { ...quota, uploads: 100 });
  assert.is(await count(many.map((seed) => announce(seed + 100, 16 * GIB))), 2);
  await setAccountQuota(tools.db, siteId, accountId, { ...quota, bytes: 32 * GIB + 1025 });
  const file = () => createFile(tools, { ...fileOf(pipeline), bytes: 500 });
  assert.is(await count(many.map(file)), 2);
  const { used } = (await quotaUse(tools.db, accountId, new Date()))!;
  assert.equal([used.uploads, used.bytes], [5, 32 * GIB + 3]);
  assert.is(await count([announce(500, 100)]), 0, 'files that are not opened yet count');
});

/** The one instance of study `seed`, with other bytes each time. */
const renamed = (seed: number, nr: number) => {
  const { instances, ...rest } = toManifest(study(seed));
  return {
    ...rest,
    instances: instances.map((one) => ({ ...one, digest: nr.toString(16).padStart(64, '0') })),
  };
};

test('is not used up by promises that their device replaced: of these nothing is kept', async () => {
  const { db } = pipeline.tools;
  for (let nr = 1; nr <= 5; nr += 1) await pipeline.init(renamed(9740, nr));
  const rows = await db
    .selectFrom('instance')
    .select(['digest', 'state'])
    .where('site_id', '=', pipeline.siteId)
    .execute();
  assert.equal(rows, [{ digest: '5'.padStart(64, '0'), state: 'promised' }]);
  assert.is((await quotaUse(db, pipeline.accountId, new Date()))?.used.instances, 1);
});

test('counts what was left out of an upload that is under way', async () => {
  await setSiteQuota(pipeline.tools.db, pipeline.siteId, {
    uploads: 100,
    instances: 2,
    bytes: GIB,
    patients: 5,
  });
  const codes: string[] = [];
  for (let nr = 1; nr <= 3; nr += 1) {
    const manifest = renamed(9750, nr);
    const { uploadId, code } = (await pipeline.init(manifest)) as { uploadId: string; code?: string };
    codes.push(code ?? 'opened');
    if (code === undefined)
      await pipeline.json('POST', `/upload/${uploadId}/decisions`, {
        decision: 'leave-out',
        instances: manifest.instances.map(({ sopInstanceUID, digest }) => ({ sopInstanceUID, digest })),
      });
  }
  assert.equal(codes, ['opened', 'opened', 'quota-exceeded']);
});

/** Uploads of `instances` stored instances each: what an account has brought in years. */
async function addHistory(uploads: number, instances: number): Promise<void> {
  const { tools, siteId, accountId } = pipeline;
  await sql`
    with studies as (
      insert into study (site_id, account_id, study_instance_uid, state, revision, policy_name, policy_version, updated_at)
      select ${siteId}::uuid, ${accountId}::uuid, '1.2.' || nr, 'closed', 1, 'identified', 1, now() from generate_series(1, ${uploads}::int) nr
      returning id),
    uploads as (
      insert into upload (id, site_id, study_id, account_id)
      select gen_random_uuid(), ${siteId}::uuid, id, ${accountId}::uuid from studies returning id, study_id),
    instances as (
      insert into instance (site_id, study_id, sop_instance_uid, sop_class_uid, series_instance_uid,
        transfer_syntax_uid, digest, policy_name, policy_version, bytes, state, revision, updated_at)
      select ${siteId}::uuid, id, '1.2.3.' || nr, '1', '1', '1', nr::text, 'identified', 1, 1, 'stored', 1, now()
      from studies, generate_series(1, ${instances}::int) nr returning id, study_id)
    insert into upload_instance (upload_id, position, instance_id)
    select u.id, row_number() over (partition by u.id), i.id from instances i join uploads u on u.study_id = i.study_id`.execute(
    tools.db,
  );
  await sql`analyze`.execute(tools.db);
}

/** The pages that PostgreSQL reads to answer a query of plain SQL, tables and indexes together. */
async function pagesRead(db: Db, ask: (db: Db) => Promise<unknown>): Promise<number> {
  let pages = 0;
  const explained = db.withPlugin({
    transformQuery({ node }) {
      if (node.kind !== 'RawNode') return node;
      const [first = '', ...others] = node.sqlFragments;
      return { ...node, sqlFragments: [`explain (analyze, buffers, format json) ${first}`, ...others] };
    },
    async transformResult({ result }) {
      const [{ Plan: plan }] = result.rows[0]!['QUERY PLAN'] as [{ Plan: Record<string, number> }];
      pages += plan['Shared Hit Blocks']! + plan['Shared Read Blocks']!;
      return result;
    },
  });
  await ask(explained);
  return pages;
}

test('is known without reading what the account has brought before', async () => {
  const { db } = pipeline.tools;
  await addHistory(1_000, 20);
  assert.is(await codeOf(9720), 'opened');
  assert.is((await quotaUse(db, pipeline.accountId, new Date()))?.used.uploads, 1);
  const pages = await pagesRead(db, (explained) => quotaUse(explained, pipeline.accountId, new Date()));
  assert.ok(pages > 0 && pages < 20, `${pages} pages read for one open upload`);
});

test.run();
