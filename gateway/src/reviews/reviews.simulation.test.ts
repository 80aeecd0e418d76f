/**
 * The state machine of reviews: people on two devices each, an administrator and a killer do what they like in any
 * order, from what they saw last, late and twice. The real steps on real SQL; a device keeps what it could not send
 * and sends it again, as the page does. After each sequence nothing that was answered or drawn is lost or doubled, and
 * the PACS is promised a report of each reading's annotations, once, and what models found has the verdict that stands.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Annotation } from '#shared/protocol/annotations.ts';
import type { Role } from '#shared/protocol/api.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import { defaultSiteId } from '../database/default-site.ts';
import type { CaseReader } from '../findings/case-rights.ts';
import { createCaseSeal } from '../cases/case-seal.ts';
import type { Database } from '../database/database.ts';
import { createStudyKeys } from '../pipeline/stores/study-key.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { insertAccountOf } from '../testing/add-account.ts';
import { insertTestResult } from '../testing/insert-result.ts';
import { openQuickDatabase } from '../testing/open-quick-database.ts';
import { BUILT_IN_TYPES } from './built-in-types.ts';
import { annotationsOf, findAnnotations, reportsOf } from './annotation.store.ts';
import { ANNOTATIONS_QUEUE, putAnnotations, type AnnotationReport } from './change-annotations.ts';
import { assignPlace, decidePlace, signPlace, withdrawReview } from './change-review.ts';
import { findListed } from './list-reviews.ts';
import { openCipher } from './open-cipher.ts';
import { openReview } from './open-review.ts';
import { eventsOf, placesOf } from '../findings/review.store.ts';
import type { AnnotationTools } from './review-tools.ts';
import { openAnnotations } from './seal-annotations.ts';
import { reviewTypes } from './review-type.store.ts';
import { showReview } from './show-reviews.ts';

const test = suite('the states of a review');
class Killed extends Error {}

let database: Database;
let folder: string;
let tools: AnnotationTools;
let siteId: string;
let caseId: string;
/** A result of a model that found something in the case. */
let resultId: string;
/** Ana, Ben and Cleo read; the last is an administrator. */
let people: readonly CaseReader[];
/** The reviews for which a report was asked, each as its transaction was committed. */
const promised: string[] = [];
let unsaid: string[] = [];
/** Statements until the gateway is killed; null: it lives. */
let life: number | null = null;
let time = Date.UTC(2026, 0, 1);
const later = (): Date => {
  time += 1000;
  return new Date(time);
};

