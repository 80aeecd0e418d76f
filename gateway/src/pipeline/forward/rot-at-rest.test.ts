// test:all: each stage before a rotten file; run-verify.test.ts guards what is checked by day
/**
 * A disk that rots, or a person who writes into the spool or the database, while a study is on its road: the PACS
 * is never given other bytes than promised, no receipt says so, and every study ends. Always the same rounds, a fifth
 * of them in the gate; `RELAY_TEST_RUNS` and `RELAY_SEED` give more and others.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { IS_WHOLE_PROOF } from '#testing/environment.ts';
import { emptyRotTally, runRot } from '../../simulation/rot.ts';
import { openTestGround, type TestGround } from '../../testing/open-pipeline.ts';
import { assembledStudy } from '../../testing/open-study.ts';
import { toManifest } from '../../testing/pack-parcel.ts';

const ROUNDS = Number(process.env['RELAY_TEST_RUNS'] ?? (IS_WHOLE_PROOF ? 48 : 10));
const SEED = Number(process.env['RELAY_SEED'] ?? 12);

const test = suite('the spool, when');
let shared: TestGround;
test.before(async () => {
  shared = await openTestGround();
});
test.after(() => shared.close());

test('a file of it or a column of its rows is spoiled, no receipt says stored of other bytes, and every study ends', async () => {
  const tally = emptyRotTally();
  for (let nth = 0; nth < ROUNDS; nth += 1) await runRot({ ground: shared, seed: SEED, nth }, tally);
  assert.equal(tally.wrong, [], `seed ${SEED}`);
  assert.is(tally.rounds, ROUNDS);
  assert.ok((tally.outcomes['stored'] ?? 0) > ROUNDS, 'most of them are stored');
});

test('one instance of it is spoiled, the others are stored at once', async () => {
  const { pipeline, pacs, instances, studyId } = await assembledStudy(shared, 5);
  const { body_offset, bytes, digest } = await pipeline.tools.db
    .selectFrom('instance')
    .select(['body_offset', 'bytes', 'digest'])
    .where('study_id', '=', studyId)
    .where('sop_instance_uid', '=', instances[2]!.identifiers.sopInstanceUID)
    .executeTakeFirstOrThrow();
  // Other bytes than promised, and tags that hold: as if verify had been deceived.
  await pipeline.tools.db
    .updateTable('instance')
    .set({ body_offset: Number(body_offset) - 2, bytes })
    .where('study_id', '=', studyId)
    .where('digest', '=', digest)
    .execute();
  assert.is(await pipeline.run('forward', studyId), 'receiving');
  assert.is(pacs.held.size, 4);
  assert.not.ok(pacs.held.has(instances[2]!.identifiers.sopInstanceUID));
  assert.equal(
    (await pipeline.init(toManifest(instances))).need.map(({ sopInstanceUID }) => sopInstanceUID),
    [instances[2]!.identifiers.sopInstanceUID],
  );
  await pipeline.close();
});

for (const [what, spoil, ends] of [
  [
    'a digest is changed and its note removed',
    { digest: 'ab'.repeat(32), sent_digests: null },
    'pacs has other',
  ],
  ['a note is removed', { sent_digests: null }, 'stored'],
  ['a note is changed', { sent_digests: '1.2.3 abc -' }, 'stored'],
] as const)
  for (const moment of ['posted', 'reconciled'] as const)
    test(`${what} when the study is ${moment}, no receipt says stored of other bytes, and the study ends`, async () => {
      const { pipeline, instances, studyId, uploadId } = await assembledStudy(shared, 3);
      try {
        await pipeline.run('forward', studyId);
        if (moment === 'reconciled') await pipeline.run('reconcile', studyId);
        const { sopInstanceUID } = instances[1]!.identifiers;
        await pipeline.tools.db
          .updateTable('instance')
          .set(spoil)
          .where('study_id', '=', studyId)
          .where('sop_instance_uid', '=', sopInstanceUID)
          .execute();
        await pipeline.runAll();
        const { state, instances: ended } = await pipeline.status(uploadId);
        const one = ended?.find((instance) => instance.sopInstanceUID === sopInstanceUID);
        assert.equal(
          [state, one?.reason ?? one?.state],
          ends === 'stored' ? ['closed', 'stored'] : ['held', 'conflicting-instance'],
        );
      } finally {
        await pipeline.close();
      }
    });

test.run();
