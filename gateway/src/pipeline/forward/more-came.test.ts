/** Instances of a study that come while others of it are on their way to the PACS. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PacsUnreachable } from '../../ports/pacs/pacs.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { openTestGround, openTestPipeline, type TestGround } from '../../testing/open-pipeline.ts';
import { newStudy, studyIdOf } from '../../testing/open-study.ts';
import { toManifest } from '../../testing/pack-parcel.ts';
import { until } from '#testing/gateway-under-test.ts';
import { createBatchSizes, USUAL_BATCH } from '../pacs/batch-sizes.ts';
import { countStates } from '../stores/instance.store.ts';
import { createTakings } from '../pacs/takings.ts';
import { ROUNDS_LIMIT } from './forward-study.ts';

const test = suite('instances that come during forward');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

/** A study of so many instances, sent in pairs, of which the `first` are here. `bytes`: aimed at in a request. */
async function begun(count: number, { first = 2, bytes = USUAL_BATCH.bytes } = {}) {
  const pacs = openTestPacs();
  const takings = createTakings(createBatchSizes({ ...USUAL_BATCH, bytes }));
  const pipeline = await openTestPipeline({ pacs, start: false, ground });
  const tools = { ...pipeline.tools, takings };
  const { db } = tools;
  const instances = newStudy(count);
  const promise = (from: number, to = from + 2) => pipeline.init(toManifest(instances.slice(from, to)));
  const send = async (from: number, to = from + 2) => {
    const { uploadId } = await promise(from, to);
    await pipeline.send(uploadId, instances.slice(from, to), randomUUID());
    await pipeline.runParcels();
    const studyId = await studyIdOf(pipeline, uploadId);
    await pipeline.run('assembly', studyId);
    return studyId;
  };
  const studyId = await send(0, first);
  const study = () => db.selectFrom('study').selectAll().where('id', '=', studyId).executeTakeFirstOrThrow();
  /** The stages that follow at once. */
  const enqueued: string[] = [];
  const jobs: typeof tools.jobs = {
    async enqueue(trx, queue, data, options) {
      if (options?.startAfterSeconds === 0) enqueued.push(queue);
      return tools.jobs.enqueue(trx, queue, data, options);
    },
  };
  const begunWith = new Set<string>(
    instances.slice(0, first).map(({ identifiers }) => identifiers.sopInstanceUID),
  );
  /**
   * Runs forward once; `come` is called before each request is answered. `isNew`: it brings what came during the
   * run. `other`: what the PACS does instead.
   */
  const forward = async (
    come: (request: number, isNew: boolean) => Promise<unknown>,
    other: Partial<typeof pacs> = {},
  ) => {
    let requests = 0;
    const busy: typeof pacs = {
      ...pacs,
      ...other,
      async storeInstances(...of) {
        requests += 1;
        await come(requests, !of[1].some(({ sopInstanceUID }) => begunWith.has(sopInstanceUID)));
        return pacs.storeInstances(...of);
      },
    };
    const own = { ...tools, jobs };
    await pipeline.run('forward', studyId, { ...own, pacsOf: async () => ({ ...own, pacs: busy }) });
  };
  return { pacs, pipeline, db, studyId, study, enqueued, promise, send, forward };
}

test('are posted by the same run, and nobody is told that the PACS fails on them', async () => {
  const { pacs, pipeline, study, send, forward } = await begun(4);
  await forward(async (request) => request === 1 && send(2));
  assert.is(pacs.held.size, 4);
  const { state, waiting_because: because } = await study();
  assert.equal([state, because], ['forwarded', null]);
  await pipeline.runAll();
  assert.is((await study()).state, 'closed');
  await pipeline.close();
});

test('do not wait for the confirmation of those before them, which is asked for meanwhile', async () => {
  const { pipeline, db, studyId, enqueued, send, forward } = await begun(4);
  const seen: unknown[] = [];
  await forward(async (request) => {
    if (request === 1) await send(2);
    else {
      seen.push(enqueued.includes('reconcile'), (await countStates(db, studyId)).get('posted'));
      await pipeline.run('reconcile', studyId);
      seen.push((await countStates(db, studyId)).get('stored'));
    }
  });
  assert.equal(seen, [true, 2, 2]);
  await pipeline.close();
});

/** Each instance has a request of its own, and four of them are under way at once. */
const APART = { first: 6, bytes: 1 };

test('are posted while the last requests before them are under way, and these are confirmed meanwhile', async () => {
  const { pacs, pipeline, enqueued, send, forward } = await begun(8, APART);
  const news = Promise.withResolvers<void>();
  const next = Promise.withResolvers<void>();
  let ofTheFirst = 0;
  await forward(async (request, isNew) => {
    if (request === 1) await send(6).then(() => news.resolve());
    if (!isNew) {
      ofTheFirst += 1;
      return ofTheFirst < 6 ? news.promise : next.promise;
    }
    next.resolve();
    return until('the confirmation of the first six', () => enqueued.includes('reconcile'));
  });
  assert.is(pacs.held.size, 8);
  await pipeline.close();
});