test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relaypacs-reviews-'));
  database = await openQuickDatabase({
    beforeTurn: async () => undefined,
    beforeStatement() {
      if (life === 0) throw new Killed();
      if (life !== null) life -= 1;
    },
    committed() {
      promised.push(...unsaid);
      unsaid = [];
    },
    rolledBack() {
      unsaid = [];
    },
  });
  const { db } = database;
  siteId = await defaultSiteId(db);
  const seal = createCaseSeal(createStudyKeys(new Uint8Array(32), folder), new Uint8Array(32));
  const jobs: AnnotationTools['jobs'] = {
    async enqueue(_trx, queue, data) {
      if (queue === ANNOTATIONS_QUEUE) unsaid.push((data as AnnotationReport).reviewId);
    },
  };
  const look: AnnotationTools['look'] = async () => ({
    ...{ sopClassUID: '1.2', rows: 10, columns: 10, frames: 1, spacing: null },
  });
  tools = { db, seal, jobs, look, newId: () => randomUUID(), now: later };
  const account = async (username: string, ...roles: Role[]): Promise<CaseReader> => ({
    ...{ id: await insertAccountOf(db, siteId, username, roles), siteId, roles },
  });
  people = [
    await account('ana', 'radiologist'),
    await account('ben', 'radiologist'),
    await account('cleo', 'radiologist'),
    await account('dora', 'admin'),
  ];
  const { definition } = BUILT_IN_TYPES.find(({ name }) => name === 'chest-film-double')!;
  const shown = { name: SHOWN, definition: { ...definition, hidesFinding: false } };
  await reviewTypes.add(tools, people[3]!, shown);
  caseId = randomUUID();
  const moment = new Date(time);
  await db
    .insertInto('case_record')
    .values({
      ...{ id: caseId, site_id: siteId, status: 'open', priority: 2, due_on: null, assignee_id: null },
      ...{ sealed: new Uint8Array(1), patient_print: null, expects: null, closed_at: null },
      wrapped_key: await seal.create(caseId),
      ...{ expected_print: null, created_by: people[3]!.id, created_at: moment, changed_at: moment },
    })
    .execute();
  await insertImage(moment);
  resultId = await insertTestResult(db, { study: IMAGE.studyInstanceUID, positive: true, at: moment });
});
test.after(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

const IMAGE = { studyInstanceUID: '1.2.3', seriesInstanceUID: '1.2.3.4', sopInstanceUID: '1.2.3.4.5' };

/** The only one of the case, in the PACS. */
async function insertImage(moment: Date): Promise<void> {
  const { studyInstanceUID: study, seriesInstanceUID: series, sopInstanceUID } = IMAGE;
  await sql`with s as (insert into study (site_id, study_instance_uid, state, policy_name, policy_version, revision,
      updated_at) values (${siteId}, ${study}, 'closed', 'identified', 1, 1, ${moment}) returning id),
    c as (insert into case_study (case_id, site_id, study_instance_uid, added_at)
      values (${caseId}, ${siteId}, ${study}, ${moment}))
    insert into instance (site_id, study_id, sop_instance_uid, sop_class_uid, series_instance_uid,
      transfer_syntax_uid, digest, policy_name, policy_version, bytes, state, proof, revision, updated_at)
    select ${siteId}, s.id, ${sopInstanceUID}, '1.2', ${series}, '1.2', 'd', 'identified', 1, 1, 'stored', 'found', 1,
      ${moment} from s`.execute(database.db);
}

/** A step as its device holds it until it is answered. */
type Kept = {
  readonly id: string;
  readonly by: number;
  readonly what: Move;
  readonly version: number;
};
type Move =
  | { readonly do: 'decide'; readonly place: number; readonly certainty: number; readonly finds: boolean }
  | { readonly do: 'annotate'; readonly place: number }
  | { readonly do: 'sign'; readonly place: number; readonly isMeant: boolean }
  | { readonly do: 'assign'; readonly place: number; readonly to: number }
  | { readonly do: 'withdraw' };
type Step = {
  /** A person, or whoever holds the place. */
  readonly by: number | 'holder';
  readonly what: Move;
  /** How many versions ago the person saw the state they act on. */
  readonly behind: number;
  readonly killedAt: number | null;
  /** Sent so often, whatever was answered. */
  readonly sent: number;
};

const place = fc.constantFrom(1, 2, 1, 2, ADJUDICATOR);
const moves: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('decide' as const),
      place,
      certainty: fc.integer({ min: 1, max: 2 }),
      finds: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('annotate' as const), place }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('sign' as const), place, isMeant: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('assign' as const), place, to: fc.integer({ min: 0, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'withdraw' as const }) },
);
const stepOf = (by: fc.Arbitrary<Step['by']>, what: fc.Arbitrary<Move>, behind: fc.Arbitrary<number>) =>
  fc.record({
    ...{ by, what, behind },
    killedAt: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, fc.integer({ min: 0, max: 16 })),
    sent: fc.integer({ min: 1, max: 2 }),
  });
const anybody = fc.oneof(
  { weight: 3, arbitrary: fc.constant('holder' as const) },
  fc.integer({ min: 0, max: 3 }),
);
const wild = fc.array(stepOf(anybody, moves, fc.constantFrom(0, 0, 0, 0, 1)), {
  minLength: 5,
  maxLength: 20,
});
/** Steps by which both holders finish, so that many reviews are settled. */
const orderly = fc.tuple(
  ...[1, 2].flatMap((at) =>
    [
      { do: 'annotate' as const, place: at },
      // Somebody who is shown the finding is refused, and mends it.
      { do: 'decide' as const, place: at, certainty: 1, finds: false },
      { do: 'sign' as const, place: at, isMeant: false },
      { do: 'decide' as const, place: at, certainty: 1, finds: true },
      { do: 'sign' as const, place: at, isMeant: false },
    ].map((what) => stepOf(fc.constant('holder' as const), fc.constant(what), fc.constant(0))),
  ),
);
const steps: fc.Arbitrary<Step[]> = fc
  .tuple(wild, fc.boolean(), orderly)
  .map(([first, ends, last]) => (ends ? [...first, ...last] : first));

const textOf = (id: string): string => `said in ${id}`;
const ALIVE = new AbortController().signal;
/** Drawn by the request of this id. */
const markOf = (id: string): Annotation => ({
  ...{ ...IMAGE, id, number: 1, kind: 'point', frame: 1, points: [[1, 2]], label: textOf(id) },
});

