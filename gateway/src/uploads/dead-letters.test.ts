/** An administrator's decision about one destination, where the study goes to several. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Need } from '#shared/protocol/forms.ts';
import type { Problem } from '#shared/protocol/problem.ts';
import { lackingAt } from '#shared/protocol/receipt.ts';
import { createTakings } from '../pipeline/pacs/takings.ts';
import { addDestination, uidsOf } from '../testing/open-copies.ts';
import { openTestPacs, type TestPacs } from '../testing/open-pacs.ts';
import {
  openTestGround,
  openTestPipeline,
  type TestGround,
  type TestPipeline,
} from '../testing/open-pipeline.ts';
import { newStudy, receiptOf } from '../testing/open-study.ts';
import { listDestinations } from '../destinations/destination.store.ts';
import { findUpload } from '../pipeline/stores/parcel.store.ts';
import { decide } from './decide.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { decideDeadLetters, listDeadLetters } from './dead-letters.ts';

const test = suite('dead letters of one destination of several');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

const GIVE_UP = { decision: 'leave-out', because: 'not-needed' } as const;
const RETRY = { decision: 'retry' } as const;

/** Two images are at the gateway, for a first PACS and for two others. No stage has run. */
async function sentToThree(needs: { readonly a: Need; readonly b: Need }) {
  const pacs = openTestPacs();
  const a = openTestPacs();
  const b = openTestPacs();
  const first = { pacs, takings: createTakings() };
  const places = new Map<string | null | undefined, { pacs: TestPacs; takings: typeof first.takings }>();
  const pipeline = await openTestPipeline({
    pacs,
    start: false,
    ground,
    tools: { pacsOf: async ({ destination_id: id }) => places.get(id) ?? first },
  });
  await addDestination(pipeline, 'first', null);
  const aId = await addDestination(pipeline, 'a', needs.a);
  const bId = await addDestination(pipeline, 'b', needs.b);
  places.set(aId, { pacs: a, takings: createTakings() });
  places.set(bId, { pacs: b, takings: createTakings() });
  const instances = newStudy(2);
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances, randomUUID());
  const place = (destinationId: string) => ({ siteId: pipeline.siteId, destinationId });
  return {
    ...{ uploadId, pipeline, pacs, a, b, aId, bId, uids: [...uidsOf(instances)].sort() },
    decide: async (at: string, said: typeof GIVE_UP | typeof RETRY) =>
      (await decideDeadLetters(pipeline.tools, place(at), pipeline.accountId, said)).changed,
    decideFully: (at: string, said: typeof GIVE_UP | typeof RETRY) =>
      decideDeadLetters(pipeline.tools, place(at), pipeline.accountId, said),
    deadAt: async (at: string) => (await listDeadLetters(pipeline.tools.db, place(at), 500)).total,
    receipt: async () => (await receiptOf(pipeline, uploadId)).receipt,
  };
}

const refuse = (pacs: TestPacs, uids: readonly string[]): void => {
  for (const uid of uids) pacs.failsOn.set(uid, 'refused');
};
const heldIn = (pacs: TestPacs): readonly string[] => [...pacs.held.keys()].sort();

test('a study that the first PACS refused counts there, for the administrator too, until somebody has decided', async () => {
  const { pipeline, pacs, uids, uploadId } = await sentToThree({ a: 'also', b: 'also' });
  refuse(pacs, uids);
  await pipeline.runAll();
  const held = async () =>
    (await listDestinations(pipeline.tools.db, pipeline.siteId)).map(({ name, held, notTaken }) => [
      ...[name, held, notTaken],
    ]);
  assert.equal(await held(), [
    ['first', 1, 2],
    ['a', 0, 0],
    ['b', 0, 0],
  ]);
  const { instances } = (await receiptOf(pipeline, uploadId)).receipt;
  const upload = await findUpload(pipeline.tools.db, uploadId, null);
  await decide(pipeline.tools, upload!, pipeline.accountId, { decision: 'leave-out', instances });
  await pipeline.runAll();
  assert.equal((await held())[0], ['first', 0, 0]);
});

