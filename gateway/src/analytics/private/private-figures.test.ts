/** Figures with noise: what they count, who is told, noise of each answer, and a budget that many cannot overdraw. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AGE_BANDS, SEXES } from '#shared/protocol/analytics.ts';
import type { Role, Session } from '#shared/protocol/api.ts';
import {
  PRIVATE_QUERIES_A_MONTH,
  SCALE_A_COUNT,
  type DataSet,
  type Noise,
} from '#shared/protocol/private-figures.ts';
import { audited } from '../../testing/audited.ts';
import { BUILT_IN_TYPES } from '../../reviews/built-in-types.ts';
import {
  insertTestAccount,
  insertTestReview,
  insertTestScored,
  insertTestUpload,
  siteOf,
} from '../../testing/insert-figures.ts';
import { giveStudy, openTestCase } from '../../testing/open-cases.ts';
import { openTestGateway, type TestGateway } from '../../testing/open-gateway.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { askedOf } from '../asked.ts';
import { tellModels, tellOperations, tellReviews } from './private-figures.ts';

const test = suite('figures with noise');
const SETS: readonly DataSet[] = ['operations', 'models', 'reviews'];
const THREE_DAYS = { from: '2026-11-01', to: '2026-11-03' };
const NOW = new Date('2026-11-23T12:00:00Z');
const ADMIN = { id: randomUUID(), siteId: '', roles: ['admin' as Role] };
let gateway: TestGateway;
const sessions = new Map<Role, Session>();
const ROLES: readonly Role[] = ['admin', 'radiologist', 'researcher', 'auditor', 'technician'];

test.before(async () => {
  gateway = await openTestGateway({ pacs: openTestPacs() });
  for (const role of ROLES) sessions.set(role, await gateway.userWith([role]));
  ADMIN.siteId = await siteOf(gateway.database.db);
});
test.before.each(async () => {
  await gateway.database.db.deleteFrom('privacy_budget').execute();
  await gateway.database.db.deleteFrom('private_answer').execute();
});
test.after(() => gateway.close());

const pathOf = (set: DataSet, query = ''): string =>
  `/analytics/${set}?private=true&from=2026-11-01&to=2026-11-03${query}`;
/** Different ones, twice as many as a role has answers. */
const QUESTIONS = SEXES.flatMap((sex) =>
  AGE_BANDS.map((band) => `&sex=${sex}&ageBand=${encodeURIComponent(band)}`),
).slice(0, 2 * PRIVATE_QUERIES_A_MONTH);
const ask = (set: DataSet, { accessToken: token }: Session, query?: string): Promise<Response> =>
  gateway.call('GET', pathOf(set, query), { token });
const codeOf = async (answer: Response): Promise<string> => ((await answer.json()) as { code: string }).code;
const noiseOf = async (answer: Response): Promise<Noise> => ((await answer.json()) as { noise: Noise }).noise;

/** Noise that is always 1 less than its scale, downwards: exact counts can be told from the answer. */
const toolsOf = () => ({ db: gateway.database.db, now: () => NOW, draw: (below: number) => below - 1 });
const exact = ({ scale }: Noise, told: number): number => told + scale - 1;

test('each data set has ten answers a month for a role, however many ask at once', async () => {
  const other = await gateway.userWith(['researcher']);
  for (const set of SETS) {
    const asked = Array.from({ length: 2 * PRIVATE_QUERIES_A_MONTH }, (_, at) =>
      ask(set, at % 2 === 0 ? sessions.get('researcher')! : other, QUESTIONS[at]),
    );
    const answers = await Promise.all(asked);
    const told = answers.filter(({ status }) => status === 200);
    const left = (await Promise.all(told.map(noiseOf))).map((noise) => noise.left);
    const each = Array.from({ length: PRIVATE_QUERIES_A_MONTH }, (_, at) => at);
    assert.equal(new Set(left), new Set(each), set);
    for (const answer of answers.filter(({ status }) => status !== 200))
      assert.equal([answer.status, await codeOf(answer)], [409, 'privacy-budget-spent']);
    const events = await audited(gateway.database.db, 'private-figures-told');
    assert.is(events.filter(({ fields }) => fields['of'] === set).length, PRIVATE_QUERIES_A_MONTH);
  }
});

