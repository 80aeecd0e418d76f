/**
 * Verify that fails where nobody expected it: nothing is lost, nothing unverified passes, and a person is
 * told.
 */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import type { OpenBlob } from '../../ports/blobs/blobs.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { runExpiry } from '../eviction/run-expiry.ts';
import {
  openTestGround,
  openTestPipeline,
  rollingBack,
  type TestGround,
  type TestPipeline,
} from '../../testing/open-pipeline.ts';
import { packed, toManifest } from '../../testing/pack-parcel.ts';
import { ThreadEnded, ThreadNotStarted } from '../../threads/thread.ts';
import { findParcel } from '../stores/parcel.store.ts';
import { noteTrace } from '../stores/instance.store.ts';
import type { CheckInstance, PipelineTools } from '../plan/pipeline-tools.ts';
import { runParcel, runVerify } from '../pipeline.ts';
import { createCheckThread } from './check-thread.ts';
import { createRestoreThread } from './restore-thread.ts';

const signal = new AbortController().signal;
const test = suite('verify that fails');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});

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
  const pipeline = await openTestPipeline({ pacs, start: false, ground });
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

/** Deaths of the gateway that has the parcel: its run does not come to its end before the test does. */
function createDeaths(tools: PipelineTools) {
  const over = Promise.withResolvers<never>();
  void ignoreFailure(over.promise, 'a run that waits for it fails');
  const runs: Promise<void>[] = [];
  return {
    /** In the middle of work on this instance. */
    async die(parcelId: string, { identifiers }: SyntheticInstance): Promise<void> {
      const died = Promise.withResolvers<void>();
      const check: CheckInstance = async (source, promised, ...more) => {
        if (promised.sop_instance_uid !== identifiers.sopInstanceUID)
          return tools.check(source, promised, ...more);
        died.resolve();
        return over.promise;
      };
      runs.push(runParcel(parcelId, { ...tools, check }, signal));
      await died.promise;
    },
    async end(): Promise<void> {
      over.reject(new Error('the test is over'));
      await Promise.allSettled(runs);
    },
  };
}

/** Three instances that have come to a gateway whose jobs do not run on their own; `use` may fail. */
async function withParcel(
  seed: number,
  use: (of: {
    readonly pipeline: TestPipeline;
    readonly instances: readonly SyntheticInstance[];
    readonly parcelId: string;
    readonly deaths: ReturnType<typeof createDeaths>;
    /** The state of each instance, or why it is held. */
    readonly fates: () => Promise<readonly string[] | undefined>;
  }) => Promise<void>,
  pack?: (i: number) => boolean,
): Promise<void> {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false, ground });
  const deaths = createDeaths(pipeline.tools);
  try {
    const { instances } = syntheticStudy({ seed, instancesPerSeries: 3, rows: 64, columns: 64 });
    const { uploadId } = await pipeline.init(toManifest(instances));
    if (pack === undefined) await pipeline.send(uploadId, instances, randomUUID());
    else await pipeline.sendBytes(uploadId, await packed(instances, pack));
    const { id: parcelId } = await pipeline.tools.db
      .selectFrom('parcel')
      .select('id')
      .where('upload_id', '=', uploadId)
      .executeTakeFirstOrThrow();
    const fates = async () =>
      (await pipeline.status(uploadId)).instances?.map(({ state, reason }) => reason ?? state);
    await use({ pipeline, instances, parcelId, deaths, fates });
  } finally {
    await deaths.end();
    await pipeline.close();
  }
}

/** Runs it so often, and each time what works on an instance ends. */
async function endTimes(times: number, parcelId: string, tools: PipelineTools): Promise<void> {
  for (let run = 1; run <= times; run += 1)
    assert.instance(
      await runParcel(parcelId, tools, signal).catch((error: unknown) => error),
      ThreadEnded,
      `run ${run}`,
    );
}

const PROMISED = ['promised', 'promised', 'promised'];
const SECOND_HELD = ['stored', 'cannot-be-verified', 'stored'];

test('an instance with which the gateway died twice, and that kills its own process three times, is held by name', () =>
  withParcel(7310, async ({ pipeline, instances, parcelId, deaths, fates }) => {
    const poison = instances[1]!;
    for (let death = 1; death <= 2; death += 1) await deaths.die(parcelId, poison);
    // From now on this process would die with it, if it were not suspected.
    const script = new URL('../../testing/dying-check.worker.ts', import.meta.url);
    const check = createCheckThread({ script, data: poison.identifiers.sopInstanceUID });
    const tools = { ...pipeline.tools, check };
    await endTimes(2, parcelId, tools);
    assert.equal(await fates(), PROMISED, 'twice may be chance');
    await runParcel(parcelId, tools, signal);
    await pipeline.runAll();
    assert.equal(await fates(), SECOND_HELD);
  }));