test('a study that only a further PACS refused waits for a decision there, and not at the first one', async () => {
  const { pipeline, a, uids } = await sentToThree({ a: 'required', b: 'also' });
  refuse(a, uids.slice(0, 1));
  await pipeline.runAll();
  const counts = (await listDestinations(pipeline.tools.db, pipeline.siteId)).map(
    ({ name, held, notTaken, deadLetters }) => [name, held, notTaken, deadLetters],
  );
  assert.equal(counts.slice(0, 2), [
    ['first', 0, 0, 0],
    ['a', 0, 0, 1],
  ]);
});

test('giving up where it is required leaves alone the one that is down: it gets its images later', async () => {
  const { pipeline, a, b, aId, uids, decide, receipt } = await sentToThree({ a: 'required', b: 'also' });
  refuse(a, uids);
  b.lie = 'down';
  await pipeline.runAll();
  assert.is(await decide(aId, GIVE_UP), 2);
  await pipeline.runAll();
  assert.equal(
    (await receipt()).instances.map(({ state }) => state),
    ['left-out', 'left-out'],
  );
  b.lie = 'honest';
  await pipeline.runAll();
  assert.equal([heldIn(b), heldIn(a)], [uids, []]);
  assert.equal(await pipeline.tools.blobs.ids(), [], 'nothing is kept any more');
  await pipeline.close();
});

test('giving up where it is required leaves what another one refused for a decision there', async () => {
  const { pipeline, a, b, aId, bId, uids, decide, deadAt } = await sentToThree({ a: 'required', b: 'also' });
  refuse(a, uids);
  refuse(b, uids);
  await pipeline.runAll();
  assert.is(await decide(aId, GIVE_UP), 2);
  await pipeline.runAll();
  assert.equal([await deadAt(aId), await deadAt(bId)], [0, 2]);
  b.failsOn.clear();
  assert.is(await decide(bId, RETRY), 2);
  await pipeline.runAll();
  assert.equal(heldIn(b), uids);
  await pipeline.close();
});

