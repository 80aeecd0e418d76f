/** Figures and predictions through the real routes: who is told what. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EVALUATION_COLUMNS, type ReviewFigures } from '#shared/protocol/analytics.ts';
import type { Role, Session } from '#shared/protocol/api.ts';
import { parseCsv } from '../http/parse-csv.ts';
import { audited } from '../testing/audited.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { insertTestReview, insertTestScored } from '../testing/insert-figures.ts';
import { jsonOf, openTestCase } from '../testing/open-cases.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs } from '../testing/open-pacs.ts';

const test = suite('figures, told');
const HOUR_MS = 3_600_000;
const PLANTED = '2.25.11112222333344445555';
let gateway: TestGateway;
const sessions = new Map<Role, Session>();
const token = (role: Role): string => sessions.get(role)!.accessToken;

test.before(async () => {
  gateway = await openTestGateway({ pacs: openTestPacs() });
  for (const role of ['admin', 'radiologist', 'researcher', 'auditor', 'technician'] as const)
    sessions.set(role, await gateway.userWith([role]));
});
test.after(() => gateway.close());

const get = (role: Role, path: string): Promise<Response> =>
  gateway.call('GET', path, { token: token(role) });

test('each role is given the figures that are meant for it', async () => {
  const roles: Role[] = ['admin', 'researcher', 'auditor'];
  const statuses = async (path: string) =>
    Promise.all(roles.map(async (role) => (await get(role, path)).status));
  for (const patients of ['sex=F', 'ageBand=90%2B'])
    assert.equal(await statuses(`/analytics/operations?${patients}`), [200, 403, 403], patients);
  for (const query of ['', '?modality=CT'])
    assert.equal(await statuses(`/analytics/operations${query}`), [200, 403, 200], query);
  assert.equal(await statuses('/analytics/reviews'), [200, 403, 403]);
  const wrong = ['to=1969-12-31', 'from=9999-01-01', 'sex=X', 'modality=XX'];
  for (const query of ['from=2024-01-01&to=2025-01-01', ...wrong])
    assert.is((await get('admin', `/analytics/operations?${query}`)).status, 422, query);
});

async function evaluationFor(role: Role, query = ''): Promise<Record<string, string>[]> {
  const answer = await get(role, `/evaluation?from=2026-01-01&to=2026-12-31${query}`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  assert.not.ok(new TextDecoder().decode(bytes).includes(PLANTED.slice(5)), 'a UID');
  const rows: Record<string, string>[] = [];
  let header: readonly string[] | null = null;
  for await (const { cells } of parseCsv(one(bytes))) {
    if (header === null) header = cells;
    else rows.push(Object.fromEntries(header.map((name, at) => [name, cells[at] ?? ''])));
  }
  assert.equal(header, [...EVALUATION_COLUMNS]);
  return rows;
}
async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

test('predictions are told one a row, under pseudonyms, more of them than a page has', async () => {
  const { db } = gateway.database;
  const patient = { sex: 'F', ageBand: '50-59' } as const;
  const verdict = { verdict: 'correct', correctedTo: 'normal' } as const;
  const first = await insertTestScored(db, {
    ...{ study: PLANTED, at: '2026-02-01T10:00:00Z', score: 0.75, patient, differs: true, ...verdict },
  });
  const times = Array.from({ length: 600 }, () => '2026-02-01T10:00:00.123456Z');
  for (const at of times) await insertTestScored(db, { study: PLANTED, at, score: 0.25 });
  const rows = await evaluationFor('admin');
  assert.is(rows.length, 601);
  assert.is(new Set(rows.map(({ prediction }) => prediction)).size, 601);
  const [told] = rows;
  assert.match(told!.study!, /^S-[0-9A-F]{16}$/);
  assert.equal(new Set(rows.map(({ study }) => study)).size, 1, 'one study');
  assert.equal(
    { ...told, study: '' },
    {
      ...{ prediction: first, run: '', model: 'pneumonia', version: '1.0.0', modelDigest: 'd', study: '' },
      ...{ at: '2026-02-01T10:00:00.000Z', score: '0.75', threshold: '0.5', label: 'positive' },
      ...{ probabilities: '', deviceScore: '0.1', remark: '', verdict: 'correct', correctedTo: 'normal' },
      ...{ verdictAt: '2026-02-01T10:00:00.000Z', sex: 'F', ageBand: '50 to 59', modality: 'DX' },
    },
  );
  assert.is((await evaluationFor('admin', '&sex=M')).length, 0);
  const events = await audited(db, 'evaluation-exported');
  assert.ok(events.some(({ fields }) => fields['predictions'] === 601));
});

test('a prediction without a study or a score says why', async () => {
  const { db } = gateway.database;
  const at = '2026-07-01T10:00:00Z';
  for (const scored of [
    { study: null, score: 0.75 },
    { study: '2.25.81', model: 'image-kind' },
    { study: null, kind: 'Hand' },
    { study: '2.25.81' },
  ])
    await insertTestScored(db, { at, ...scored });
  const july = (await evaluationFor('admin')).filter((row) => row['at']?.startsWith('2026-07'));
  const FILE = 'No study: the image was sent as a file.';
  assert.equal(
    new Set(july.map(({ remark }) => remark)),
    new Set([
      FILE,
      'No score: this model gives none.',
      `${FILE} No score: not a chest film.`,
      'No score: the model gave none.',
    ]),
  );
});

test('researchers are given the predictions they reach: days, and no cohort of fewer than five studies', async () => {
  const { db } = gateway.database;
  const { user } = sessions.get('researcher')!;
  const asked = { account_id: user.id, job_id: null, cached: false, at: gateway.now() };
  for (let at = 0; at < 9; at += 1) {
    const patient = { sex: at < 4 ? 'M' : 'F', ageBand: '20-29' } as const;
    const study = `2.25.7000${at}`;
    const id = await insertTestScored(db, { study, at: '2026-05-01T10:00:00Z', score: 0.9, patient });
    const request = { result_id: id, asked_id: randomUUID(), ...asked };
    await db.insertInto('result_request').values(request).execute();
  }
  const rows = await evaluationFor('researcher');
  assert.is(rows.length, 9);
  assert.equal(rows.map(({ sex, ageBand, modality }) => `${sex} ${ageBand} ${modality}`).sort(), [
    ...Array<string>(4).fill('  '),
    ...Array<string>(5).fill('F 20 to 29 DX'),
  ]);
  assert.equal(new Set(rows.map(({ at }) => at)), new Set(['2026-05-01']));
  assert.equal(await evaluationFor('researcher', '&sex=M'), [], 'all of the file would be known to be men');
  assert.equal(await evaluationFor('researcher', '&ageBand=20-29&sex=M'), []);
  assert.is((await evaluationFor('researcher', '&sex=F')).length, 5);
  assert.is((await evaluationFor('admin', '&sex=M')).length, 4);
});

/** Two settled reviews, of two and of six hours, and one that is open. */
async function addReviews(): Promise<void> {
  const { db } = gateway.database;
  const reader = sessions.get('radiologist')!.user.id;
  const other = sessions.get('admin')!.user.id;
  const { id: caseId } = await openTestCase(gateway, token('admin'), { expected: { accessionNumber: 'A1' } });
  const settled = new Date('2026-03-10T12:00:00Z');
  for (const [at, hours] of [2, 6, null].entries())
    await insertTestReview(db, {
      ...{ caseId, openedBy: other, reader: at === 1 ? other : reader },
      openedAt: new Date(settled.getTime() - (hours ?? 1) * HOUR_MS),
      settledAt: hours === null ? null : settled,
    });
}

