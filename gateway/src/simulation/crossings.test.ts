// test:all: rare orders of two events; study.simulation.test.ts guards orders by day
/**
 * Work that crosses: two devices, a person and a device, a run and its double. Nothing may be lost, doubled, or
 * stay where nobody can move it.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { sha256 } from '#testing/sha256.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { runExpiry } from '../pipeline/eviction/run-expiry.ts';
import {
  openTestGround,
  openTestPipeline,
  type TestGround,
  type TestPipeline,
} from '../testing/open-pipeline.ts';
import { DAY_MINUTES, passMinutes } from '../testing/pass-minutes.ts';
import { packed, toManifest } from '../testing/pack-parcel.ts';
import { findParcel } from '../pipeline/stores/parcel.store.ts';
import { PAUSES } from '../pipeline/plan/pipeline-tools.ts';
import { runVerify } from '../pipeline/pipeline.ts';

const signal = new AbortController().signal;
const test = suite('crossing work:');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

let seeds = 4000;
function study(count = 3): readonly SyntheticInstance[] {
  seeds += 1;
  return syntheticStudy({ seed: seeds, instancesPerSeries: count, rows: 8, columns: 8 }).instances;
}
const keysOf = (instances: readonly SyntheticInstance[]) =>
  instances.map(({ identifiers, bytes }) => ({
    sopInstanceUID: identifiers.sopInstanceUID,
    digest: sha256(bytes),
  }));

/** The same UID, other pixels. */
function rivalOf(instance: SyntheticInstance): SyntheticInstance {
  const bytes = instance.bytes.slice();
  bytes[bytes.length - 1]! ^= 1;
  return { ...instance, bytes };
}

async function open(now?: () => Date) {
  const pacs = openTestPacs();
  return { pacs, pipeline: await openTestPipeline({ pacs, ground, start: false, ...(now ? { now } : {}) }) };
}

/** From here on requests come from another account of the same site; returns what goes back. */
async function asAnother(pipeline: TestPipeline): Promise<() => void> {
  const row = {
    site_id: pipeline.siteId,
    username: `other-${randomUUID()}`,
    roles: ['technician' as const],
    password_hash: '',
    disabled_at: null,
  };
  const { id } = await pipeline.tools.db
    .insertInto('account')
    .values(row)
    .returning('id')
    .executeTakeFirstOrThrow();
  pipeline.actAs(id, ['technician']);
  return () => pipeline.actAs(pipeline.accountId, ['technician']);
}

test('one device dies after its promise: nobody waits for it, and when it comes back, it is taken', async () => {
  const { pipeline, pacs } = await open();
  const instances = study();
  const back = await asAnother(pipeline);
  const dead = (await pipeline.init(toManifest(instances))).uploadId;
  back();
  const { uploadId } = await pipeline.init(toManifest(instances.slice(0, 2)));
  await pipeline.send(uploadId, instances.slice(0, 2));
  await pipeline.runAll();
  const done = await pipeline.status(uploadId);
  assert.equal([done.state, done.counts.inPacs, done.waiting, pacs.held.size], ['closed', 2, null, 2]);
  const { rows } = await sql<{
    account_id: string;
  }>`select account_id from upload where id = ${dead}::uuid`.execute(pipeline.tools.db);
  pipeline.actAs(rows[0]!.account_id, ['technician']);
  await passMinutes(pipeline.tools.db, 2 * DAY_MINUTES);
  await runExpiry(pipeline.tools);
  assert.is((await pipeline.status(dead)).counts.refused, 0, 'it has a month');
  await passMinutes(pipeline.tools.db, 29 * DAY_MINUTES);
  await runExpiry(pipeline.tools);
  await pipeline.runAll();
  assert.ok((await pipeline.status(dead)).instances?.every(({ reason }) => reason === 'never-arrived'));
  assert.is((await pipeline.init(toManifest(instances))).need.length, 3);
  await pipeline.send(dead, instances);
  await pipeline.runAll();
  const { state, revision, counts } = await pipeline.status(dead);
  assert.equal([state, revision, counts.inPacs, pacs.held.size], ['closed', 2, 3, 3]);
  assert.ok([...pacs.posted.values()].every((count) => count === 1));
  await pipeline.close();
});

