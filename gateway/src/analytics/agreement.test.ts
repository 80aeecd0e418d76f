/** The figures of agreement through the real route: all for administrators, one's own for readers, none of few. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Session } from '#shared/protocol/api.ts';
import type { Agreement } from '#shared/protocol/reviews.ts';
import { siteOf } from '../testing/insert-figures.ts';
import { giveStudy, jsonOf, openPacsGateway, openTestCase, type PacsGateway } from '../testing/open-cases.ts';
import { insertTestResult } from '../testing/insert-result.ts';
import { BUILT_IN_TYPES } from '../reviews/built-in-types.ts';
import { cohensKappa, fleissKappa, type Kappa } from '../reviews/kappa.ts';

const test = suite('figures of agreement');
let gateway: PacsGateway;
let admin: Session;
let ana: Session;
let ben: Session;
const STUDY = '2.25.4711';
/** Ana's and Ben's answers: they differ in every fifth, and the model always finds something. */
const READINGS = Array.from({ length: 210 }, (_, at): readonly [string, string] => {
  const finding = at % 3 === 0 ? 'pneumonia' : 'normal';
  return [finding, at % 5 === 0 ? 'other' : finding];
});

test.before(async () => {
  gateway = await openPacsGateway();
  admin = await gateway.userWith(['admin']);
  ana = await gateway.userWith(['radiologist']);
  ben = await gateway.userWith(['radiologist']);
  const { id } = await openTestCase(gateway, admin.accessToken, { expected: { accessionNumber: 'A1' } });
  const { db } = gateway.database;
  await giveStudy(gateway, id, STUDY);
  await insertTestResult(db, { study: STUDY, positive: true });
  await settle(id, await siteOf(db));
});
test.after(() => gateway.close());

/** Inserts settled reviews, as if each had been read and signed. */
async function settle(caseId: string, siteId: string): Promise<void> {
  const { db } = gateway.database;
  const { name, definition } = BUILT_IN_TYPES.find((one) => one.definition.readers === 2)!;
  const at = gateway.now();
  const reviews = READINGS.map((readings) => ({ id: randomUUID(), readings }));
  await db
    .insertInto('review')
    .values(
      reviews.map(({ id }) => ({
        ...{ id, site_id: siteId, case_id: caseId, type_name: name, type_version: 1 },
        state: 'settled' as const,
        ...{ definition: JSON.stringify(definition), hides_finding: true, final_place: 1 },
        ...{ opened_by: admin.user.id, opened_at: at, settled_at: at },
      })),
    )
    .execute();
  const places = reviews.flatMap(({ id, readings }) =>
    readings.map((finding, index) => ({ id, finding, index, event: randomUUID() })),
  );
  await db
    .insertInto('review_event')
    .values(
      places.map(({ id, finding, event }) => ({
        ...{ review_id: id, id: event, place: null, version: null, step: 'decide' as const, at },
        ...{ by_account: null, to_account: null, decision: 'accept' as const, sealed: null },
        answers: JSON.stringify({ finding, certainty: 3 }),
      })),
    )
    .execute();
  await db
    .insertInto('review_place')
    .values(
      places.map(({ id, index, event }) => ({
        ...{ review_id: id, place: index + 1, version: 3, state: 'signed' as const, decided_by_event: event },
        ...{ account_id: [ana, ben][index]!.user.id, assigned_at: at, signed_at: at },
      })),
    )
    .execute();
}

const figuresFor = ({ accessToken }: Session): Promise<Agreement> =>
  jsonOf<Agreement>(gateway, 'GET /analytics/reviews', { token: accessToken });

/** Sums in another order differ in their last digit. */
const isSame = (found: Kappa | null, expected: Kappa | null): void => {
  const digits = (kappa: Kappa | null) => kappa && Object.values(kappa).map((value) => value.toFixed(12));
  assert.equal(digits(found), digits(expected));
};

test('an administrator sees how all agree, with each other and with the model', async () => {
  const { isOwn, types } = await figuresFor(admin);
  assert.equal([isOwn, types.length, types[0]?.readings], [false, 1, 420]);
  const finding = types[0]!.fields.find(({ field }) => field === 'finding')!;
  isSame(finding.cohen, cohensKappa(READINGS));
  isSame(finding.fleiss, fleissKappa(READINGS));
  assert.ok(finding.cohen!.low < finding.cohen!.kappa && finding.cohen!.kappa < finding.cohen!.high);
  const said = READINGS.flat().map((one) => [`${one === 'pneumonia'}`, 'true'] as const);
  const [model] = finding.models;
  assert.equal([finding.models.length, model?.model, model?.readings], [1, 'pneumonia', 420]);
  isSame(model!.cohen, cohensKappa(said));
  assert.is(types[0]!.fields.find(({ field }) => field === 'certainty')!.cohen, null, 'all say the same');
});

test('a reader sees their own figures alone, and nobody any of fewer than 200 readings', async () => {
  const own = await figuresFor(ben);
  assert.equal([own.isOwn, own.types[0]?.readings], [true, 210]);
  const { cohen, fleiss } = own.types[0]!.fields[0]!;
  isSame(cohen, cohensKappa(READINGS.map(([a, b]) => [b, a] as const)));
  assert.is(fleiss, null);
  for (const { user } of [ana, ben]) assert.not.ok(JSON.stringify(own).includes(user.id));
  const stranger = await gateway.userWith(['radiologist']);
  assert.equal((await figuresFor(stranger)).types, []);
  await sql`update review set state = 'reading' where number % 19 = 0`.execute(gateway.database.db);
  const few = (await figuresFor(ana)).types.map(({ readings, fields }) => [readings, fields]);
  assert.equal(few, [[199, []]], 'how many there are, and no figure of them');
});

test.run();
