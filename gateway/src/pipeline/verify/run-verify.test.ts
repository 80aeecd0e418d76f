/**
 * Verify that fails where nobody expected it: nothing is lost, nothing unverified passes, and a person is
 * told.
 */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import type { OpenBlob } from '../../ports/blobs/blobs.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { runExpiry } from '../eviction/run-expiry.ts';
import { openTestPipeline, rollingBack } from '../../testing/open-pipeline.ts';
import { packed, toManifest } from '../../testing/pack-parcel.ts';
import { ThreadEnded } from '../../threads/thread.ts';
import { findParcel } from '../parcel.store.ts';
import type { CheckInstance } from '../pipeline-tools.ts';
import { runParcel, runVerify } from '../pipeline.ts';

const signal = new AbortController().signal;
const test = suite('verify that fails');

/** A disk that cannot read one instance. */
function failingOn({ bytes, identifiers }: SyntheticInstance, body: OpenBlob): OpenBlob {
  return {
    ...body,
    async read(offset, length) {
      const read = await body.read(offset, length);
      if (length === bytes.length && Buffer.from(read).includes(identifiers.sopInstanceUID))
        throw new Error('EIO');
      return read;
    },
  };
}

test('on one instance, that one is held for a person after a while and the others continue', async () => {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false });
  const { instances } = syntheticStudy({ seed: 7300, instancesPerSeries: 3, rows: 8, columns: 8 });
  const { uploadId } = await pipeline.init(toManifest(instances));
  const { blobs, db } = pipeline.tools;
  const { open } = blobs;
  const poison = instances[1]!;
  Object.assign(blobs, {
    open: async (...of: Parameters<typeof open>) => failingOn(poison, (await open(...of))!),
  });
  const parcel = randomUUID();
  await pipeline.send(uploadId, instances, parcel);
  const { id } = await db
    .selectFrom('parcel')
    .select('id')
    .where('upload_id', '=', uploadId)
    .executeTakeFirstOrThrow();
  for (let run = 1; run < 8; run += 1)
    assert.is(
      await runParcel(id, pipeline.tools, signal).then(
        () => 'ended',
        (error: Error) => error.message,
      ),
      'EIO',
      `run ${run}`,
    );
  const stopped = AbortSignal.abort();
  await runParcel(id, pipeline.tools, stopped).catch(() => undefined);
  assert.is((await pipeline.status(uploadId)).counts.quarantined, 0, 'a gateway that stops decides nothing');
  await runParcel(id, pipeline.tools, signal);
  Object.assign(blobs, { open });
  await pipeline.runAll();
  const held = await pipeline.status(uploadId);
  assert.equal(
    [held.state, held.counts.inPacs, held.instances?.[1]?.reason, pacs.held.size],
    ['held', 2, 'cannot-be-verified', 2],
  );
  assert.is((await blobs.ids()).length, 1, 'its bytes are kept');
  assert.equal(
    pipeline.lines.flatMap((line) => (line.event === 'instances-not-verified' ? [line['count']] : [])),
    [1],
  );
  const { sopInstanceUID, digest } = held.instances![1]!;
  await pipeline.json('POST', `/upload/${uploadId}/decisions`, {
    decision: 'retry',
    instances: [{ sopInstanceUID, digest }],
  });
  await pipeline.runAll();
  assert.equal(
    [(await pipeline.status(uploadId)).state, pacs.held.size],
    ['receiving', 2],
    'unverified instances are not let through',
  );
  assert.is((await pipeline.init(toManifest(instances))).need.length, 1);
  await pipeline.send(uploadId, instances, parcel);
  await pipeline.runAll();
  assert.equal([(await pipeline.status(uploadId)).state, pacs.held.size], ['closed', 3]);
  await pipeline.close();
});

/** The check of a process that dies in the middle of it: it does not end before the test does. */
function dyingOn(
  poison: SyntheticInstance,
  check: CheckInstance,
  { died, over }: { readonly died: () => void; readonly over: Promise<never> },
): CheckInstance {
  return async (source, promised, rules, until) => {
    if (promised.sop_instance_uid !== poison.identifiers.sopInstanceUID)
      return check(source, promised, rules, until);
    died();
    return over;
  };
}

test('an instance that kills the process three times is held by name, and the others continue', async () => {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false });
  const { tools } = pipeline;
  const { instances } = syntheticStudy({ seed: 7310, instancesPerSeries: 3, rows: 8, columns: 8 });
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances, randomUUID());
  const { id } = await tools.db
    .selectFrom('parcel')
    .select('id')
    .where('upload_id', '=', uploadId)
    .executeTakeFirstOrThrow();
  const over = Promise.withResolvers<never>();
  const dead: Promise<void>[] = [];
  for (let run = 1; run <= 3; run += 1) {
    const died = Promise.withResolvers<void>();
    const check = dyingOn(instances[1]!, tools.check, { died: died.resolve, over: over.promise });
    dead.push(runParcel(id, { ...tools, check }, signal));
    await died.promise;
  }
  assert.is((await pipeline.status(uploadId)).counts.quarantined, 0, 'twice may be chance');
  const died = () => assert.unreachable('it is not begun a fourth time');
  const check = dyingOn(instances[1]!, tools.check, { died, over: over.promise });
  await runParcel(id, { ...tools, check }, signal);
  await pipeline.runAll();
  const held = await pipeline.status(uploadId);
  assert.equal(
    [held.state, held.counts.inPacs, held.instances?.[1]?.reason, pacs.held.size],
    ['held', 2, 'cannot-be-verified', 2],
  );
  over.reject(new Error('the test is over'));
  await Promise.allSettled(dead);
  await pipeline.close();
});