test('two instances of one UID are both tried again, and only one of them goes to the PACS', async () => {
  const { pipeline, pacs } = await open();
  const [one] = study(1) as [SyntheticInstance];
  const { uploadId } = await pipeline.init(toManifest([one]));
  pacs.lie = 'forgetful';
  await pipeline.send(uploadId, [one]);
  await pipeline.runAll();
  const { conflict } = await pipeline.init(toManifest([rivalOf(one)]));
  assert.is(conflict.length, 1);
  pacs.lie = 'honest';
  await pipeline.json('POST', `/upload/${uploadId}/decisions`, {
    decision: 'retry',
    instances: keysOf([one, rivalOf(one)]),
  });
  await pipeline.send(uploadId, [rivalOf(one)]);
  await pipeline.runAll();
  const { instances = [] } = await pipeline.status(uploadId);
  assert.equal(
    instances.map(({ state }) => state),
    ['stored', 'quarantined'],
  );
  assert.is(sha256(pacs.held.get(one.identifiers.sopInstanceUID)!.bytes), instances[0]!.digest);
  await pipeline.close();
});

test('a parcel is verified twice at once, and its bytes stay', async () => {
  const { pipeline } = await open();
  const instances = study();
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  const { id } = await pipeline.tools.db
    .selectFrom('parcel')
    .select('id')
    .where('upload_id', '=', uploadId)
    .executeTakeFirstOrThrow();
  const parcel = (await findParcel(pipeline.tools.db, id))!;
  await runVerify(parcel, pipeline.tools, signal);
  await runVerify(parcel, pipeline.tools, signal);
  assert.equal(await pipeline.tools.blobs.ids(), [id]);
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  await pipeline.close();
});

test('a conflict is taken back after it was held, and its study closes', async () => {
  const { pipeline } = await open();
  const [one] = study(1) as [SyntheticInstance];
  const { uploadId } = await pipeline.init(toManifest([one]));
  await pipeline.send(uploadId, [one]);
  await pipeline.runAll();
  const device = { site_id: pipeline.siteId, account_id: pipeline.accountId, thumbprint: randomUUID() };
  const { id } = await pipeline.tools.db
    .insertInto('device')
    .values({ ...device, public_key: '{}', last_seen_at: new Date(), revoked_at: null })
    .returning('id')
    .executeTakeFirstOrThrow();
  // The upload of the signed-in user becomes the first device's; the second one has its own.
  await pipeline.tools.db.updateTable('upload').set({ device_id: id }).where('id', '=', uploadId).execute();
  const other = await pipeline.init(toManifest([rivalOf(one)]));
  assert.equal([other.uploadId === uploadId, other.conflict.length], [false, 1]);
  await pipeline.runAll();
  assert.is((await pipeline.status(other.uploadId)).state, 'held');
  assert.is((await pipeline.request('DELETE', `/upload/${other.uploadId}`)).status, 204);
  await pipeline.runAll();
  const status = await pipeline.status(uploadId);
  assert.equal([status.state, status.revision, status.counts.inPacs], ['closed', 1, 1]);
  const studies = await pipeline.tools.db
    .selectFrom('study')
    .select(['state', 'wrapped_key'])
    .where('site_id', '=', pipeline.siteId)
    .execute();
  assert.ok(studies.every(({ state, wrapped_key }) => state === 'closed' && wrapped_key === null));
  await pipeline.close();
});

