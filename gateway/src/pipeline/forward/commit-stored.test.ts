/** Storage commitment: a study whose destination wants it counts as stored once the PACS says that it keeps it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createDimsePacs } from '../../ports/pacs/dimse-pacs.ts';
import { openDimseArchive, type Archive } from '../../testing/dimse-archive.ts';
import { openTestGround, openTestPipeline, type TestGround } from '../../testing/open-pipeline.ts';
import { newStudy, receiptOf } from '../../testing/open-study.ts';
import { toManifest } from '../../testing/pack-parcel.ts';
import { noteReport } from '../stores/commitment.store.ts';

const test = suite('storage commitment');
let ground: TestGround;
const archives: Archive[] = [];
test.before(async () => {
  ground = await openTestGround();
});
test.after(async () => {
  for (const archive of archives) archive.close();
  await ground.close();
});

const pacsAt = ({ port, commits }: Archive, commitment = true) =>
  createDimsePacs({
    ...(commits === 'later' && { reportMs: 1 }),
    address: { isTls: false, host: '127.0.0.1', port, calledAE: 'PACS', callingAE: 'RELAYPACS' },
    tls: { ca: null, own: null },
    commitment,
  });

async function sent(set: (archive: Archive, uids: readonly string[]) => void, instances = newStudy(3)) {
  const archive = await openDimseArchive(instances);
  archives.push(archive);
  const uids = instances.map(({ identifiers }): string => identifiers.sopInstanceUID);
  set(archive, uids);
  const pipeline = await openTestPipeline({ pacs: pacsAt(archive), start: false, ground });
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  return { archive, pipeline, uploadId, uids, instances };
}

const stateOf = async ({ pipeline, uploadId }: Awaited<ReturnType<typeof sent>>) =>
  (await pipeline.status(uploadId)).state;
async function listedIn({ pipeline, uploadId }: Awaited<ReturnType<typeof sent>>) {
  const { receipt } = await receiptOf(pipeline, uploadId);
  await pipeline.close();
  return receipt.instances;
}
const questionsLeft = async (): Promise<number> =>
  (await ground.database.db.selectFrom('commitment').select('id').execute()).length;

test('that is given is on the receipt beside the proof, and was asked for once', async () => {
  const going = await sent(() => {});
  assert.is(await stateOf(going), 'closed');
  assert.equal(
    (await listedIn(going)).map((one) => [one.state, one.proof, one.committed]),
    going.uids.map(() => ['stored', 'read-back', true]),
  );
  assert.equal(
    going.archive.asked.map(({ instances }) => instances.toSorted()),
    [going.uids.toSorted()],
  );
  assert.is(await questionsLeft(), 0);
});

test('that is refused for one instance keeps it out of the PACS, and in the end it is for a person', async () => {
  const going = await sent((archive, [first = '']) => {
    archive.commits = { failsOn: first, reason: 0x0112, times: Infinity };
  });
  const [first = '', ...others] = going.uids;
  const listed = new Map((await listedIn(going)).map((one) => [one.sopInstanceUID as string, one]));
  assert.equal([listed.get(first)?.state, listed.get(first)?.reason], ['quarantined', 'pacs-lost']);
  assert.is(listed.get(first)?.committed, undefined);
  const asked = going.archive.asked.filter(({ instances }) => instances.includes(first));
  assert.is(asked.length, 3, 'a PACS may be slow to know what it has');
  for (const uid of others)
    assert.equal([listed.get(uid)?.state, listed.get(uid)?.committed], ['stored', true], uid);
  assert.ok(others.every((uid) => going.archive.posted.get(uid) === 1));
});

test('that fails for another reason is asked for again, and is given in the end', async () => {
  const going = await sent((archive, [first = '']) => {
    archive.commits = { failsOn: first, reason: 0x0110, times: 2 };
  });
  assert.is(await stateOf(going), 'closed');
  assert.equal(
    going.archive.asked.slice(1).map(({ instances }) => instances),
    [[going.uids[0]], [going.uids[0]]],
  );
  assert.ok((await listedIn(going)).every(({ state, committed }) => state === 'stored' && committed));
});

test('that is reported later is waited for, and another’s report counts for nothing', async () => {
  const going = await sent((archive) => {
    archive.commits = 'later';
  });
  assert.is(await stateOf(going), 'forwarded');
  const [asked] = going.archive.asked;
  const committed = new Set(asked!.instances);
  const { db } = ground.database;
  assert.is(await noteReport(db, { transactionUID: '2.25.4711', committed, failed: new Map() }), false);
  await going.pipeline.runAll();
  assert.is(await stateOf(going), 'forwarded');
  assert.is(going.archive.asked.length, 1);
  const report = { transactionUID: asked!.transactionUID, committed, failed: new Map<string, number>() };
  assert.is(await noteReport(db, report), true);
  assert.is(await noteReport(db, { ...report, committed: new Set() }), false, 'a second report');
  await going.pipeline.runAll();
  assert.is(await stateOf(going), 'closed');
  assert.ok((await listedIn(going)).every(({ committed: isKept }) => isKept));
});

test('that no report comes for is asked for again after a quarter of an hour', async () => {
  const going = await sent((archive) => {
    archive.commits = 'later';
  });
  const { db } = ground.database;
  await db
    .updateTable('tally')
    .set((of) => ({ minutes: of('minutes', '+', 16) }))
    .execute();
  going.archive.commits = 'keeps';
  going.pipeline.tools.pacs = pacsAt(going.archive);
  await going.pipeline.runAll();
  assert.is(await stateOf(going), 'closed');
  assert.is(going.archive.asked.length, 2);
  await going.pipeline.close();
});

test('is wanted too of what the PACS had before', async () => {
  const own = await sent(() => {});
  const fresh = await openTestGround();
  const pipeline = await openTestPipeline({ pacs: pacsAt(own.archive), start: false, ground: fresh });
  const { uploadId } = await pipeline.init(toManifest(own.instances));
  await pipeline.send(uploadId, own.instances);
  await pipeline.runAll();
  const listed = await listedIn({ ...own, pipeline, uploadId });
  assert.ok(listed.every(({ state, committed }) => state === 'stored' && committed));
  assert.ok(own.uids.every((uid) => own.archive.posted.get(uid) === 1));
  await own.pipeline.close();
  await fresh.close();
});

test('that the PACS does not take makes the study wait, and is not asked for where nobody wants it', async () => {
  const going = await sent((archive) => {
    archive.commits = 'not-taken';
  }).catch((error: unknown) => error);
  if (going instanceof Error) throw going;
  const { pipeline, uploadId, archive } = going as Awaited<ReturnType<typeof sent>>;
  assert.is((await pipeline.status(uploadId)).waiting?.because, 'pacs-settings-wrong');
  pipeline.tools.pacs = pacsAt(archive, false);
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.ok(receipt.instances.every(({ state, committed }) => state === 'stored' && committed === undefined));
  assert.is(archive.asked.length, 0);
  await pipeline.close();
});
test.run();
