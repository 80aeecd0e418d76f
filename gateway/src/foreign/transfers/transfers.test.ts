/** Instances of which a modality was told that they are stored: in the PACS, or in front of an administrator. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TransferAnswer } from '#shared/protocol/dimse-peer.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { encodeMark } from '../../pipeline/spool/association-marks.ts';
import { createFile } from '../../pipeline/spool/file-spool.ts';
import { findFile, OPEN_FILE_QUEUE } from '../../pipeline/stores/sent-file.store.ts';
import { fieldsOf } from '../../testing/fields-of.ts';
import { problemOf } from '../../testing/failing.ts';
import { fileOf, receivedFile } from '../../testing/foreign-clients.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { openTestGround, openTestPipeline, type TestGround } from '../../testing/open-pipeline.ts';
import { answerTransfer } from './answer-transfer.ts';
import { createOpenFiles } from './run-open-file.ts';
import { listTransfers, settleTransfers } from './transfer.store.ts';

const test = suite('an instance that a modality was told is stored');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
  await ground.jobs.declare(OPEN_FILE_QUEUE);
});
test.after(() => ground.close());

const { signal } = new AbortController();
const PEER = randomUUID();
const BY = randomUUID();

/** An association that has ended with these instances, and the parts of a gateway that meet it. */
async function openTransfer(files: readonly Uint8Array[], policy = 'identified') {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false, ground });
  const { tools, siteId, parcels } = pipeline;
  const { db } = tools;
  const form = { kind: 'association' } as const;
  const of = { peer_id: PEER, ae_title: 'CT', policy_name: policy, form };
  const id = await receivedFile(pipeline, piecesOf(files), of);
  const opening = createOpenFiles({ pipeline: tools, spool: tools, parcels });
  const answering = { pipeline: tools, spool: tools };
  const answer = (said: TransferAnswer, site = siteId) =>
    answerTransfer(answering, { siteId: site, id, by: BY }, said);
  return {
    ...{ pacs, pipeline, answer },
    open: () => opening.run(id, signal),
    settle: () => settleTransfers(tools),
    /** Runs every stage that needs no person, until none has anything to do. */
    async goOn(): Promise<void> {
      await opening.run(id, signal);
      await pipeline.runAll();
      await settleTransfers(tools);
    },
    look: async () => (await findFile(db, id, null))!,
    keepsBytes: async () => (await tools.blobs.size(id)) !== null,
    waiting: async () => (await listTransfers(db, siteId)).shown,
    audited: async () => {
      const rows = await db
        .selectFrom('audit')
        .select(['event', 'fields'])
        .where('site_id', '=', siteId)
        .where('event', 'like', 'dimse-transfer-%')
        .orderBy('seq')
        .execute();
      return rows.map(({ event, fields }) => {
        const { because, instances, by } = fields as Record<string, unknown>;
        return [event, because, instances, by];
      });
    },
    async close() {
      await opening.close();
      await pipeline.close();
    },
  };
}

async function* piecesOf(files: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const file of files) {
    yield file;
    yield encodeMark(true, file.length);
  }
}

const study = (seed: number, count: number): readonly SyntheticInstance[] =>
  syntheticStudy({ seed, instancesPerSeries: count }).instances;
const bytesOf = (instances: readonly SyntheticInstance[]) => instances.map(({ bytes }) => bytes);
const uidOf = ({ identifiers }: SyntheticInstance): string => identifiers.sopInstanceUID;

/** Another image under the same UID. */
function otherThan({ bytes }: SyntheticInstance): Uint8Array {
  const other = Uint8Array.from(bytes);
  other[other.length - 1] = other.at(-1)! ^ 1;
  return other;
}

test('is kept until the PACS has it, and nobody is asked', async () => {
  const instances = study(9701, 2);
  const transfer = await openTransfer(bytesOf(instances));
  await transfer.open();
  await transfer.settle();
  assert.equal([await transfer.keepsBytes(), await transfer.waiting()], [true, []]);
  await transfer.goOn();
  assert.equal([...transfer.pacs.held.keys()].sort(), instances.map(uidOf).sort());
  assert.equal([await transfer.keepsBytes(), (await transfer.look()).wrapped_key], [false, null]);
  await transfer.close();
});

