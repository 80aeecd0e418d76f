// test:all: every pair of states; ill-pacs.test.ts and the client’s way-out.test.ts guard it by day
/**
 * Every state has a way out that time or a visible action takes: every state of a study × every state of an
 * instance in it, also those that no road leads to and only a fault could leave behind, × every decision; and every
 * illness of a PACS on one instance. The gate takes a part of the pairs, in which each state has its turn.
 */
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  INSTANCE_STATES,
  isInPacs,
  isSettled,
  nextStudyState,
  STUDY_EVENTS,
  STUDY_STATES,
  type StudyState,
} from '#shared/protocol/study-state.ts';
import { everyNth } from '#testing/every-nth.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
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

/** States that wait for no stage: `held` for a person, and `closed` is the end. */
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

/** Handed to the PACS by a run that was killed, or that ended in an illness; offered in vain, and in its pause. */
const OFFERED = ['received, handed over', 'received, offered in vain'] as const;
const SITUATIONS = [...INSTANCE_STATES, ...OFFERED];
type Situation = (typeof SITUATIONS)[number];

function rowIn(situation: Situation) {
  const instance = INSTANCE_STATES.find((state) => state === situation) ?? 'received';
  const isOffered = instance !== situation || instance === 'posting' || instance === 'posted';
  return {
    state: instance,
    reason: instance === 'quarantined' ? 'pacs-lost' : instance === 'refused' ? 'pacs-refused' : null,
    posted_at: isOffered ? new Date(0) : null,
    offers: situation === 'received, offered in vain' ? 5 : 0,
    proof: isInPacs(instance) ? 'found' : null,
  } as const;
}

/** A study of two instances in this state; one of them is in that situation, and nothing is enqueued. */
async function place(study: StudyState, situation: Situation) {
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
  await db.updateTable('instance').set(rowIn(situation)).where('id', '=', row.id).execute();
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

const MOVING = STUDY_STATES.filter((state) => !AT_REST.includes(state));
for (const [nth, study] of MOVING.entries())
  test(`from ${study} time alone leads to rest, whatever the state of an instance`, async () => {
    for (const instance of everyNth(SITUATIONS, MOVING.length, nth)) {
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

const ILLNESSES = [
  ...(['busy', 'unanswered', 'declined'] as const),
  ...[403, 503].map((status) => new PacsUnreachable(`${status}`, status)),
  new PacsUnreachable('silent', null, 'silent'),
];
const TO_OFFER = ['received', 'posting', ...OFFERED] as const;

test('time alone leads to rest where the PACS is ill on one instance, and the other one does not wait for it', async () => {
  for (const illness of everyNth(ILLNESSES, 2))
    for (const situation of illness === 'busy' ? TO_OFFER : TO_OFFER.slice(0, 1)) {
      const placed = await place('assembled', situation);
      const { pacs, instances } = placed;
      pacs.failsOn.set(instances[0]!.identifiers.sopInstanceUID, illness);
      await passTime(placed.pipeline);
      const { study, instances: ends } = await stateOf(placed);
      const what = `${situation}, ${illness instanceof Error ? illness.message : illness}`;
      assert.equal([study, ...ends.map(({ state }) => state)], ['held', 'quarantined', 'stored'], what);
      await placed.pipeline.close();
    }
});

for (const decision of ['leave-out', 'retry'] as const)
  test(`${decision} works on every instance in every state, or is refused by name`, async () => {
    for (const [nth, study] of STUDY_STATES.entries())
      for (const instance of everyNth(SITUATIONS, STUDY_STATES.length, nth)) {
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
        const isOffered = OFFERED.some((offered) => offered === instance);
        if (answer.status === 409 && !(isOffered && study === 'assembled'))
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
