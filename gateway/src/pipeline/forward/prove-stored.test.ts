/** The instances that are read back under each setting, and the end of those that the PACS changed. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderPacs } from '../../ports/pacs/folder-pacs.ts';
import type { WantedProof } from '#shared/protocol/destination.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { openTestGround, openTestPipeline, type TestGround } from '../../testing/open-pipeline.ts';
import { newStudy, receiptOf } from '../../testing/open-study.ts';
import { toManifest } from '../../testing/pack-parcel.ts';
import { A_TURN } from '../../threads/in-turns.ts';
import { handedOver, type InstanceRow } from '../stores/instance.store.ts';
import type { StudyRow } from '../stores/study.store.ts';
import { proveStored } from './prove-stored.ts';

const test = suite('a proof');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

const SIZE = 40;

/** A study before a PACS that turns a bit of those of its instances that it is told to. */
async function proven(proof: WantedProof, isChanged: (nth: number) => boolean) {
  const inner = openTestPacs();
  const read: string[] = [];
  const instances = newStudy(SIZE);
  const changed = new Set<string>(
    instances.filter((_, nth) => isChanged(nth)).map(({ identifiers }) => identifiers.sopInstanceUID),
  );
  const pacs = {
    ...inner,
    async storeInstances(...of: Parameters<typeof inner.storeInstances>) {
      const answers = await inner.storeInstances(...of);
      for (const { sopInstanceUID } of answers)
        if (changed.has(sopInstanceUID)) inner.held.get(sopInstanceUID)!.bytes[200]! ^= 1;
      return answers;
    },
    async readBack(...of: Parameters<typeof inner.readBack>) {
      read.push(of[0].sopInstanceUID);
      return inner.readBack(...of);
    },
  };
  const pipeline = await openTestPipeline({ pacs, start: false, ground, tools: { proof } });
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  const { state } = await pipeline.status(uploadId);
  const { receipt } = await receiptOf(pipeline, uploadId);
  await pipeline.close();
  return { state, read: new Set<string>(read), changed, listed: receipt.instances };
}

test('by digest gives the event loop its turn among many instances', async () => {
  const rows = Array.from({ length: 10 * A_TURN }, (_, id) => {
    const row = { id, sop_instance_uid: `1.2.${id}`, digest: 'd' };
    return { ...row, sent_digests: handedOver(row, 'md5') } as InstanceRow;
  });
  const digests = new Map(rows.map((row) => [row.sop_instance_uid, 'md5']));
  const pacs = { ...openTestPacs(), digestsOf: async () => digests };
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const study = { study_instance_uid: '1.2' } as StudyRow;
  const tools = { pacs, proof: 'digest' } as unknown as Parameters<typeof proveStored>[2];
  const proven = await proveStored(study, rows, tools, new AbortController().signal);
  isOver = true;
  assert.is(proven.size, rows.length);
  assert.ok(turns >= 9, `${turns} turns`);
});

const isRead = (proof: string | null | undefined): boolean => proof === 'read-back';

test('of a folder is made by reading all back, where no setting says otherwise', async () => {
  const root = await mkdtemp(join(tmpdir(), 'relay-folders-'));
  await mkdir(join(root, 'archive'));
  const pacs = createFolderPacs({ root, folder: 'archive' });
  const instances = newStudy(3);
  const pipeline = await openTestPipeline({ pacs, start: false, ground });
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.equal(
    receipt.instances.map(({ state, proof }) => [state, proof]),
    instances.map(() => ['stored', 'read-back']),
  );
  await pipeline.close();
  await rm(root, { recursive: true });
});

test('by a sample reads some back, the first of them in any case, and says of each what was done', async () => {
  const { state, read, listed } = await proven('read-back-sample', () => false);
  assert.is(state, 'closed');
  assert.ok(read.size >= 1 && read.size < SIZE / 2, `${read.size} of ${SIZE}`);
  for (const { sopInstanceUID, state: is, proof } of listed)
    assert.equal([is, isRead(proof)], ['stored', read.has(sopInstanceUID)]);
});

test('by a sample of which one is wrong reads all back, and no receipt says stored of what the PACS changed', async () => {
  const { state, read, changed, listed } = await proven('read-back-sample', (nth) => nth === 0 || nth === 7);
  assert.equal([state, read.size], ['held', SIZE]);
  for (const { sopInstanceUID, state: is, reason, proof } of listed)
    if (changed.has(sopInstanceUID))
      assert.equal([is, reason], ['quarantined', 'pacs-changed-it'], sopInstanceUID);
    else assert.equal([is, proof], ['stored', 'read-back']);
});

test('by reading back finds each instance that the PACS changed, and the others are stored', async () => {
  const { state, changed, listed } = await proven('read-back', (nth) => nth % 5 === 0);
  assert.equal([state, changed.size], ['held', SIZE / 5]);
  for (const { sopInstanceUID, state: is, reason } of listed)
    assert.equal(
      [is, reason ?? null],
      changed.has(sopInstanceUID) ? ['quarantined', 'pacs-changed-it'] : ['stored', null],
    );
});

test('by a list says no more than that, and reads nothing', async () => {
  const { state, read, listed } = await proven('found', (nth) => nth === 0);
  assert.equal([state, read.size], ['closed', 0]);
  assert.ok(listed.every(({ proof }) => proof === 'found'));
});

test.run();