test('reviews: how long they took, and who has how many; each reader is told of themselves alone', async () => {
  await addReviews();
  const figuresFor = (role: Role, query = '') =>
    jsonOf<ReviewFigures>(gateway, `GET /analytics/reviews?from=2026-03-01&to=2026-03-31${query}`, {
      token: token(role),
    });
  const all = await figuresFor('admin');
  const { type: _, title: __, settledShows, openShows, ...turnaround } = all.turnaround[0]!;
  assert.equal(turnaround, {
    ...{ settled: 2, open: 1, hours: { p50: 4, p95: 5.8 } },
    days: [{ day: '2026-03-10', settled: 2 }],
  });
  assert.equal(all.workload.map(({ waiting, signed, hours }) => [waiting, signed, hours?.p50]).sort(), [
    [0, 1, 6],
    [1, 1, 2],
  ]);
  const isShown = async (role: Role, path: string | null, count: number): Promise<void> => {
    assert.ok(path !== null);
    const { reviews } = await jsonOf<{ reviews: unknown[] }>(gateway, `GET ${path}`, { token: token(role) });
    assert.is(reviews.length, count, path);
  };
  await isShown('admin', settledShows, 2);
  await isShown('admin', openShows, 1);
  for (const { waiting, waitingShows, signed, signedShows } of all.workload) {
    await isShown('admin', waitingShows, waiting);
    await isShown('admin', signedShows, signed);
  }
  const own = await figuresFor('radiologist');
  for (const { waiting, waitingShows, signed, signedShows } of own.workload) {
    await isShown('radiologist', waitingShows, waiting);
    await isShown('radiologist', signedShows, signed);
  }
  const path = `/reviews?list=signed&reader=${sessions.get('admin')!.user.id}`;
  const refused = await gateway.call('GET', path, { token: token('radiologist') });
  assert.is(refused.status, 403);
  assert.equal(fieldsOf(own.workload, 'username', 'waiting', 'signed'), [
    [sessions.get('radiologist')!.user.username, 1, 1],
  ]);
  assert.equal(own.turnaround, all.turnaround);
  const none = await figuresFor('admin', '&modality=CT');
  assert.equal([none.turnaround, none.workload], [[], []]);
});

test.run();
