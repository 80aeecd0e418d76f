// test:all: faults of a disk at each step; killed-store.e2e.ts and not-taken.test.ts guard the door by day
/** A file that fails while it is opened: nothing is counted twice, forgotten, or left promised. */
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { expireFiles, findFile } from '../../pipeline/stores/sent-file.store.ts';
import { fieldsOf } from '../../testing/fields-of.ts';
import { audited } from '../../testing/audited.ts';
import { fileStatus, receivedFile as receive, sendFile } from '../../testing/foreign-clients.ts';
import { openTestGateway } from '../../testing/open-gateway.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { openTestGround, openTestPipeline, type TestGround } from '../../testing/open-pipeline.ts';
import { openFile } from '../files/open-file.ts';
import type { NotTaken } from '../files/open-talk.ts';
import { createOpenFiles } from './run-open-file.ts';

const test = suite('a file that fails');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

const { signal } = new AbortController();

/** A file of this account that waits to be opened, and what opens it. */
async function receivedFile(bytes: Uint8Array, script?: URL, isFull = () => false) {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false, ground });
  const { tools } = pipeline;
  const id = await receive(pipeline, once(bytes));
  const { blobs } = tools;
  const disk = Object.assign(Object.create(blobs) as typeof blobs, {
    freeBytes: () => (isFull() ? Promise.resolve(0) : blobs.freeBytes()),
  });
  const parcels = { arrived: async () => undefined };
  const opening = createOpenFiles({ pipeline: { ...tools, blobs: disk }, spool: tools, parcels }, script);
  return {
    pipeline,
    run: () => opening.run(id, signal),
    look: async () => (await findFile(tools.db, id, null))!,
    async close() {
      await opening.close();
      await pipeline.close();
    },
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: Error) => error.message,
  );

test('is kept for ever where a peer was told that its instances are stored', async () => {
  const { pipeline, look, close } = await receivedFile(new Uint8Array(10));
  const { db } = pipeline.tools;
  const stateLater = async (): Promise<unknown> => {
    await sql`update sent_file set expires_at = now() - interval '1 day'`.execute(db);
    await expireFiles(db, new Date());
    return (await look()).state;
  };
  await sql`update sent_file set peer_id = gen_random_uuid()`.execute(db);
  assert.is(await stateLater(), 'received');
  await sql`update sent_file set peer_id = null`.execute(db);
  assert.is(await stateLater(), 'opened');
  await close();
});

test('because one of its entries ends the thread loses that entry alone, by name', async () => {
  const script = new URL('../../testing/dying-open.worker.ts', import.meta.url);
  const { run, look, close } = await receivedFile(new Uint8Array(10), script);
  assert.is(await codeOf(run()), 'a thread ended');
  const { state, problem, entries, fatal } = await look();
  assert.equal([state, problem, fatal], ['received', 'unexpected', [2]]);
  assert.equal(fieldsOf(entries, 'entry'), [1], 'the findings so far are shown');
  await run();
  const opened = await look();
  assert.equal([opened.state, opened.problem], ['opened', null]);
  assert.equal(
    opened.entries.map((entry) => (entry.state === 'refused' ? entry.reason : entry.state)),
    ['not-dicom', 'cannot-be-opened', 'not-dicom'],
  );
  await close();
});

test('and an entry that ended a thread is not read again', async () => {
  const { bytes } = syntheticStudy({ seed: 9301, instancesPerSeries: 1 }).instances[0]!;
  const left: NotTaken[] = [];
  const begun: number[] = [];
  const source = {
    size: bytes.length,
    read: async (at: number, length: number) => bytes.slice(at, at + length),
  };
  await openFile(source, {
    ...{ form: { kind: 'instance' }, policy: { kind: 'identified' }, fatal: new Set([1]), signal },
    begin: async (entry) => begun.push(entry) > 0,
    take: async () => assert.unreachable(),
    leave: async (entry) => void left.push(entry),
  });
  assert.equal(left, [{ entry: 1, state: 'refused', reason: 'cannot-be-opened' }]);
  assert.equal(begun, []);
});