async function send(reviewId: string, { id, by, what, version }: Kept): Promise<void> {
  const actor = people[by]!;
  switch (what.do) {
    case 'decide': {
      const finding = what.finds ? 'pneumonia' : 'normal';
      const answers = { finding, certainty: what.certainty, comment: textOf(id) };
      const said = { decision: 'accept' as const, answers, reason: '' };
      return decidePlace(tools, actor, { reviewId, id, place: what.place, version, ...said });
    }
    case 'annotate': {
      const asked = { reviewId, id, place: what.place, version, annotations: [markOf(id)], lastNumber: 1 };
      return putAnnotations(tools, actor, asked, ALIVE);
    }
    case 'sign':
      return signPlace(tools, actor, { reviewId, id, place: what.place, version, isMeant: what.isMeant });
    case 'assign':
      return assignPlace(tools, actor, {
        ...{ reviewId, id, place: what.place, version },
        accountId: people[what.to]!.id,
      });
    case 'withdraw':
      return withdrawReview(tools, actor, { reviewId, id });
    default:
      return what satisfies never;
  }
}

type Answered = { readonly kept: Kept; readonly outcome: 'done' | Problem['code'] };

/** Until it is answered: a killed gateway comes back, and the device sends it again. */
async function deliver(reviewId: string, kept: Kept, killedAt: number | null): Promise<Answered> {
  life = killedAt;
  for (;;) {
    try {
      await send(reviewId, kept);
      return { kept, outcome: 'done' };
    } catch (error) {
      if (error instanceof Problem) return { kept, outcome: error.code };
      if (!(error instanceof Killed)) throw error;
      life = null;
    } finally {
      if (life !== null) life = null;
    }
  }
}

/** The version of the place or of its annotations, and who holds it, as a number among the people. */
async function look(
  reviewId: string,
  by: Step['by'],
  what: Move,
): Promise<{ version: number; holder: number }> {
  const nobody = { version: 1, holder: 3 };
  if (what.do === 'withdraw') return nobody;
  const row = await database.db
    .selectFrom('review_place')
    .select(['version', 'account_id'])
    .where('review_id', '=', reviewId)
    .where('place', '=', what.place)
    .executeTakeFirst();
  if (row === undefined) return nobody;
  const holder = people.findIndex(({ id }) => id === row.account_id);
  const account_id = people[by === 'holder' ? holder : by]?.id;
  if (what.do !== 'annotate' || account_id === undefined) return { version: row.version, holder };
  const drawn = await findAnnotations(database.db, { review_id: reviewId, place: what.place, account_id });
  return { version: drawn?.version ?? 0, holder };
}

/** Two readers who are shown what models found. */
const SHOWN = 'chest-film-shown';

async function live(sequence: readonly Step[], type: string): Promise<readonly Answered[]> {
  const id = randomUUID();
  const readers = [people[0]!.id, people[1]!.id];
  await database.db.updateTable('inference_result').set({ verdict: null }).execute();
  // A review of an earlier run would hide the finding from its readers.
  await sql`update review set state = 'withdrawn' where state <> 'settled'`.execute(database.db);
  await openReview(tools, people[3]!, { id, caseId, type, readers });
  const answered: Answered[] = [];
  for (const { by, what, behind, killedAt, sent } of sequence) {
    const seen = await look(id, by, what);
    const version = Math.max(what.do === 'annotate' ? 0 : 1, seen.version - behind);
    const kept = { id: randomUUID(), by: by === 'holder' ? seen.holder : by, what, version };
    const first = await deliver(id, kept, killedAt);
    answered.push(first);
    for (let again = 1; again < sent; again += 1) {
      const { outcome } = await deliver(id, kept, null);
      if (first.outcome === 'done') assert.is(outcome, 'done', 'sent again, it is known');
    }
  }
  await check(id, answered);
  await checkMarks(id, answered);
  await checkVerdict(id);
  return answered;
}

async function check(reviewId: string, answered: readonly Answered[]): Promise<void> {
  const { db } = database;
  const events = await eventsOf(db, reviewId);
  const isStep = ({ kept, outcome }: Answered): boolean => outcome === 'done' && kept.what.do !== 'annotate';
  const done = answered.filter(isStep).map(({ kept }) => kept.id);
  const byPeople = events.filter(({ step, by_account }) => by_account !== null && step !== 'open');
  // The first two are the assignments that opening made.
  assert.equal(
    byPeople
      .slice(2)
      .map(({ id }) => id)
      .sort(),
    done.sort(),
    'nothing lost, nothing doubled',
  );
  const review = await showReview(
    tools,
    { ...people[3]!, roles: ['admin'], isAnonymous: false },
    (await findListed(db, people[3]!, reviewId))!,
  );
  const settles = events.filter(({ step }) => step === 'settle');
  assert.is(settles.length, review.state === 'settled' ? 1 : 0);
  assert.is(review.finalPlace === null, review.state !== 'settled');
  const holders = review.places.flatMap(({ reader }) => reader?.id ?? []);
  assert.is(new Set(holders).size, holders.length, 'nobody reads twice');
  for (const { place: at, version, state, said } of review.places) {
    const own = events.filter((event) => event.place === at);
    const last = own.at(-1)!;
    if (last !== undefined && last.step !== 'assign') assert.is(last.version, version);
    const isAfter = own.findLast(({ step }) => step === 'decide' || step === 'assign');
    if (state === 'signed' && review.state === 'settled')
      assert.is(said?.answers['comment'], textOf(isAfter!.id), 'what was signed is what was said last');
    if (state === 'signed')
      assert.is(
        own.findIndex(({ step }) => step === 'sign'),
        own.length - 1,
      );
  }
}

