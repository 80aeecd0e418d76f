/** A study has its destination from its promise on, whatever an administrator does meanwhile. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import type { Trx } from '../database/database.ts';
import { lockDestinations } from '../database/destinations-lock.ts';
import type { PacsConnection } from '../ports/pacs/connection.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import { createStudy } from '../pipeline/stores/study.store.ts';
import { problemOf } from '../testing/failing.ts';
import { copyOf, sentStudy, uidsOf } from '../testing/open-copies.ts';
import {
  openTestGround,
  openTestPipeline,
  type TestGround,
  type TestPipeline,
} from '../testing/open-pipeline.ts';
import { assembledStudy, newStudy, studyIdOf } from '../testing/open-study.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import {
  deleteDestination,
  findDestination,
  insertDestination,
  listDestinations,
  makePrimary,
} from './destination.store.ts';
import { openDestinations } from './destinations.ts';
import { createSecretSeal } from './seal-secrets.ts';

const test = suite('the destination of a study');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

const SETTINGS = { authentication: { kind: 'none' }, ca: null, certificate: null } as const;
/** Returns the id of the new destination. */
async function insert(
  { tools, siteId }: Pick<TestPipeline, 'tools' | 'siteId'>,
  name: string,
): Promise<string> {
  const id = randomUUID();
  const of = {
    id,
    kind: 'dicomweb',
    name,
    url: `http://${name}.test`,
    sealed: null,
    now: new Date(),
  } as const;
  const write = (trx: Trx) => insertDestination(trx, siteId, { ...of, settings: SETTINGS });
  await tools.db.transaction().execute(write);
  return id;
}

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
  const study = {
    ...{ id: randomUUID(), siteId, accountId, studyInstanceUID: '1.2.3', chosen: null, now: new Date() },
    policy: { name: 'identified', version: 1 },
  };
  const promising = db.transaction().execute(async (trx) => {
    await createStudy(trx, study);
    promised.resolve();
    await goOn.promise;
  });
  await promised.promise;
  const deleting = problemOf(
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
  const first = await insert(pipeline, 'first');
  const second = await insert(pipeline, 'second');
  await db.transaction().execute((trx) => makePrimary(trx, siteId, second));
  const studies = db.selectFrom('study').select('destination_id').where('id', '=', studyId);
  assert.is((await studies.executeTakeFirstOrThrow()).destination_id, first);
  const deleted = db
    .transaction()
    .execute(async (trx) => deleteDestination(trx, await findDestination(trx, siteId, first)));
  assert.is(await problemOf(deleted), 'destination-in-use');
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
  // The copy is left like this where the instance was lost while its original was being looked for.
  await db.updateTable('study').set({ state: 'receiving' }).where('id', '=', copy.id).execute();
  await sql`update instance set state = 'promised', parcel_id = null, proof = null, posted_at = null
    where study_id = ${copy.id} and sop_instance_uid = ${uid}`.execute(db);
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed', 'the device is not asked');
  assert.ok(other.held.has(uid));
  assert.is((await copyOf(sent)).state, 'closed');
  await pipeline.close();
});

test('that confirms instances and loses them says how many, and when it last confirmed them, until it lists them', async () => {
  const { pipeline, pacs, studyId } = await assembledStudy(ground);
  const { db } = pipeline.tools;
  await insert(pipeline, 'night');
  const lost = async () => {
    const [night] = await listDestinations(db, pipeline.siteId);
    return [night!.unlisted, night!.unlistedAt];
  };
  pacs.lie = 'forgetful';
  await pipeline.run('forward', studyId);
  assert.equal(await lost(), [0, null], 'it may show them yet');
  await pipeline.run('reconcile', studyId);
  const [count, at] = await lost();
  assert.is(count, 3);
  assert.instance(at, Date);
  pacs.lie = 'honest';
  await pipeline.runAll();
  assert.equal(await lost(), [0, null]);
  await pipeline.close();
});

/** The address at which a study of this UID is opened, by its row or its UID alone. */
async function openSite() {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false, ground });
  const { tools, siteId: site_id } = pipeline;
  const ids = [await insert(pipeline, 'pacs-0'), await insert(pipeline, 'pacs-1')] as const;
  const opened = new Map<Pacs, string>();
  const open = (connection: PacsConnection): Pacs => {
    const pacs = openTestPacs();
    opened.set(pacs, connection.kind === 'folder' ? connection.folder : connection.url);
    return pacs;
  };
  const seal = createSecretSeal(new Uint8Array(32));
  const destinations = openDestinations({ db: tools.db, seal, open });
  const addressOf = async (destination_id: string | null): Promise<string | undefined> =>
    opened.get(await destinations.ofStudy({ site_id, study_instance_uid: '1.2.3', destination_id }));
  const promise = (destination_id: string) =>
    sql`insert into study (site_id, study_instance_uid, destination_id, state, revision, policy_name,
      policy_version, updated_at) values (${site_id}, '1.2.3', ${destination_id}, 'receiving', 1, 'identified', 1,
      now())`.execute(tools.db);
  return { ids, promise, addressOf, close: pipeline.close };
}

test('is the one that the study was promised to, also where another upload names another one; else the primary one', async () => {
  const { ids, promise, addressOf, close } = await openSite();
  assert.is(await addressOf(null), 'http://pacs-0.test', 'nothing of the study was promised');
  await promise(ids[1]);
  await promise(ids[0]);
  assert.is(await addressOf(ids[0]), 'http://pacs-0.test');
  assert.is(await addressOf(ids[1]), 'http://pacs-1.test');
  assert.is(await addressOf(null), 'http://pacs-1.test', 'by its UID: where it went first');
  await close();
});

test.run();
