/** Figures of models that are kept by day are those of the results, whatever happens to one and whoever asks. */
import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ModelFigures } from '#shared/protocol/analytics.ts';
import type { Database } from '../database/database.ts';
import { countResultsDirectly } from '../testing/count-results-directly.ts';
import { insertTestAccount, insertTestScored, siteOf } from '../testing/insert-figures.ts';
import { openTestDatabase } from '../testing/open-database.ts';
import { askedOf, wholeMonths } from './asked.ts';
import { countModels, figuresOf } from './count-models.ts';
import { countChangedDaysOfAll } from './kept-days.ts';
import { resultDays } from './result-days.ts';

const test = suite('figures of models by day');
const NOW = new Date('2026-11-23T12:00:00Z');
const STUDIES = 30;
let database: Database;
let site: string;
let reader: string;

test.before(async () => {
  database = await openTestDatabase();
  site = await siteOf(database.db);
  reader = await insertTestAccount(database.db, 'reader');
});
test.after(() => database.close());

const nth = fc.nat({ max: 1000 });
const study = fc.option(fc.nat({ max: STUDIES }), { freq: 20 });
const verdict = fc.record({
  verdict: fc.constantFrom('agree' as const, 'correct' as const),
  correctedTo: fc.constantFrom('normal', 'viral pneumonia', 'not-assessable'),
});
/** Enough of one kind that some months are told, and some are withheld. */
const found = fc.record({
  kind: fc.constant('found' as const),
  study,
  many: fc.integer({ min: 1, max: 9 }),
  day: fc.nat({ max: 80 }),
  version: fc.constantFrom('1.0.0', '1.1.0'),
  score: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 9 }),
  differs: fc.boolean(),
  class: fc.constantFrom('DX', 'CR'),
  judged: fc.option(verdict, { freq: 2 }),
  patient: fc.option(
    fc.record({ sex: fc.constantFrom('F', 'M', null), ageBand: fc.constantFrom('50-59', null) }),
  ),
});
const change = fc.oneof(
  { weight: 6, arbitrary: found },
  fc.record({ kind: fc.constant('judged' as const), of: nth, judged: verdict }),
  fc.record({ kind: fc.constant('gone' as const), of: nth }),
  fc.record({ kind: fc.constant('patient' as const), of: nth, sex: fc.constantFrom('F', 'M') }),
  fc.record({ kind: fc.constant('patient-gone' as const), of: nth }),
  fc.record({ kind: fc.constant('read' as const), of: nth }),
  fc.record({ kind: fc.constant('signed' as const) }),
  fc.record({ kind: fc.constant('counted' as const) }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;
type Found = Extract<Change, { kind: 'found' }>;

async function apply(one: Change): Promise<void> {
  const { db } = database;
  if (one.kind === 'found') return add(one);
  if (one.kind === 'counted') return countChangedDaysOfAll(db, resultDays);
  if (one.kind === 'signed') {
    await sql`update review_place set state = 'signed'`.execute(db);
    return;
  }
  const { rows } = await sql<{ id: string; uid: string | null }>`select id, study_instance_uid as uid
    from inference_result order by created_at, id`.execute(db);
  if (rows.length === 0) return;
  const { id, uid } = rows[one.of % rows.length]!;
  if (one.kind === 'gone') await sql`delete from inference_result where id = ${id}`.execute(db);
  else if (one.kind === 'judged') {
    const { verdict: said, correctedTo } = one.judged;
    await sql`update inference_result set verdict = ${said}, verified_finding = ${correctedTo}
      where id = ${id}`.execute(db);
  } else if (uid !== null) await changeStudy(one, uid);
}

async function add({ study: of, many, day, judged, patient, ...more }: Found): Promise<void> {
  for (let time = 0; time < many; time += 1)
    await insertTestScored(database.db, {
      study: of === null ? null : `2.25.${of}${time % 2 === 0 ? `.${time}` : ''}`,
      at: new Date(Date.UTC(2026, 7, 1 + day, time, 59)).toISOString(),
      ...more,
      ...judged,
      ...(patient === null ? {} : { patient }),
    });
}

async function changeStudy(one: Exclude<Change, Found>, uid: string): Promise<void> {
  const { db } = database;
  if (one.kind === 'patient-gone')
    await sql`delete from study_cohort where study_instance_uid = ${uid}`.execute(db);
  else if (one.kind === 'patient')
    await sql`insert into study_cohort values (${site}, ${uid}, ${one.sex}, '50-59')
      on conflict (site_id, study_instance_uid) do update set sex = excluded.sex`.execute(db);
  else await readBlinded(uid);
}

/** The reader is asked to read a case of the study without what models found. */
async function readBlinded(uid: string): Promise<void> {
  const { db } = database;
  const ofCase = randomUUID();
  const review = randomUUID();
  await sql`insert into case_record (id, site_id, status, priority, sealed, wrapped_key, created_by, created_at, changed_at)
    values (${ofCase}, ${site}, 'open', 1, '', '', ${reader}, ${NOW}, ${NOW})`.execute(db);
  await sql`insert into case_study (case_id, site_id, study_instance_uid, added_at)
    values (${ofCase}, ${site}, ${uid}, ${NOW})`.execute(db);
  await sql`insert into review (id, site_id, case_id, type_name, type_version, definition, hides_finding, state,
      opened_by, opened_at)
    values (${review}, ${site}, ${ofCase}, 'chest', 1, '{}', true, 'reading', ${reader}, ${NOW})`.execute(db);
  await sql`insert into review_event (review_id, id, place, version, step, to_account, at)
    values (${review}, ${randomUUID()}, 1, 1, 'assign', ${reader}, ${NOW})`.execute(db);
  await sql`insert into review_place (review_id, place, version, state, account_id, assigned_at)
    values (${review}, 1, 1, 'assigned', ${reader}, ${NOW})`.execute(db);
}

const question = fc.record(
  {
    from: fc.constantFrom('2026-08-01', '2026-09-20'),
    sex: fc.constantFrom('F' as const, 'unknown' as const),
    ageBand: fc.constantFrom('50-59' as const, 'unknown' as const),
    modality: fc.constantFrom('CR' as const, 'DX' as const, 'CT' as const),
    isGuarded: fc.boolean(),
  },
  { requiredKeys: ['isGuarded'] },
);

/** The order in which numbers are added up changes their last digits. */
const rounded = (figures: ModelFigures): unknown =>
  JSON.parse(
    JSON.stringify(figures, (_, value) =>
      typeof value === 'number' ? Math.round(value * 1e9) / 1e9 : value,
    ),
  );

test('figures are those of the results, after any changes, and between them', async () => {
  const { db } = database;
  const changes = fc.array(fc.tuple(change, fc.option(question, { freq: 3 })), {
    minLength: 5,
    maxLength: 40,
  });
  let told = 0;
  let withheld = 0;
  const property = fc.asyncProperty(changes, async (sequence) => {
    await sql`truncate inference_result, study_cohort, review, case_record cascade`.execute(db);
    await sql`truncate result_day, result_day_changed`.execute(db);
    const last = [{ kind: 'counted' as const }, { isGuarded: true }] as const;
    for (const [one, query] of [...sequence, last]) {
      await apply(one);
      if (query === null) continue;
      const { isGuarded, ...rest } = query;
      const wanted = askedOf({ from: '2026-08-01', to: '2026-10-31', ...rest }, NOW);
      const asked = isGuarded ? wholeMonths(wanted, NOW) : wanted;
      const whole = { caller: { id: reader, siteId: site, roles: [] }, asked, isGuarded };
      const figures = await countModels(db, whole);
      const expected = await figuresOf(db, whole, await countResultsDirectly(db, whole));
      assert.equal(rounded(figures), rounded(expected));
      const { models } = figures;
      if (isGuarded && models.some(({ total }) => total !== null)) told += 1;
      if (isGuarded && models.some(({ isPartial }) => isPartial)) withheld += 1;
    }
  });
  await fc.assert(property, { seed: 16, numRuns: 40 });
  assert.ok(told > 20 && withheld > 20, `${told} told, ${withheld} withheld`);
});

test.run();