test('an instance that two uploads promised is not left out by one of them: only that one no longer promises it', async () => {
  const { pipeline, pacs } = await open();
  const instances = study(2);
  const { uploadId } = await pipeline.init(toManifest(instances));
  const back = await asAnother(pipeline);
  const other = await pipeline.init(toManifest(instances));
  await pipeline.json('POST', `/upload/${other.uploadId}/decisions`, {
    decision: 'leave-out',
    instances: keysOf(instances),
  });
  back();
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  assert.equal([(await pipeline.status(uploadId)).counts.inPacs, pacs.held.size], [2, 2]);
  await pipeline.close();
});

test('one of two entries of a queue is taken back after bytes of the other have left: the other continues, and the first may be sent later', async () => {
  const { pipeline } = await open();
  const instances = study(3);
  const { uploadId } = await pipeline.init(toManifest(instances.slice(0, 2)));
  await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances.slice(0, 2));
  assert.is((await pipeline.request('DELETE', `/upload/${uploadId}`)).status, 409);
  await pipeline.json('POST', `/upload/${uploadId}/decisions`, {
    decision: 'take-back',
    instances: keysOf(instances.slice(2)),
  });
  await pipeline.runAll();
  const { state, counts } = await pipeline.status(uploadId);
  assert.equal([state, counts.inPacs], ['closed', 2]);
  assert.is((await pipeline.init(toManifest(instances))).need.length, 1);
  await pipeline.close();
});

test('a parcel arrives whole while unfinished ones expire, and it stays', async () => {
  let now = new Date('2026-01-01T00:00:00Z');
  const { pipeline } = await open(() => now);
  const instances = study();
  const { uploadId } = await pipeline.init(toManifest(instances));
  const bytes = await packed(instances);
  const location = (await pipeline.create(uploadId, randomUUID(), bytes.length)).headers.get('location')!;
  now = new Date('2026-01-10T00:00:00Z');
  const { tools } = pipeline;
  // The last byte, of a request that began in time, comes between the look and the deletion.
  let late = async () => {
    const expired = now;
    now = new Date('2026-01-07T23:59:59Z');
    await pipeline.patch(location, 0, bytes);
    now = expired;
  };
  const db = new Proxy(tools.db, {
    get(target, name) {
      if (name !== 'transaction') return Reflect.get(target, name, target).bind(target);
      return () => ({
        execute: async (work: Parameters<ReturnType<typeof target.transaction>['execute']>[0]) => {
          const once = late;
          late = async () => undefined;
          await once();
          return target.transaction().execute(work);
        },
      });
    },
  });
  await runExpiry({ ...tools, db });
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  await pipeline.close();
});

test('a device promises again what it promised long ago, and the promise does not run out while it sends', async () => {
  const { pipeline } = await open();
  const instances = study();
  const { uploadId } = await pipeline.init(toManifest(instances));
  await passMinutes(pipeline.tools.db, 29 * DAY_MINUTES);
  await pipeline.init(toManifest(instances));
  await passMinutes(pipeline.tools.db, 2 * DAY_MINUTES);
  await runExpiry(pipeline.tools);
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).counts.inPacs, 3);
  await pipeline.close();
});

test('the PACS is full for hours, and nothing is refused for it', async () => {
  for (const lie of ['busy', 'failing'] as const) {
    let now = new Date('2026-01-01T00:00:00Z');
    const { pipeline, pacs } = await open(() => now);
    Object.assign(pipeline.tools, { patience: { lagMinutes: 0, pauses: PAUSES } });
    const instances = study();
    const { uploadId } = await pipeline.init(toManifest(instances));
    await pipeline.send(uploadId, instances);
    pacs.lie = lie;
    for (let hour = 0; hour < 12; hour += 1) {
      await pipeline.runAll();
      now = new Date(now.getTime() + 3_600_000);
      await passMinutes(pipeline.tools.db, 60);
    }
    const waiting = await pipeline.status(uploadId);
    assert.equal([lie, waiting.state, waiting.waiting?.because], [lie, 'assembled', 'pacs-fails-on-some']);
    pacs.lie = 'honest';
    await pipeline.runAll();
    assert.equal([(await pipeline.status(uploadId)).state, pacs.held.size], ['closed', 3]);
    await pipeline.close();
  }
});