let verdictsSeen = 0;

/** The finding has the verdict of the reading that stands: of one who was shown it, and says one thing. */
async function checkVerdict(reviewId: string): Promise<void> {
  const { db } = database;
  const viewer = { ...people[3]!, isAnonymous: false };
  const review = await showReview(tools, viewer, (await findListed(db, viewer, reviewId))!);
  const final = review.places.find(({ place }) => place === review.finalPlace);
  const isShown = review.type === SHOWN || final?.place === ADJUDICATOR;
  const agrees = isShown && final?.said?.answers['finding'] === 'pneumonia';
  const results = db.selectFrom('inference_result').select(['verdict', 'verified_by']);
  const { verdict, verified_by } = await results.where('id', '=', resultId).executeTakeFirstOrThrow();
  assert.is(verdict, agrees ? 'agree' : null);
  if (!agrees) return;
  assert.is(verified_by, final!.reader!.id);
  verdictsSeen += 1;
}

let reportsSeen = 0;

/** Each person's marks of each place: the last ones that were answered, none after the signature. */
async function checkMarks(reviewId: string, answered: readonly Answered[]): Promise<void> {
  const { db } = database;
  const done = answered.filter(({ outcome }) => outcome === 'done').map(({ kept }) => kept);
  const drawings = done.filter(({ what }) => what.do === 'annotate');
  const ofWhom = ({ what, by }: Kept): string => `${'place' in what ? what.place : ''} ${people[by]!.id}`;
  const rows = await annotationsOf(db, reviewId);
  assert.is(rows.length, new Set(drawings.map(ofWhom)).size, 'none is lost');
  const cipher = await openCipher(db, tools.seal, caseId);
  for (const row of rows) {
    const own = drawings.filter((one) => ofWhom(one) === `${row.place} ${row.account_id}`);
    assert.is(row.version, own.length, 'each counts once');
    assert.equal(openAnnotations(cipher, row), [markOf(own.at(-1)!.id)]);
  }
  for (const [at, { what: sign }] of done.entries())
    if (sign.do === 'sign')
      assert.not.ok(
        done.slice(at).some(({ what }) => what.do === 'annotate' && what.place === sign.place),
        'a signature ends it',
      );
  const reviews = db.selectFrom('review').select('state').where('id', '=', reviewId);
  const { state } = await reviews.executeTakeFirstOrThrow();
  const places = (await placesOf(db, [reviewId])).get(reviewId) ?? [];
  const drawn = places.filter((of) =>
    rows.some((row) => row.place === of.place && row.account_id === of.account_id),
  );
  const reports = await reportsOf(db, reviewId);
  assert.equal(fieldsOf(reports, 'place'), state === 'settled' ? drawn.map(({ place }) => place) : []);
  assert.is(
    promised.filter((id) => id === reviewId).length,
    Math.min(1, reports.length),
    'promised once, where it is due',
  );
  reportsSeen += reports.length;
}

test('steps that come late, twice or while the gateway is killed lose and double nothing', async () => {
  const outcomes = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(SHOWN, 'chest-film-double'), async (sequence, type) => {
      for (const { kept, outcome } of await live(sequence, type)) {
        const key = outcome === 'done' ? `${kept.what.do} done` : outcome;
        outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
      }
    }),
    { seed: Number(process.env['RELAY_SEED'] ?? 16), numRuns: Number(process.env['RELAY_RUNS'] ?? 40) },
  );
  assert.ok(reportsSeen > 2, `${reportsSeen} reports`);
  assert.ok(verdictsSeen > 2, `${verdictsSeen} verdicts`);
  for (const each of [
    'annotate done',
    'decide done',
    'sign done',
    'assign done',
    'review-changed',
    'review-ended',
    'review-not-yours',
    'review-contradicts',
  ])
    assert.ok((outcomes.get(each) ?? 0) > 5, `${each}: ${JSON.stringify([...outcomes])}`);
});

test.run();
