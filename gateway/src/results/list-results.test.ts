/** The list of results as a person filters it: one run over many images takes one row for each of its answers. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Result } from '#shared/protocol/inference.ts';
import { insertTestResult } from '../testing/insert-result.ts';
import { jsonOf } from '../testing/open-cases.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs } from '../testing/open-pacs.ts';

const test = suite('the list of results');
const START = Date.parse('2026-11-20T10:00:00Z');
const SLICES = 40;
let gateway: TestGateway;
let token: string;
const slices: string[] = [];
let film: string;

test.before(async () => {
  gateway = await openTestGateway({ pacs: openTestPacs() });
  token = (await gateway.userWith(['radiologist'])).accessToken;
  const insert = (study: string, at: number, some: { positive?: boolean; runAnswer?: string }) =>
    insertTestResult(gateway.database.db, {
      study,
      positive: null,
      at: new Date(START + at * 1000),
      ...some,
    });
  film = await insert('2.25.601', 0, { positive: true });
  const runAnswer = `${randomUUID()} 2.25.602 silent`;
  for (let slice = 1; slice <= SLICES; slice += 1)
    slices.unshift(await insert('2.25.602', slice, { runAnswer }));
});
test.after(() => gateway.close());

type Page = { readonly results: readonly Result[]; readonly next: string | null };
const list = (query: string): Promise<Page> => jsonOf(gateway, `GET /results?${query}`, { token });
const rowsOf = ({ results }: Page) => results.map(({ id, alike }) => [id, alike ?? 0]);

test('a run over many images takes one row, with the number of all its other images', async () => {
  assert.equal(rowsOf(await list('folded=1&limit=30')), [
    [slices[0], SLICES - 1],
    [film, 0],
  ]);
  assert.equal(rowsOf(await list('folded=1&study=2.25.602')), [[slices[0], SLICES - 1]]);
  assert.is((await list('limit=200')).results.length, SLICES + 1);
});

test('the row unfolds to the other images of the run, a page at a time', async () => {
  const first = await list(`alike=${slices[0]}&limit=30`);
  const second = await list(`alike=${slices[0]}&limit=30&cursor=${first.next}`);
  assert.equal(
    [...first.results, ...second.results].map(({ id }) => id),
    slices.slice(1),
  );
  assert.equal((await list(`alike=${film}`)).results, []);
});

test('the filters offer every model and study that there is', async () => {
  const { models, newest } = await jsonOf<{ models: string[]; newest: Result[] }>(
    gateway,
    'GET /results/choices',
    { token },
  );
  assert.equal(models, ['pneumonia']);
  assert.equal(
    newest.map(({ id }) => id),
    [slices[0], film],
  );
});

test('an image with a verdict has its own row, and none among those without', async () => {
  await gateway.database.db
    .updateTable('inference_result')
    .set({ verdict: 'agree', verified_at: new Date(START), verified_by: (await someone()).id })
    .where('id', '=', slices[3]!)
    .execute();
  assert.equal(rowsOf(await list('folded=1')), [
    [slices[0], SLICES - 2],
    [slices[3], 0],
    [film, 0],
  ]);
  assert.equal(rowsOf(await list('folded=1&verdict=none')), [
    [slices[0], SLICES - 2],
    [film, 0],
  ]);
  assert.equal(rowsOf(await list('folded=1&verdict=agree')), [[slices[3], 0]]);
});

const someone = () =>
  gateway.database.db.selectFrom('account').select('id').limit(1).executeTakeFirstOrThrow();

test('the filters offer the studies of the newest 10,000 results alone, however many there are', async () => {
  const { db } = gateway.database;
  const offered = async () =>
    (await jsonOf<{ newest: Result[] }>(gateway, 'GET /results/choices', { token })).newest.map(
      ({ id }) => id,
    );
  assert.ok((await offered()).includes(film));
  await sql`insert into inference_result (id, site_id, cache_key, model_id, version, model_digest, input_digest,
      study_instance_uid, finding, models, created_at)
    select gen_random_uuid(), site_id, gen_random_uuid()::text, model_id, version, model_digest, input_digest,
      study_instance_uid, finding, models, created_at + interval '1 hour'
    from inference_result, generate_series(1, 10000) where id = ${slices[0]!}`.execute(db);
  const newest = await offered();
  assert.is(newest.length, 1);
  assert.not.ok(newest.includes(film));
});

test.run();
