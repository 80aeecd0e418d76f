/** Readings that are kept by day are those of the reviews, whatever happens to one and whoever asks. */
import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Database } from '../database/database.ts';
import { BUILT_IN_TYPES } from '../reviews/built-in-types.ts';
import { insertTestAccount, insertTestScored, siteOf } from '../testing/insert-figures.ts';
import { openTestDatabase } from '../testing/open-database.ts';
import { readSubjectsDirectly } from '../testing/read-subjects-directly.ts';
import { countChangedDaysOfAll } from './kept-days.ts';
import { readSubjects, type Subject } from './read-subjects.ts';
import { reviewDays } from './review-days.ts';

const test = suite('readings by day');
const NOW = new Date('2026-11-23T12:00:00Z');
const CASES = 4;
/** A question that asks for a figure: no category. */
const FIGURE = 'size';
let database: Database;
let site: string;
const readers: string[] = [];

test.before(async () => {
  database = await openTestDatabase();
  site = await siteOf(database.db);
  for (const name of ['ana', 'ben', 'cleo']) readers.push(await insertTestAccount(database.db, name));
});
test.after(() => database.close());

const nth = fc.nat({ max: 1000 });
const answers = fc.option(
  fc.record({
    finding: fc.constantFrom('normal', 'pneumonia'),
    certainty: fc.constantFrom(1, 2),
    [FIGURE]: nth,
  }),
);
const opened = fc.record({
  kind: fc.constant('opened' as const),
  ofCase: fc.nat({ max: CASES - 1 }),
  day: fc.nat({ max: 4 }),
  version: fc.constantFrom(1, 2),
  state: fc.constantFrom('reading', 'settled', 'adjudication'),
  readings: fc.array(fc.record({ reader: fc.option(nth), answers, isRejected: fc.boolean() }), {
    maxLength: 3,
  }),
});
const change = fc.oneof(
  { weight: 4, arbitrary: opened },
  fc.record({ kind: fc.constant('state' as const), of: nth, state: fc.constantFrom('settled', 'reading') }),
  fc.record({ kind: fc.constant('decided' as const), of: nth, answers }),
  fc.record({ kind: fc.constant('gone' as const), of: nth }),
  fc.record({ kind: fc.constant('found' as const), ofCase: nth, score: fc.constantFrom(0.1, 0.9, null) }),
  fc.record({ kind: fc.constant('found-gone' as const) }),
  fc.record({ kind: fc.constant('study' as const), ofCase: nth, other: nth }),
  fc.record({ kind: fc.constant('study-gone' as const), ofCase: nth }),
  fc.record({ kind: fc.constant('counted' as const) }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;
type Of<Kind> = Extract<Change, { kind: Kind }>;

const cases: string[] = [];
const studyOf = (at: number): string => `2.25.${at % CASES}`;
const caseOf = (at: number): string => cases[at % CASES]!;

async function begin(): Promise<void> {
  const { db } = database;
  await sql`truncate inference_result, review, case_record cascade`.execute(db);
  await sql`truncate review_day, review_day_changed`.execute(db);
  cases.length = 0;
  for (let at = 0; at < CASES; at += 1) {
    cases.push(randomUUID());
    await sql`insert into case_record (id, site_id, status, priority, sealed, wrapped_key, created_by, created_at, changed_at)
      values (${caseOf(at)}, ${site}, 'open', 1, '', '', ${readers[0]}, ${NOW}, ${NOW})`.execute(db);
    await addStudy(caseOf(at), studyOf(at));
  }
}

async function addStudy(ofCase: string, uid: string): Promise<void> {
  await sql`insert into case_study (case_id, site_id, study_instance_uid, added_at)
    values (${ofCase}, ${site}, ${uid}, ${NOW}) on conflict do nothing`.execute(database.db);
}

async function open({ ofCase, day, version, state, readings }: Of<'opened'>): Promise<void> {
  const { db } = database;
  const { name, definition } = BUILT_IN_TYPES.find((one) => one.definition.readers === 2)!;
  const { form } = definition;
  const size = { 'x-field': 'number', title: 'Size', type: 'number' };
  const text = { ...definition, form: { ...form, properties: { ...form.properties, [FIGURE]: size } } };
  const id = randomUUID();
  const at = new Date(Date.UTC(2026, 7, 1 + day, 23, 59));
  await sql`insert into review (id, site_id, case_id, type_name, type_version, definition, hides_finding, state,
      opened_by, opened_at)
    values (${id}, ${site}, ${caseOf(ofCase)}, ${name}, ${version}, ${JSON.stringify(text)}::json, true, ${state},
      ${readers[0]}, ${at})`.execute(db);
  for (const [place, { reader, answers: said, isRejected }] of readings.entries()) {
    const account = reader === null ? null : readers[reader % readers.length]!;
    await sql`insert into review_place (review_id, place, version, state, account_id, assigned_at)
      values (${id}, ${place}, 1, 'assigned', ${account}, ${at})`.execute(db);
    await decide({ id, place }, said, isRejected ? 'reject' : 'accept');
  }
}

async function decide(
  { id, place }: { readonly id: string; readonly place: number },
  said: object | null,
  decision: string,
): Promise<void> {
  const event = randomUUID();
  await sql`insert into review_event (review_id, id, place, version, step, decision, answers, at)
    values (${id}, ${event}, ${place}, 1, 'decide', ${decision}, ${said && JSON.stringify(said)}::jsonb, ${NOW})`.execute(
    database.db,
  );
  await sql`update review_place set decided_by_event = ${event} where review_id = ${id} and place = ${place}`.execute(
    database.db,
  );
}

async function apply(one: Change): Promise<void> {
  const { db } = database;
  if (one.kind === 'opened') return open(one);
  if (one.kind === 'counted') return countChangedDaysOfAll(db, reviewDays);
  if (one.kind === 'study') return addStudy(caseOf(one.ofCase), studyOf(one.other));
  if (one.kind === 'study-gone')
    return void (await sql`delete from case_study where case_id = ${caseOf(one.ofCase)}`.execute(db));
  if (one.kind === 'found')
    return void (await insertTestScored(db, {
      ...{ study: studyOf(one.ofCase), at: '2026-08-01T00:00:00Z', score: one.score },
    }));
  if (one.kind === 'found-gone')
    return void (await sql`delete from inference_result where id = (select min(id::text)::uuid from inference_result)`.execute(
      db,
    ));
  await changeReview(one);
}

async function changeReview(one: Of<'state' | 'decided' | 'gone'>): Promise<void> {
  const { db } = database;
  const reviews = await db.selectFrom('review').select('id').orderBy('number').execute();
  if (reviews.length === 0) return;
  const { id } = reviews[one.of % reviews.length]!;
  if (one.kind === 'state') await sql`update review set state = ${one.state} where id = ${id}`.execute(db);
  else if (one.kind === 'gone') await sql`delete from review where id = ${id}`.execute(db);
  else await decide({ id, place: 1 }, one.answers, 'accept');
}

const inOrder = (subjects: readonly Subject[]): readonly string[] =>
  subjects
    .map(({ type, version, readings, said, count }) => JSON.stringify([type, version, count, said, readings]))
    .sort();

test('readings are those of the reviews, after any changes, and between them', async () => {
  const { db } = database;
  const changes = fc.array(fc.tuple(change, fc.option(fc.boolean(), { freq: 3 })), {
    minLength: 5,
    maxLength: 40,
  });
  let compared = 0;
  const property = fc.asyncProperty(changes, async (sequence) => {
    await begin();
    for (const [one, own] of [...sequence, [{ kind: 'counted' as const }, true] as const]) {
      await apply(one);
      if (own === null) continue;
      const reader = { id: readers[0]!, siteId: site };
      const expected = await readSubjectsDirectly(db, reader, { own, others: [FIGURE] });
      assert.equal(inOrder(await readSubjects(db, reader, own)), inOrder(expected));
      compared += expected.length;
    }
  });
  await fc.assert(property, { seed: 16, numRuns: 40 });
  assert.ok(compared > 200, `${compared} compared`);
});

test.run();
