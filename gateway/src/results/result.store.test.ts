import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Finding } from '#shared/protocol/inference.ts';
import type { Database } from '../database/database.ts';
import { testDatabases } from '../testing/open-database.ts';
import { cacheKey, findCached } from './result-cache.ts';
import { listResults } from './list-results.ts';
import { mapOf, masksOf } from './result-map.store.ts';
import { insertRequest, insertResult, setVerification, type NewResult } from './result.store.ts';

const finding: Finding = {
  model: { id: 'pneumonia', version: '1.0.0', digest: 'a'.repeat(64), runtime: 'a test' },
  input: { digest: 'b'.repeat(64), kind: 'png', rows: 64, columns: 64, frame: 0 },
  image: { kind: 'CXR', probability: 0.9 },
  population: 'unknown',
  film: [],
  probabilities: null,
  score: null,
  threshold: null,
  positive: null,
  lungs: null,
  camPeak: null,
  explanations: [],
  completeness: null,
  rationale: [],
  limits: [],
  warnings: [],
  intendedUse: 'A test.',
};
const question = {
  inputDigest: 'b'.repeat(64),
  source: 'pacs' as const,
  sender: null,
  frame: 0,
  models: ['a', 'c'],
  parameters: {},
  population: null,
};

for (const { name, open } of testDatabases('results')) {
  const test = suite(`results on ${name}`);
  let database: Database;
  let siteId: string;
  test.before(async () => {
    database = await open();
    siteId = (await database.db.selectFrom('site').select('id').executeTakeFirstOrThrow()).id;
  });
  test.after(() => database.close());

  const insert = (more: Partial<NewResult> = {}) =>
    database.db.transaction().execute((trx) =>
      insertResult(trx, {
        id: randomUUID(),
        siteId,
        key: cacheKey(question),
        finding,
        models: [],
        maps: [],
        disagreement: null,
        runAnswer: null,
        now: new Date('2026-11-20T10:00:00Z'),
        ...more,
      }),
    );

  test('the same question has one answer, also when two ask at once; the map comes back as it was', async () => {
    const cam = {
      name: 'cam',
      dims: [20, 20],
      data: Float32Array.from({ length: 400 }, (_, at) => at / 3),
    } as const;
    const lungs = { name: 'lungs', dims: [2, 2, 2], data: Uint8Array.of(1, 0, 1, 0, 0, 1, 1, 1) } as const;
    const first = await insert({ maps: [cam, lungs] });
    const second = await insert({ finding: { ...finding, warnings: ['another run'] } });
    assert.equal([second.id, second.finding], [first.id, finding]);
    assert.is((await findCached(database.db, siteId, cacheKey(question)))?.id, first.id);
    assert.equal(
      [
        await mapOf(database.db, first.id, 'cam'),
        await mapOf(database.db, first.id, 'lungs'),
        await mapOf(database.db, first.id, 'attributions'),
      ],
      [cam, lungs, undefined],
    );
    assert.equal(masksOf(lungs), {
      side: 2,
      right: Uint8Array.of(1, 0, 1, 0),
      left: Uint8Array.of(0, 1, 1, 1),
    });
  });

  test('another frame, other models, other parameters or another population is another question; the order of names is none', () => {
    const keys = [
      question,
      { ...question, frame: 1 },
      { ...question, models: ['a'] },
      { ...question, parameters: { threshold: 0.5 } },
      { ...question, parameters: { explain: ['cam'] } },
      { ...question, population: 'inside' as const },
    ].map(cacheKey);
    assert.is(new Set(keys).size, keys.length);
    assert.is(cacheKey({ ...question, models: ['c', 'a'] }), cacheKey(question));
    assert.is.not(
      cacheKey({ ...question, source: 'file' }),
      cacheKey(question),
      'a result of a file belongs to no study',
    );
  });

  test('a list continues after the last one of a page, even if many have the same time', async () => {
    for (let at = 0; at < 5; at += 1) await insert({ key: `page-${at}` });
    const all = await listResults(database.db, siteId, { limit: 100 });
    const seen: string[] = [];
    for (let page = await listResults(database.db, siteId, { limit: 2 }); page.length > 0; ) {
      seen.push(...page.map(({ id }) => id));
      const { created_at: at, id } = page.at(-1)!;
      page = await listResults(database.db, siteId, { limit: 2, after: { at, id } });
    }
    assert.equal(
      seen,
      all.map(({ id }) => id),
    );
  });

  test('is listed for the account that was given it; a verification is the next revision', async () => {
    const { id: account } = await database.db
      .insertInto('account')
      .values({
        site_id: siteId,
        username: 'r',
        roles: ['radiologist'],
        password_hash: 'x',
        disabled_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    const result = await insert({ key: 'asked' });
    await database.db.transaction().execute(async (trx) => {
      for (let time = 0; time < 2; time += 1)
        await insertRequest(trx, result.id, {
          askedId: result.id,
          accountId: account,
          jobId: null,
          cached: false,
          now: new Date(),
        });
      await setVerification(trx, result, {
        verdict: 'agree',
        finding: null,
        sealedReason: new Uint8Array([1, 2]),
        by: account,
        now: new Date(),
      });
    });
    const shownTo = { id: account, siteId, roles: ['researcher' as const] };
    for (const filter of [{ shownTo }, { user: account }])
      assert.equal(
        (await listResults(database.db, siteId, { ...filter, limit: 10 })).map(({ id }) => id),
        [result.id],
      );
    const [row] = await listResults(database.db, siteId, { user: account, limit: 1 });
    assert.equal([row?.revision, row?.verdict, [...row!.sealed_reason!]], [2, 'agree', [1, 2]]);
  });

  test.run();
}
