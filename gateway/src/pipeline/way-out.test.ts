/**
 * Every state has a way out that time or a visible action takes: every state of a study × every state of an
 * instance in it, also those that no road leads to and only a fault could leave behind, × every decision.
 */
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  INSTANCE_STATES,
  isSettled,
  nextStudyState,
  STUDY_EVENTS,
  STUDY_STATES,
  type InstanceState,
  type StudyState,
} from '#shared/protocol/study-state.ts';
import { DAY_MINUTES, passMinutes } from '../testing/pass-minutes.ts';
import { openTestGround, type TestGround, type TestPipeline } from '../testing/open-pipeline.ts';
import { assembledStudy } from '../testing/open-study.ts';
import { runExpiry } from './eviction/run-expiry.ts';
import { ROAD } from './pipeline.ts';

const test = suite('a way out');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

/** These wait for nobody: `held` for a person, and `closed` is the end. */
const AT_REST: readonly StudyState[] = ['held', 'closed'];

test('a stage, which nobody has to start, leads out of every state of a study but the two at rest', () => {
  const led = ROAD.map(({ when }) => when);
  for (const state of STUDY_STATES) assert.is(led.includes(state), !AT_REST.includes(state), state);
  for (const state of STUDY_STATES) {
    const events = STUDY_EVENTS.filter((event) => nextStudyState(state, event) !== null);
    assert.ok(events.length > 0, `${state} knows an event`);
  }
  assert.is(nextStudyState('held', 'decided'), 'receiving', 'a person’s decision leads out of held');
});

type Placed = Awaited<ReturnType<typeof place>>;

/** A study of two instances in this state; one of them is in that state, and nothing is enqueued. */
async function place(study: StudyState, instance: InstanceState) {
  const opened = await assembledStudy(ground, 2);
  const { db } = opened.pipeline.tools;
  const [row] = await db
    .selectFrom('instance')
    .select('id')
    .where('study_id', '=', opened.studyId)
    .orderBy('id')
    .execute();
  if (row === undefined) throw new Error('a study without instances');
  await db.updateTable('study').set({ state: study }).where('id', '=', opened.studyId).execute();
  await db
    .updateTable('instance')
    .set({
      state: instance,
      reason: instance === 'quarantined' ? 'pacs-lost' : instance === 'refused' ? 'pacs-refused' : null,
      posted_at: ['posting', 'posted'].includes(instance) ? new Date(0) : null,
      proof: ['stored', 'coerced', 'already-stored'].includes(instance) ? 'found' : null,
    })
    .where('id', '=', row.id)
    .execute();
  return opened;
}

async function stateOf({ pipeline, studyId }: Placed) {
  const { db } = pipeline.tools;
  const study = await db
    .selectFrom('study')
    .select('state')
    .where('id', '=', studyId)
    .executeTakeFirstOrThrow();
  const instances = await db
    .selectFrom('instance')
    .select(['state', 'sop_instance_uid', 'digest'])
    .where('study_id', '=', studyId)
    .orderBy('id')
    .execute();
  return { study: study.state, instances };
}

/** The device is gone for good: what it promised is given up in the end. */
async function passTime(pipeline: TestPipeline): Promise<void> {
  await pipeline.runAll();
  const later = new Date(Date.now() + 60 * 24 * 3_600_000);
  await passMinutes(pipeline.tools.db, 60 * DAY_MINUTES);
  await runExpiry({ ...pipeline.tools, now: () => later });
  await pipeline.runAll();
}

for (const study of STUDY_STATES.filter((state) => !AT_REST.includes(state)))
  test(`from ${study} time alone leads to rest, whatever the state of an instance`, async () => {
    for (const instance of INSTANCE_STATES) {
      const placed = await place(study, instance);
      await passTime(placed.pipeline);
      const end = await stateOf(placed);
      assert.ok(AT_REST.includes(end.study), `${study}, ${instance}: ended in ${end.study}`);
      for (const { state } of end.instances)
        assert.ok(isSettled(state), `${study}, ${instance}: an instance ended as ${state}`);
      assert.is(
        end.study === 'held',
        end.instances.some(({ state }) => state === 'quarantined'),
        `${study}, ${instance}: held for a person, and only then`,
      );
      await placed.pipeline.close();
    }
  });

for (const decision of ['leave-out', 'retry'] as const)
  test(`${decision} works on every instance in every state, or is refused by name`, async () => {
    for (const study of STUDY_STATES)
      for (const instance of INSTANCE_STATES) {
        const placed = await place(study, instance);
        const { pipeline, uploadId } = placed;
        const [before] = (await stateOf(placed)).instances;
        const { sop_instance_uid: sopInstanceUID, digest } = before!;
        const answer = await pipeline.request(
          'POST',
          `/upload/${uploadId}/decisions`,
          JSON.stringify({ decision, instances: [{ sopInstanceUID, digest }] }),
          { 'content-type': 'application/json' },
        );
        const [after] = (await stateOf(placed)).instances;
        const where = `${decision}, ${study}, ${instance}: ${answer.status}, then ${after!.state}`;
        if (answer.status === 409)
          assert.is(((await answer.json()) as { code: string }).code, 'decision-not-possible', where);
        else {
          assert.is(answer.status, 200, where);
          const isSo =
            decision === 'leave-out'
              ? after!.state === 'left-out'
              : !['quarantined', 'refused', 'left-out'].includes(after!.state);
          assert.ok(isSo, where);
        }
        await sql`delete from jobs.job`.execute(pipeline.tools.db);
        await pipeline.close();
      }
  });

test.run();