test('given up at both destinations that must have it in the same moment, it is decided', async () => {
  const { pipeline, a, b, aId, bId, uids, decide, deadAt, receipt } = await sentToThree({
    ...{ a: 'required', b: 'required' },
  });
  const { db } = pipeline.tools;
  refuse(a, uids.slice(0, 1));
  refuse(b, uids.slice(0, 1));
  await pipeline.runAll();
  const locked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const holding = db.transaction().execute(async (trx) => {
    await trx.selectFrom('study').select('id').where('destination_id', '=', aId).forUpdate().execute();
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  const atA = decide(aId, GIVE_UP);
  await waiting(db, 1);
  // Decided before the other one is, or after it.
  const atB = decide(bId, GIVE_UP);
  await Promise.race([atB, waiting(db, 2)]);
  release.resolve();
  await holding;
  assert.equal(await Promise.all([atA, atB]), [1, 1]);
  await pipeline.runAll();
  assert.equal([await deadAt(aId), await deadAt(bId)], [0, 0]);
  const { instances } = await receipt();
  assert.equal(instances.map(({ state }) => state).sort(), ['left-out', 'stored']);
  await pipeline.close();
});

/** Until so many transactions of this database wait for a row. */
async function waiting(db: Parameters<typeof listDestinations>[0], count: number): Promise<void> {
  const asked = sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`;
  for (;;) if ((await asked.execute(db)).rows[0]!.n >= count) return;
}

test('trying again at one destination does not send what was given up at another', async () => {
  const { pipeline, a, b, aId, bId, uids, decide } = await sentToThree({ a: 'required', b: 'also' });
  refuse(a, uids);
  refuse(b, uids);
  await pipeline.runAll();
  assert.is(await decide(bId, GIVE_UP), 2);
  await pipeline.runAll();
  a.failsOn.clear();
  b.failsOn.clear();
  assert.is(await decide(aId, RETRY), 2);
  await pipeline.runAll();
  assert.equal([heldIn(a), heldIn(b)], [uids, []]);
  await pipeline.close();
});

for (const end of [GIVE_UP, RETRY])
  test(`given up at one of two that must have it, it stays held for the other: there ${end.decision} ends it`, async () => {
    const sent = await sentToThree({ a: 'required', b: 'required' });
    const { pipeline, a, b, aId, bId, uids, decide, deadAt, receipt } = sent;
    refuse(a, uids);
    refuse(b, uids);
    await pipeline.runAll();
    assert.is(lackingAt(await receipt(), 0)?.name, 'a, b');
    assert.is(await decide(aId, GIVE_UP), 2);
    await pipeline.runAll();
    const states = async () => (await receipt()).instances.map(({ state }) => state);
    assert.equal(await states(), ['quarantined', 'quarantined']);
    assert.equal([await deadAt(aId), await deadAt(bId)], [0, 2]);
    a.failsOn.clear();
    b.failsOn.clear();
    assert.is(await decide(bId, end), 2);
    await pipeline.runAll();
    assert.equal([heldIn(a), heldIn(b)], [[], end.decision === 'retry' ? uids : []]);
    assert.equal(await states(), ['left-out', 'left-out'], 'one that must have it does not');
    assert.equal([await deadAt(aId), await deadAt(bId)], [0, 0]);
    assert.equal(await pipeline.tools.blobs.ids(), []);
    await pipeline.close();
  });

test('a decision about several studies reaches those that can be decided, and says why it left another one', async () => {
  const { pipeline, a, aId, uids, decideFully, decide, deadAt } = await sentToThree({
    ...{ a: 'required', b: 'also' },
  });
  const { db } = pipeline.tools;
  const [held = ''] = uids;
  refuse(a, [held]);
  await pipeline.runAll();
  await db.updateTable('destination').set({ need: 'also' }).where('id', '=', aId).execute();
  const late = newStudy(2);
  refuse(a, uidsOf(late));
  const { uploadId } = await pipeline.init(toManifest(late));
  await pipeline.send(uploadId, late, randomUUID());
  await pipeline.runAll();
  assert.is(await deadAt(aId), 3);
  const studyInstanceUID = await nameAnother(db, held);
  a.failsOn.clear();
  const why = {
    code: 'decision-not-possible',
    detail: 'The PACS still has another image under this UID, or is about to get it.',
  };
  const notDecided = [{ studyInstanceUID, instances: 1, ...why }];
  assert.equal(await decideFully(aId, RETRY), { changed: 2, notDecided });
  assert.is(await deadAt(aId), 1);
  try {
    await decide(aId, RETRY);
    assert.unreachable('nothing was left to be decided');
  } catch (error) {
    assert.is((error as Problem).code, why.code);
  }
  await pipeline.close();
});

/** Other bytes under the UID are on their way. Returns the UID of their study. */
async function nameAnother(db: TestPipeline['tools']['db'], uid: string): Promise<string> {
  const { study_id: studyId, study_instance_uid: study } = await db
    .selectFrom('instance')
    .innerJoin('study', 'study.id', 'instance.study_id')
    .select(['instance.study_id', 'study.study_instance_uid'])
    .where('instance.sop_instance_uid', '=', uid)
    .where('study.copy_of', 'is', null)
    .executeTakeFirstOrThrow();
  await sql`insert into instance (site_id, study_id, sop_instance_uid, sop_class_uid, series_instance_uid, transfer_syntax_uid,
      digest, policy_name, policy_version, bytes, state, revision, updated_at)
    select site_id, study_id, sop_instance_uid, sop_class_uid, series_instance_uid, transfer_syntax_uid,
      ${'f'.repeat(64)}, policy_name, policy_version, bytes, 'promised', revision, updated_at
    from instance where study_id = ${studyId}::uuid and sop_instance_uid = ${uid}`.execute(db);
  return study;
}

test.run();
