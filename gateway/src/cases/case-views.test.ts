/** Saved views through the real routes: a person's own alone, and nothing readable in the database. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  CASE_VIEWS_LIMIT,
  type CaseView,
  type CaseViewFilters,
  type NewCaseView,
} from '#shared/protocol/case-views.ts';
import { codeOf as codeAt, jsonOf } from '../testing/open-cases.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';

const FILTERS: CaseViewFilters = {
  ...({ status: 'active', priority: 'urgent', assignee: 'me' } as const),
  ...({ due: 'week', opened: 'days', from: '2026-01-01', to: '' } as const),
  ...({ modality: '', bodyPart: 'CHEST', early: '', finding: '', sort: 'due' } as const),
};
const NAME = 'Frau Oberhuber, this week';

const test = suite('saved views of cases');
let gateway: TestGateway;
let token: string;

test.before(async () => {
  gateway = await openTestGateway();
});
test.after(() => gateway.close());
test.before.each(async () => {
  token = (await gateway.userWith(['radiologist'])).accessToken;
});

const views = async (): Promise<CaseView[]> =>
  (await jsonOf<{ views: CaseView[] }>(gateway, 'GET /case-views', { token })).views;
const save = (body: Partial<NewCaseView> = {}): Promise<CaseView> =>
  jsonOf(gateway, 'POST /case-views', {
    token,
    body: { name: NAME, filters: FILTERS, ...body },
    status: 201,
  });
const codeOf = (request: string, body?: unknown) => codeAt(gateway, request, { token, body });

test('a view is saved, found, renamed and deleted, in the order in which they were saved', async () => {
  const first = await save();
  const second = await save({ name: 'All of CT', filters: { ...FILTERS, status: '', modality: 'CT' } });
  assert.equal(await views(), [first, second]);
  const body = { name: 'Mine, soon', filters: { ...FILTERS, due: '' } };
  const renamed = await jsonOf<CaseView>(gateway, `PUT /case-views/${first.id}`, { token, body });
  assert.equal(await views(), [renamed, second]);
  assert.equal(renamed, { ...body, id: first.id });
  assert.is(await codeOf(`DELETE /case-views/${first.id}`), '204');
  assert.is(await codeOf(`DELETE /case-views/${first.id}`), 'not-found');
  assert.equal(await views(), [second]);
});

test('a name is of one view, also where two are saved at once and where another one takes it', async () => {
  const saved = await Promise.all(['due', 'newest', 'oldest'].map((sort) => save({ filters: sorted(sort) })));
  assert.is(new Set(saved.map(({ id }) => id)).size, 1);
  const other = await save({ name: 'Another' });
  const body = { name: NAME, filters: FILTERS };
  await jsonOf(gateway, `PUT /case-views/${other.id}`, { token, body });
  assert.equal(await views(), [{ id: other.id, ...body }]);
});

test('the database does not hold its name', async () => {
  const { id } = await save();
  const { rows } = await sql<{ row: string; name: string }>`select row_to_json(v)::text as row,
    encode(sealed_name, 'escape') as name from case_view v where id = ${id}`.execute(gateway.database.db);
  assert.is(rows.length, 1);
  assert.not.ok(`${rows[0]!.row} ${rows[0]!.name}`.includes('Oberhuber'));
});

test('takes no filter that the list does not have, and not more views than a person can keep', async () => {
  const wrong = [
    { name: NAME, filters: { ...FILTERS, q: '2.25.4711' } },
    { name: NAME, filters: { ...FILTERS, sort: 'title' } },
    { name: NAME, filters: { ...FILTERS, from: '2026-02-30' } },
    { name: NAME, filters: { ...FILTERS, to: '0001-01-01' } },
    { name: ' ', filters: FILTERS },
    { name: 'a\nb', filters: FILTERS },
    { name: NAME },
  ];
  for (const body of wrong) assert.is(await codeOf('POST /case-views', body), 'invalid-request');
  assert.is(await codeOf(`PUT /case-views/${randomUUID()}`, { name: NAME, filters: FILTERS }), 'not-found');
  for (let nth = 0; nth < CASE_VIEWS_LIMIT; nth += 1) await save({ name: `View ${nth}` });
  assert.is(await codeOf('POST /case-views', { name: 'Another', filters: FILTERS }), 'invalid-request');
  await save({ name: 'View 3', filters: sorted('changed') });
  assert.equal((await views())[3]!.filters, sorted('changed'));
});

const sorted = (sort: string): CaseViewFilters => ({ ...FILTERS, sort: sort as CaseViewFilters['sort'] });

test.run();