test('the same question of a role is answered with the same numbers, and paid for once, however many ask at once', async () => {
  const people = [sessions.get('researcher')!, await gateway.userWith(['researcher'])];
  for (const set of SETS) {
    const asked = Array.from({ length: 2 * PRIVATE_QUERIES_A_MONTH }, (_, at) => ask(set, people[at % 2]!));
    const [first, ...rest] = await Promise.all((await Promise.all(asked)).map((answer) => answer.json()));
    for (const answer of rest) assert.equal(answer, first, set);
    assert.is((first as { noise: Noise }).noise.left, PRIVATE_QUERIES_A_MONTH - 1, set);
    const next = await noiseOf(await ask(set, people[0]!, '&sex=F'));
    assert.is(next.left, PRIVATE_QUERIES_A_MONTH - 2, `${set}: another question`);
    const again = await noiseOf(await ask(set, people[1]!));
    assert.is(again.left, PRIVATE_QUERIES_A_MONTH - 2, `${set}: what is left now, not what was left then`);
    const radiologist = await ask(set, sessions.get(set === 'operations' ? 'auditor' : 'radiologist')!);
    assert.is((await noiseOf(radiologist)).left, PRIVATE_QUERIES_A_MONTH - 1, `${set}: another role pays`);
  }
});

test('the number of answers that are left, and an answer that was paid for, cost nothing, also when all is spent', async () => {
  const researcher = sessions.get('researcher')!;
  const told = async (query = '') => {
    const path = pathOf('models', query).replace('private=true', 'private=told');
    return (await gateway.call('GET', path, { token: researcher.accessToken })).json();
  };
  assert.equal(await told(), { left: PRIVATE_QUERIES_A_MONTH, answer: null });
  const answer = (await (await ask('models', researcher)).json()) as { noise: Noise };
  assert.equal(await told(), { left: PRIVATE_QUERIES_A_MONTH - 1, answer });
  assert.equal(await told('&sex=F'), { left: PRIVATE_QUERIES_A_MONTH - 1, answer: null });
  await gateway.database.db.updateTable('privacy_budget').set({ queries: PRIVATE_QUERIES_A_MONTH }).execute();
  const spent = { ...answer, noise: { ...answer.noise, left: 0 } };
  assert.equal(await told(), { left: 0, answer: spent });
  assert.equal(await (await ask('models', researcher)).json(), spent);
  assert.is((await ask('models', researcher, '&sex=F')).status, 409);
});

test('those who may ask without noise are told, and researchers; others are not', async () => {
  const statuses = async (set: DataSet) =>
    Promise.all(ROLES.map(async (role) => (await ask(set, sessions.get(role)!)).status));
  assert.equal(await statuses('operations'), [200, 403, 200, 200, 403]);
  assert.equal(await statuses('models'), [200, 200, 200, 403, 403]);
  assert.equal(await statuses('reviews'), [200, 200, 200, 403, 403]);
  const { accessToken: token } = sessions.get('researcher')!;
  for (const query of ['', '?private=false'])
    assert.is((await gateway.call('GET', `/analytics/operations${query}`, { token })).status, 403);
  assert.is((await gateway.call('GET', '/analytics/private-count', { token })).status, 404);
});

test('a question that is refused costs nothing, and somebody of two roles spends of both', async () => {
  const both = await gateway.userWith(['researcher', 'radiologist']);
  const researcher = sessions.get('researcher')!;
  const alone = sessions.get('radiologist')!;
  assert.is((await ask('models', researcher, '&sex=X')).status, 422);
  const asked = { token: researcher.accessToken };
  assert.is((await gateway.call('GET', '/analytics/models?private=yes', asked)).status, 422);
  assert.is((await noiseOf(await ask('models', researcher))).left, PRIVATE_QUERIES_A_MONTH - 1);
  assert.is((await noiseOf(await ask('models', both))).left, PRIVATE_QUERIES_A_MONTH - 1, 'told to one role');
  assert.is((await noiseOf(await ask('models', both, '&sex=F'))).left, PRIVATE_QUERIES_A_MONTH - 2);
  assert.is((await noiseOf(await ask('models', alone, '&sex=M'))).left, PRIVATE_QUERIES_A_MONTH - 2);
  const spent = gateway.database.db.updateTable('privacy_budget').set({ queries: PRIVATE_QUERIES_A_MONTH });
  await spent.where('role', '=', 'researcher').execute();
  assert.is((await ask('models', both, '&sex=O')).status, 409);
  const { left } = await noiseOf(await ask('models', alone, '&sex=O'));
  assert.is(left, PRIVATE_QUERIES_A_MONTH - 3, 'not paid twice');
});

test('a budget is of its month', async () => {
  const researcher = sessions.get('researcher')!;
  await ask('models', researcher);
  const spent = { month: '2020-01', queries: PRIVATE_QUERIES_A_MONTH };
  await gateway.database.db.updateTable('privacy_budget').set(spent).execute();
  await gateway.database.db.updateTable('private_answer').set({ month: '2020-01' }).execute();
  assert.is((await noiseOf(await ask('models', researcher))).left, PRIVATE_QUERIES_A_MONTH - 1);
});