test('a coded instance that kills the process in which it is restored is held by name', () =>
  withParcel(
    7313,
    async ({ pipeline, parcelId, fates }) => {
      const { db } = pipeline.tools;
      const { id } = await db
        .selectFrom('instance')
        .innerJoin('parcel', 'parcel.study_id', 'instance.study_id')
        .select('instance.id')
        .where('parcel.id', '=', parcelId)
        .orderBy('instance.id')
        .offset(1)
        .executeTakeFirstOrThrow();
      await noteTrace(db, id, { beginnings: 1, ends: 0 });
      const script = new URL('../../testing/dying-restore.worker.ts', import.meta.url);
      const tools = { ...pipeline.tools, restore: createRestoreThread({ script }) };
      await endTimes(2, parcelId, tools);
      assert.equal(await fates(), PROMISED, 'twice may be chance');
      await runParcel(parcelId, tools, signal);
      await pipeline.runAll();
      assert.equal(await fates(), SECOND_HELD);
    },
    (i) => i === 1,
  ));

test('an instance whose gateway was killed nine times by others is stored, also if the disk fails once then', () =>
  withParcel(7312, async ({ pipeline, instances, parcelId, deaths, fates }) => {
    for (let death = 1; death <= 9; death += 1) await deaths.die(parcelId, instances[1]!);
    const broken: CheckInstance = () => Promise.reject(new Error('EIO'));
    const failed = runParcel(parcelId, { ...pipeline.tools, check: broken }, signal);
    assert.is(await failed.catch((error: Error) => error.message), 'EIO');
    await runParcel(parcelId, { ...pipeline.tools, check: createCheckThread() }, signal);
    await pipeline.runAll();
    assert.equal(await fates(), ['stored', 'stored', 'stored']);
  }));

for (const [wasAlone, fate] of [
  [true, SECOND_HELD],
  [false, ['stored', 'stored', 'stored']],
] as const)
  test(`an instance is ${wasAlone ? 'held' : 'not held'} when its thread has ended three times, if it was ${wasAlone ? '' : 'not '}alone in it`, () =>
    withParcel(wasAlone ? 7311 : 7314, async ({ pipeline, instances, parcelId, fates }) => {
      const { tools } = pipeline;
      const check: CheckInstance = async (source, promised, ...more) => {
        if (promised.sop_instance_uid === instances[1]!.identifiers.sopInstanceUID)
          throw new ThreadEnded(wasAlone);
        return tools.check(source, promised, ...more);
      };
      await endTimes(2, parcelId, { ...tools, check });
      assert.equal(await fates(), PROMISED, 'twice may be chance');
      if (!wasAlone) await endTimes(1, parcelId, { ...tools, check });
      else await runParcel(parcelId, { ...tools, check }, signal);
      await pipeline.runAll();
      assert.equal(await fates(), fate);
    }));

test('for want of a thread holds no instance, however often that happens, and says that it waits', () =>
  withParcel(7315, async ({ pipeline, instances, parcelId, fates }) => {
    const { tools } = pipeline;
    const check: CheckInstance = async (source, promised, ...more) => {
      if (promised.sop_instance_uid === instances[1]!.identifiers.sopInstanceUID)
        throw new ThreadNotStarted();
      return tools.check(source, promised, ...more);
    };
    for (let run = 1; run <= 10; run += 1) await runParcel(parcelId, { ...tools, check }, signal);
    const { upload_id: uploadId } = (await findParcel(tools.db, parcelId))!;
    assert.is((await pipeline.status(uploadId)).waiting?.because, 'gateway-failed');
    assert.equal(await fates(), PROMISED);
    await runParcel(parcelId, tools, signal);
    await pipeline.runAll();
    assert.equal(await fates(), ['stored', 'stored', 'stored']);
    assert.is((await pipeline.status(uploadId)).waiting, null);
  }));

const road = suite('a study that came coded');
road.after(() => ground.close());
const soft = (seed: number) =>
  syntheticStudy({ seed, instancesPerSeries: 3, rows: 64, columns: 64 }).instances;

road(
  'lies restored next to its parcels; the coded bytes are removed once nothing needs them, and everything with the study',
  async () => {
    const pacs = openTestPacs();
    const pipeline = await openTestPipeline({ pacs, start: false, ground });
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
  const pipeline = await openTestPipeline({ pacs, start: false, ground });
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
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false, ground });
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