test('is kept where the PACS refuses it, and goes there again when an administrator says so', async () => {
  const instances = study(9702, 2);
  const [first] = instances;
  const transfer = await openTransfer(bytesOf(instances));
  transfer.pacs.failsOn.set(uidOf(first!), 'refused');
  await transfer.goOn();
  const [waiting] = await transfer.waiting();
  const { aeTitle, missing, problem, triesAgain, studies } = waiting!;
  const refused = [{ reason: 'pacs-refused', instances: 1 }];
  assert.equal([aeTitle, missing, problem, triesAgain], ['CT', refused, null, false]);
  assert.equal(fieldsOf(studies, 'studyInstanceUID'), [first!.identifiers.studyInstanceUID]);
  assert.ok(await transfer.keepsBytes());
  transfer.pacs.failsOn.clear();
  await transfer.answer({ answer: 'send-again' });
  await transfer.goOn();
  assert.ok(transfer.pacs.held.has(uidOf(first!)));
  assert.equal([await transfer.waiting(), await transfer.keepsBytes()], [[], false]);
  assert.equal(await transfer.audited(), [['dimse-transfer-resent', null, 1, BY]]);
  await transfer.close();
});

test('is held where another one has its UID, until it is given up for a reason, and the other one arrives', async () => {
  const [first] = study(9703, 1);
  const transfer = await openTransfer([first!.bytes, otherThan(first!)]);
  await transfer.open();
  const missing = [{ reason: 'conflicting-instance', instances: 1 }];
  assert.equal((await transfer.waiting())[0]?.missing, missing);
  await transfer.answer({ answer: 'send-again' });
  await transfer.goOn();
  assert.equal((await transfer.waiting())[0]?.missing, missing, 'its rival is still there');
  assert.ok(await transfer.keepsBytes());
  await transfer.answer({ answer: 'give-up', because: 'not-needed' });
  assert.equal([await transfer.waiting(), await transfer.keepsBytes()], [[], false]);
  assert.equal(Buffer.from(first!.bytes), transfer.pacs.held.get(uidOf(first!))?.bytes);
  assert.equal((await transfer.audited()).at(-1), ['dimse-transfer-given-up', 'not-needed', 1, BY]);
  assert.is(await problemOf(transfer.answer({ answer: 'send-again' })), 'not-found');
  await transfer.close();
});

test('stays until the others have arrived, where some are given up before', async () => {
  const [first] = study(9704, 1);
  const transfer = await openTransfer([first!.bytes, otherThan(first!)]);
  await transfer.open();
  await transfer.answer({ answer: 'give-up', because: 'came-otherwise' });
  assert.equal([await transfer.waiting(), await transfer.keepsBytes()], [[], true]);
  await transfer.pipeline.runAll();
  await transfer.settle();
  assert.is(await transfer.keepsBytes(), false);
  await transfer.close();
});

test('waits in sight where its policy was withdrawn, whoever sent it, and nobody else answers for it', async () => {
  const transfer = await openTransfer(bytesOf(study(9705, 1)), 'of-nobody');
  assert.is(await problemOf(transfer.open()), 'policy-withdrawn');
  const [waiting] = await transfer.waiting();
  assert.equal([waiting?.problem, waiting?.triesAgain], ['policy-withdrawn', true]);
  const other = await openTransfer(bytesOf(study(9706, 1)));
  const giveUp = { answer: 'give-up', because: 'cannot-be-sent' } as const;
  assert.is(await problemOf(transfer.answer(giveUp, other.pipeline.siteId)), 'not-found');
  assert.ok(await transfer.keepsBytes());
  await transfer.answer(giveUp);
  assert.equal([await transfer.waiting(), await transfer.keepsBytes()], [[], false]);
  await transfer.open();
  const { state, given_up } = await transfer.look();
  assert.equal([state, given_up], ['opened', 'cannot-be-sent']);
  await other.close();
  await transfer.close();
});

test('is brought again from what is kept where the spool has lost it on the way', async () => {
  const instances = study(9707, 1);
  const transfer = await openTransfer(bytesOf(instances));
  await transfer.open();
  const { tools, siteId, runAll } = transfer.pipeline;
  const parcels = await tools.db.selectFrom('parcel').select('id').where('site_id', '=', siteId).execute();
  for (const { id } of parcels) await tools.blobs.remove(id);
  await runAll();
  await transfer.settle();
  assert.is((await transfer.look()).state, 'received');
  await transfer.goOn();
  assert.ok(transfer.pacs.held.has(uidOf(instances[0]!)));
  assert.is(await transfer.keepsBytes(), false);
  await transfer.close();
});

test('counts towards its account’s quota while it is held', async () => {
  const [first] = study(9708, 1);
  const transfer = await openTransfer([first!.bytes, otherThan(first!)]);
  await transfer.open();
  const { tools, siteId } = transfer.pipeline;
  const quota = { quota_bytes: first!.bytes.length };
  await tools.db.updateTable('site').set(quota).where('id', '=', siteId).execute();
  assert.is(await problemOf(createFile(tools, fileOf(transfer.pipeline))), 'quota-exceeded');
  await transfer.close();
});

test.run();