test('the PACS fails on one instance and takes others: that one is for a person, and the study does not wait for it', async () => {
  let now = new Date('2026-01-01T00:00:00Z');
  const { pipeline, pacs } = await open(() => now);
  Object.assign(pipeline.tools, { patience: { lagMinutes: 0, pauses: PAUSES } });
  const instances = study();
  const poison = instances[1]!.identifiers.sopInstanceUID;
  pacs.failsOn.set(poison, 'unanswered');
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).waiting?.because, 'pacs-fails-on-some');
  for (let hour = 0; hour < 8; hour += 1) {
    now = new Date(now.getTime() + 3_600_000);
    await passMinutes(pipeline.tools.db, 60);
    const another = study();
    await pipeline.send((await pipeline.init(toManifest(another))).uploadId, another);
    await pipeline.runAll();
  }
  const { state, instances: ended = [] } = await pipeline.status(uploadId);
  assert.equal(
    [state, ...ended.map((instance) => instance.reason ?? instance.state)],
    ['held', 'stored', 'pacs-fails-on-it', 'stored'],
  );
  await pipeline.close();
});

test('the PACS shows what it stored only later, and it is not posted again', async () => {
  const { pipeline, pacs } = await open();
  const instances = study();
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  pacs.slowToShow = 2;
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).counts.inPacs, 3);
  assert.ok(
    [...pacs.posted.values()].every((count) => count === 1),
    JSON.stringify([...pacs.posted]),
  );
  await pipeline.close();
});

test('the PACS lists only the first of a study, and those that it does not list are asked for by name', async () => {
  const { pipeline, pacs } = await open();
  const instances = study(6);
  pacs.listsAtMost = 4;
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).counts.inPacs, 6);
  const again = await pipeline.init(toManifest(instances));
  assert.equal([again.have.length, again.need.length], [6, 0]);
  assert.ok([...pacs.posted.values()].every((count) => count === 1));
  await pipeline.close();
});

test('instances are confirmed while the PACS is asked what it has, and they are not asked for again', async () => {
  const { pipeline, pacs } = await open();
  const instances = study(3);
  const { uploadId } = await pipeline.init(toManifest(instances.slice(0, 1)));
  await pipeline.send(uploadId, instances.slice(0, 1));
  await pipeline.runAll();
  await pipeline.init(toManifest(instances));
  const { findStudy } = pacs;
  pacs.findStudy = async (...of) => {
    const before = await findStudy(...of);
    pacs.findStudy = findStudy;
    await pipeline.send(uploadId, instances.slice(1));
    await pipeline.runAll();
    return before;
  };
  const answer = await pipeline.init(toManifest(instances));
  assert.equal([answer.have.length, answer.need.length, answer.revision], [3, 0, 2]);
  await pipeline.close();
});

test('the key that wraps the studies’ keys is another one: the bytes are asked for again, and the study ends', async () => {
  const { createStudyKeys } = await import('../pipeline/stores/study-key.ts');
  const { pipeline, pacs } = await open();
  const instances = study(4);
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances.slice(0, 2));
  await pipeline.runAll();
  await pipeline.send(uploadId, instances.slice(2, 3));
  Object.assign(
    pipeline.tools.keys,
    createStudyKeys(new Uint8Array(32).fill(9), await mkdtemp(join(tmpdir(), 'relay-other-keys-'))),
  );
  for (let round = 0; round < 3; round += 1) {
    const { need } = await pipeline.init(toManifest(instances));
    const wanted = instances.filter(({ bytes }) => need.some(({ digest }) => digest === sha256(bytes)));
    if (wanted.length > 0) await pipeline.send(uploadId, wanted);
    await pipeline.runAll();
  }
  assert.equal([(await pipeline.status(uploadId)).state, pacs.held.size], ['closed', 4]);
  await pipeline.close();
});
test.run();