test('an instance that ends the thread of the check three times is held, and one that was only near is not', async () => {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false });
  const { tools } = pipeline;
  const { instances } = syntheticStudy({ seed: 7311, instancesPerSeries: 3, rows: 8, columns: 8 });
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances, randomUUID());
  const { id } = await tools.db
    .selectFrom('parcel')
    .select('id')
    .where('upload_id', '=', uploadId)
    .executeTakeFirstOrThrow();
  const check: CheckInstance = async (source, promised, ...more) => {
    if (promised.sop_instance_uid === instances[1]!.identifiers.sopInstanceUID)
      throw new ThreadEnded('a thread ended');
    return tools.check(source, promised, ...more);
  };
  for (let run = 1; run <= 3; run += 1)
    assert.instance(
      await runParcel(id, { ...tools, check }, signal).catch((error: unknown) => error),
      ThreadEnded,
    );
  await runParcel(id, { ...tools, check }, signal);
  await pipeline.runAll();
  const held = await pipeline.status(uploadId);
  assert.equal(
    held.instances?.map(({ state, reason }) => reason ?? state),
    ['stored', 'cannot-be-verified', 'stored'],
  );
  await pipeline.close();
});

const road = suite('a study that came coded');
const soft = (seed: number) =>
  syntheticStudy({ seed, instancesPerSeries: 3, rows: 64, columns: 64 }).instances;

road(
  'lies restored next to its parcels; the coded bytes are removed once nothing needs them, and everything with the study',
  async () => {
    const pacs = openTestPacs();
    const pipeline = await openTestPipeline({ pacs, start: false });
    const { blobs } = pipeline.tools;
    for (const [seed, isCoded, kept] of [
      [7400, () => true, 1],
      [7401, (i: number) => i !== 1, 2],
    ] as const) {
      const instances = soft(seed);
      const { uploadId } = await pipeline.init(toManifest(instances));
      await pipeline.sendSealed(uploadId, await packed(instances, isCoded));
      const { id } = await pipeline.tools.db
        .selectFrom('parcel')
        .select('id')
        .where('upload_id', '=', uploadId)
        .executeTakeFirstOrThrow();
      await runParcel(id, pipeline.tools, signal);
      assert.equal(
        (await pipeline.status(uploadId)).instances?.map(({ state }) => state),
        ['received', 'received', 'received'],
      );
      assert.is((await blobs.ids()).length, kept);
      await pipeline.runAll();
      assert.is((await pipeline.status(uploadId)).state, 'closed');
      for (const { identifiers, bytes } of instances)
        assert.ok(Buffer.from(pacs.held.get(identifiers.sopInstanceUID)!.bytes).equals(bytes));
      assert.equal(await blobs.ids(), []);
    }
    await pipeline.close();
  },
);

road('is restored once, however often its run is killed or runs twice', async () => {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false });
  const { tools } = pipeline;
  const instances = soft(7402);
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.sendBytes(uploadId, await packed(instances, () => true));
  const { id } = await tools.db
    .selectFrom('parcel')
    .select('id')
    .where('upload_id', '=', uploadId)
    .executeTakeFirstOrThrow();
  // Killed after it had restored, before its commit.
  for (let i = 0; i < 3; i += 1)
    await runParcel(id, { ...tools, db: rollingBack(tools.db) }, signal).catch(() => undefined);
  const stale = (await findParcel(tools.db, id))!;
  await runVerify(stale, tools, signal);
  assert.is(await runVerify(stale, tools, signal), 'elsewhere', 'one that was taken for dead comes late');
  await runExpiry(tools);
  assert.is((await tools.blobs.ids()).length, 1, 'the blobs of the other runs are swept');
  await pipeline.runAll();
  assert.equal([(await pipeline.status(uploadId)).state, pacs.held.size], ['closed', 3]);
  await pipeline.close();
});

road('waits visibly if the disk has no room to restore it, and continues when there is some', async () => {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false });
  const instances = soft(7403);
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.sendBytes(uploadId, await packed(instances, () => true));
  const { freeBytes } = pipeline.tools.blobs;
  Object.assign(pipeline.tools.blobs, { freeBytes: async () => 512 * 1024 ** 2 + 1000 });
  for (let run = 0; run < 10; run += 1) await pipeline.runAll();
  const full = await pipeline.status(uploadId);
  assert.equal(
    [full.waiting?.because, full.counts.quarantined, full.counts.atGateway],
    ['storage-full', 0, 0],
  );
  Object.assign(pipeline.tools.blobs, { freeBytes });
  await pipeline.runAll();
  const done = await pipeline.status(uploadId);
  assert.equal([done.state, done.waiting], ['closed', null]);
  await pipeline.close();
});

test.run();
road.run();