test('for want of quota is unpacked again only once the quota or its use has changed', async () => {
  const { bytes } = syntheticStudy({ seed: 9302, instancesPerSeries: 1 }).instances[0]!;
  const { pipeline, run, look, close } = await receivedFile(bytes);
  const { db, blobs } = pipeline.tools;
  let reads = 0;
  const open = blobs.open.bind(blobs);
  const counting = (...of: Parameters<typeof open>) => {
    reads += 1;
    return open(...of);
  };
  Object.assign(blobs, { open: counting });
  const setQuota = (uploads: number) =>
    db.updateTable('site').set({ quota_uploads: uploads }).where('id', '=', pipeline.siteId).execute();
  await setQuota(0);
  for (let times = 0; times < 3; times += 1) assert.is(await codeOf(run()), 'quota-exceeded');
  assert.is(reads, 1);
  await setQuota(10);
  assert.is(await codeOf(run()), null);
  assert.equal([reads, (await look()).state], [2, 'opened']);
  await close();
});

test('for want of room promises nothing meanwhile, and all of it comes later', async () => {
  const { bytes, identifiers } = syntheticStudy({ seed: 9302, instancesPerSeries: 1 }).instances[0]!;
  let full = true;
  const { run, look, close, pipeline } = await receivedFile(bytes, undefined, () => full);
  const promised = async (): Promise<number> => {
    const rows = pipeline.tools.db.selectFrom('instance').select('id').where('site_id', '=', pipeline.siteId);
    return (await rows.execute()).length;
  };
  for (let times = 0; times < 10; times += 1) assert.is(await codeOf(run()), 'no room is left for parcels');
  assert.is(await promised(), 0);
  const waiting = await look();
  assert.equal([waiting.state, waiting.problem, waiting.runs], ['received', 'storage-full', 0]);
  assert.equal(waiting.entries, [{ entry: 1, state: 'refused', reason: 'never-arrived' }]);
  full = false;
  await run();
  const [entry] = (await look()).entries;
  assert.is(entry?.state === 'sent' && entry.sopInstanceUID, identifiers.sopInstanceUID);
  assert.is(await promised(), 1);
  await close();
});

test('by a fault of the gateway is not opened for ever', async () => {
  const { bytes } = syntheticStudy({ seed: 9303, instancesPerSeries: 1 }).instances[0]!;
  const { run, look, close } = await receivedFile(bytes, undefined, () => {
    throw new Error('planted fault');
  });
  let times = 0;
  while (times < 50 && (await codeOf(run())) !== null) times += 1;
  assert.ok(times < 50, 'it ends');
  const { state, problem } = await look();
  assert.equal([state, problem], ['opened', 'unexpected']);
  await close();
});

test('counts its patients towards the account’s day once, however often it is opened', async () => {
  const gateway = await openTestGateway({ pacs: openTestPacs() });
  const { db } = gateway.database;
  const { accessToken: token, user } = await gateway.userWith(['researcher']);
  const { bytes } = syntheticStudy({ seed: 9304, instancesPerSeries: 1 }).instances[0]!;
  const { quota_uploads } = await db.selectFrom('site').select('quota_uploads').executeTakeFirstOrThrow();
  await db.updateTable('site').set({ quota_uploads: 0 }).execute();
  const id = await sendFile(gateway, token, { bytes, policy: 'deidentified' });
  const status = () => fileStatus(gateway, token, id);
  await until('the quota to be told', async () => (await status()).file.problem !== null);
  await db.updateTable('site').set({ quota_uploads }).execute();
  await until('the receipt', async () => (await status()).receipt !== null);
  const asked = db.selectFrom('account').select('patients_asked').where('id', '=', user.id);
  assert.is((await asked.executeTakeFirstOrThrow()).patients_asked, 1);
  assert.is((await audited(db, 'pseudonyms-made')).length, 1);
  await gateway.close();
});

test.run();