test('the noise of every answer, and of every count, is its own', async () => {
  const session = sessions.get('auditor')!;
  const read = async (query: string) =>
    (await (await ask('operations', session, query)).json()) as { days: { studies: number }[] };
  const counts = [...(await read('')).days, ...(await read('&sex=O')).days].map(({ studies }) => studies);
  // Six draws of scale 20 are the same once in more than ten million times.
  assert.ok(new Set(counts).size > 1, `${counts}`);
});

test('uploads: studies of all days, each where it was first sent, and nothing that is no count of studies', async () => {
  const { db } = gateway.database;
  const ana = await insertTestAccount(db, 'ana');
  const ben = await insertTestAccount(db, 'ben');
  const sent = [
    { study: '2.25.1', account: ben, at: '2026-11-03T10:00:00Z' },
    { study: '2.25.1', account: ana, at: '2026-11-01T10:00:00Z' },
    { study: '2.25.2', account: ana, at: '2026-11-01T23:59:59Z' },
    { study: '2.25.3', account: ana, at: '2026-10-31T23:59:59Z' },
  ];
  for (const upload of sent) await insertTestUpload(db, { ...upload, instances: [{}, {}] });
  const answer = await tellOperations(toolsOf(), ADMIN, askedOf(THREE_DAYS, NOW));
  assert.is(answer.noise.scale, 2 * SCALE_A_COUNT);
  assert.is(exact(answer.noise, answer.total.studies), 2);
  assert.equal(
    answer.days.map(({ day, studies }) => [day, exact(answer.noise, studies)]),
    [
      ['2026-11-01', 2],
      ['2026-11-02', 0],
      ['2026-11-03', 0],
    ],
  );
  assert.equal(
    [answer.total.bytes, answer.total.toPacsMs, answer.accounts, answer.refusals],
    [null, null, null, null],
  );
  const ct = await tellOperations(toolsOf(), ADMIN, askedOf({ ...THREE_DAYS, modality: 'CT' }, NOW));
  assert.is(exact(ct.noise, ct.total.studies), 0);
});

test('models: studies of each version that is here, and of all', async () => {
  const { db } = gateway.database;
  const patient = { sex: 'F', ageBand: '50-59' } as const;
  for (const study of ['2.25.11', '2.25.11', '2.25.12'])
    await insertTestScored(db, { study, at: '2026-11-02T10:00:00Z', score: 0.9, patient });
  await insertTestScored(db, { study: '2.25.13', at: '2026-11-02T10:00:00Z', version: '9.9.9' });
  const answer = await tellModels(toolsOf(), ADMIN, askedOf(THREE_DAYS, NOW));
  assert.is(answer.noise.scale, (answer.models.length + 1) * SCALE_A_COUNT);
  assert.is(exact(answer.noise, answer.total.studies), 3);
  const women = await tellModels(toolsOf(), ADMIN, askedOf({ ...THREE_DAYS, sex: 'F' }, NOW));
  assert.is(exact(women.noise, women.total.studies), 2);
});

test('reviews: studies of each type, of its own cohort alone', async () => {
  const { db } = gateway.database;
  const { id: caseId } = await openTestCase(gateway, sessions.get('admin')!.accessToken, {
    expected: { accessionNumber: 'A1' },
  });
  for (const study of ['2.25.21', '2.25.22']) await giveStudy(gateway, caseId, study);
  await sql`insert into study_cohort values (${ADMIN.siteId}, '2.25.21', 'M', null)`.execute(db);
  const of = { caseId, openedBy: sessions.get('admin')!.user.id, openedAt: NOW };
  for (const settledAt of [new Date('2026-11-02T10:00:00Z'), new Date('2026-11-03T10:00:00Z'), null])
    await insertTestReview(db, { ...of, settledAt });
  const { name } = BUILT_IN_TYPES[0]!;
  const all = await tellReviews(toolsOf(), ADMIN, askedOf(THREE_DAYS, NOW));
  assert.is(all.noise.scale, 2 * all.turnaround.length * SCALE_A_COUNT);
  const counted = all.turnaround.map(({ type, settled, open }) => [
    ...[type, exact(all.noise, settled), exact(all.noise, open)],
  ]);
  const expected = BUILT_IN_TYPES.map((type) => [type.name, ...(type.name === name ? [2, 2] : [0, 0])]);
  assert.equal(counted, expected);
  const men = await tellReviews(toolsOf(), ADMIN, askedOf({ ...THREE_DAYS, sex: 'M' }, NOW));
  assert.equal([exact(men.noise, men.turnaround[0]!.settled), men.workload, men.types], [1, null, null]);
});

test.run();