test('wait for those that go alone', async () => {
  const { pacs, pipeline, db, studyId, send, forward } = await begun(8, APART);
  const last = db
    .selectFrom('instance')
    .select('id')
    .where('study_id', '=', studyId)
    .orderBy('id', 'desc')
    .limit(1);
  await db.updateTable('instance').set({ offers: 2 }).where('id', '=', last).execute();
  const news = Promise.withResolvers<void>();
  let begunSoFar = 0;
  let atItsEnd = 0;
  await forward(async (request) => {
    begunSoFar = request;
    if (request === 1) await send(6).then(() => news.resolve());
    await news.promise;
    if (request === 6) {
      // Long enough for the others to be looked for and claimed, if they did not wait.
      for (let looks = 0; looks < 100; looks += 1) await countStates(db, studyId);
      atItsEnd = begunSoFar;
    }
  });
  assert.equal([atItsEnd, pacs.held.size], [6, 8]);
  await pipeline.close();
});

test('hold up no confirmation where they cannot be looked for', async () => {
  const { pacs, pipeline, enqueued, studyId, db, send, forward } = await begun(4);
  await forward(async () => {
    await send(2);
    pacs.lie = 'deaf-to-searches';
  });
  assert.is((await countStates(db, studyId)).get('posted'), 2);
  assert.ok(enqueued.includes('reconcile'));
  pacs.lie = 'honest';
  await pipeline.runAll();
  assert.is(pacs.held.size, 4);
  await pipeline.close();
});

test('hold up no confirmation where the look for them ends in an error before that of the others', async () => {
  const { pipeline, enqueued, studyId, db, send, forward } = await begun(8, APART);
  const news = Promise.withResolvers<void>();
  const looked = Promise.withResolvers<void>();
  let isNew = false;
  const findInstances: typeof pipeline.tools.pacs.findInstances = async () => {
    if (!isNew) return [];
    looked.resolve();
    throw new Error('nobody knows why');
  };
  const come = async (request: number): Promise<void> => {
    if (request === 1) {
      await send(6);
      isNew = true;
      news.resolve();
    }
    await (request < 6 ? news : looked).promise;
    // Long enough for the error to be heard.
    if (request === 6) for (let looks = 0; looks < 100; looks += 1) await countStates(db, studyId);
  };
  await forward(come, { findInstances }).catch(({ message }) => assert.is(message, 'nobody knows why'));
  assert.is((await countStates(db, studyId)).get('posted'), 6);
  assert.ok(enqueued.includes('reconcile'));
  await pipeline.close();
});

test('were posted when they were, and not when the first ones were', async () => {
  const { pipeline, db, studyId, send, forward } = await begun(4);
  let first: Date | undefined;
  await forward(async (request) => {
    if (request > 1) return;
    await send(2);
    first = new Date();
  });
  const rows = db.selectFrom('instance').select('posted_at').where('study_id', '=', studyId);
  const at = (await rows.orderBy('id').execute()).map(({ posted_at }) => posted_at! > first!);
  assert.equal(at, [false, false, true, true]);
  await pipeline.close();
});

test('wait while more of their study is promised', async () => {
  const { pacs, pipeline, promise, send, forward } = await begun(6);
  await forward(async (request) => {
    if (request > 1) return;
    await send(2);
    await promise(4);
  });
  assert.is(pacs.held.size, 2);
  await pipeline.close();
});

test('leave the next turn to other studies after some rounds, and follow at once', async () => {
  const { pacs, pipeline, enqueued, study, send, forward } = await begun(2 * (ROUNDS_LIMIT + 1));
  await forward((request) => send(2 * request));
  assert.is(pacs.held.size, 2 * ROUNDS_LIMIT);
  assert.ok(enqueued.includes('forward'));
  assert.is((await study()).waiting_because, null);
  await pipeline.runAll();
  assert.is(pacs.held.size, 2 * (ROUNDS_LIMIT + 1));
  await pipeline.close();
});

test('wait with a PACS that goes away, and those that it took are kept', async () => {
  const { pacs, pipeline, db, studyId, study, send, forward } = await begun(4);
  await forward(async (request) => {
    if (request === 1) await send(2);
    else throw new PacsUnreachable('gone', null, 'ECONNREFUSED');
  });
  assert.is((await study()).waiting_because, 'pacs-unreachable');
  assert.equal((await countStates(db, studyId)).get('posted'), 2);
  await pipeline.runAll();
  assert.equal([pacs.held.size, Math.max(...pacs.posted.values())], [4, 1]);
  assert.is((await study()).state, 'closed');
  await pipeline.close();
});

test('are no reason to say that the PACS fails, where it lost meanwhile what it took before', async () => {
  const { pacs, pipeline, studyId, study, enqueued, send, forward } = await begun(4);
  await forward(async (request) => {
    if (request === 1) return send(2);
    pacs.held.clear();
    await pipeline.run('reconcile', studyId);
    return null;
  });
  assert.is((await study()).waiting_because, null);
  assert.not.ok(enqueued.includes('forward'), 'it is looked for again at once');
  await pipeline.runAll();
  assert.is(pacs.held.size, 4);
  await pipeline.close();
});

test.run();
