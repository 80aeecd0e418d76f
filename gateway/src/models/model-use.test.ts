/** The use of models as `GET /metrics` reports it in JSON. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DAY_MS } from '#shared/day.ts';
import type { ModelMetrics } from '#shared/protocol/inference.ts';
import type { Db } from '../database/database.ts';
import { testDatabases } from '../testing/open-database.ts';
import { createTestEngine, formOf, greyFile, type TestEngine } from '../testing/open-job.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { countUses, modelMetrics } from './model-use.store.ts';

const test = suite('use of models');

async function metricsOf(gateway: TestGateway, query = ''): Promise<ModelMetrics> {
  const { accessToken: token } = await gateway.signIn();
  const answer = await gateway.call('GET', `/metrics${query}`, {
    token,
    headers: { accept: 'application/json' },
  });
  assert.is(answer.status, 200);
  return (await answer.json()) as ModelMetrics;
}
const pneumoniaOf = ({ models }: ModelMetrics) => models.find(({ id }) => id === 'pneumonia')!;

/** Two images answered, one of them again, two that fail; a day later a radiologist judges both answers. */
async function useModel(gateway: TestGateway, engine: TestEngine): Promise<void> {
  const { user, accessToken: radiologist } = await gateway.userWith(['radiologist']);
  const predict = async (file: Uint8Array, status: number): Promise<string> => {
    const answer = await gateway.call('POST', '/predict', { token: radiologist, form: formOf([file]) });
    assert.is(answer.status, status);
    return answer.headers.get('content-location')!;
  };
  const results = [await predict(greyFile(10), 200), await predict(greyFile(11), 200)];
  await predict(greyFile(10), 200);
  await predict(Buffer.from('no image'), 415);
  engine.conduct = 'model-crashed';
  await predict(greyFile(12), 502);
  gateway.wait(DAY_MS);
  const bodies = [
    { verdict: 'agree' },
    { verdict: 'correct', finding: 'normal', reason: 'PLANTED words of a person' },
  ];
  const { accessToken: token } = await gateway.signIn(user.username, 'a long password');
  for (const [at, body] of bodies.entries())
    assert.is((await gateway.call('POST', `/${results[at]}/verify`, { token, body })).status, 200);
}

const NOTHING = {
  images: 0,
  answered: 0,
  cached: 0,
  failures: {},
  agreed: 0,
  corrected: 0,
  disagreements: 0,
};

test('is reported by version and by day: images, failures by code, speed, and the verdicts of radiologists', async () => {
  const engine = createTestEngine();
  const gateway = await openTestGateway({ engine });
  await useModel(gateway, engine);
  const today = gateway.now().toISOString().slice(0, 10);
  const { total, history, version, state } = pneumoniaOf(await metricsOf(gateway));
  assert.equal([version, state], ['1.0.0', 'active']);
  const metrics = await metricsOf(gateway);
  const looked = (name: string) => {
    const { answered, cached, failures } = metrics.models.find(({ id }) => id === name)!.total;
    return { answered, cached, failures };
  };
  // An answer that was there already is no look, and an image that nobody can read reaches no model.
  assert.equal(looked('image-kind'), { answered: 2, cached: 0, failures: { 'model-crashed': 1 } });
  assert.equal(looked('lung-fields'), { answered: 0, cached: 0, failures: {} }, 'no chest film');
  const { latencyMs, ...counts } = total;
  assert.equal(counts, {
    images: 5,
    answered: 2,
    cached: 1,
    failures: { 'image-type-unsupported': 1, 'model-crashed': 1 },
    agreed: 1,
    corrected: 1,
    disagreements: 0,
  });
  assert.ok(latencyMs!.p50 > 0 && latencyMs!.p95 >= latencyMs!.p50);
  assert.equal(
    history.map(({ images, agreed, corrected }) => [images, agreed, corrected]),
    [
      [5, 0, 0],
      [0, 1, 1],
    ],
  );
  assert.equal(history[1], { ...NOTHING, period: today, latencyMs: null, agreed: 1, corrected: 1 });
  assert.equal(
    pneumoniaOf(await metricsOf(gateway, `?from=${today}`)).history.map(({ period }) => period),
    [today],
  );
  assert.equal(
    pneumoniaOf(await metricsOf(gateway, '?by=year')).history.reduce((sum, { images }) => sum + images, 0),
    5,
  );
  assert.not.match(JSON.stringify(await metricsOf(gateway)), 'PLANTED');
  await gateway.close();
});

test('is told who may read metrics, and only where JSON is asked for', async () => {
  const gateway = await openTestGateway();
  const { accessToken: token } = await gateway.userWith(['auditor']);
  for (const accept of [
    '*/*',
    'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
  ]) {
    assert.match(
      (await gateway.call('GET', '/metrics', { token, headers: { accept } })).headers.get('content-type')!,
      'text/plain',
    );
  }
  assert.match(
    (await gateway.call('GET', '/metrics', { token, headers: { accept: 'application/json' } })).headers.get(
      'content-type',
    )!,
    'application/json',
  );
  const other = (await gateway.userWith(['radiologist'])).accessToken;
  assert.is(
    (await gateway.call('GET', '/metrics', { token: other, headers: { accept: 'application/json' } })).status,
    403,
  );
  await gateway.close();
});

const AT = new Date('2026-11-21T23:59:59.999Z');
const DIGEST = 'a'.repeat(64);

/** An active version of a model that nobody has used. */
async function addModel(db: Db, siteId: string): Promise<void> {
  const card = {
    id: 'm',
    version: '1',
    title: 'm',
    task: 'classification',
    intendedUse: '',
    input: { name: 'x', shape: [1], type: 'float32', batch: false },
    outputs: {},
    limits: [],
    file: 'm',
    bytes: 1,
    sha256: DIGEST,
  };
  await db
    .insertInto('model_version')
    .values({
      site_id: siteId,
      model_id: 'm',
      version: '1',
      digest: DIGEST,
      bytes: 1,
      state: 'active',
      because: null,
      added_at: AT,
      added_by: null,
      activated_at: AT,
      card: JSON.stringify(card),
    })
    .execute();
}

for (const { name, open } of testDatabases('use of models'))
  test(`tells how fast half and nineteen of twenty are, to 12 %, and counts many at once, on ${name}`, async () => {
    const database = await open();
    const { id: siteId } = await database.db.selectFrom('site').select('id').executeTakeFirstOrThrow();
    await addModel(database.db, siteId);
    const use = (outcome: string, ms: number) =>
      countUses(database.db, { siteId, at: AT }, [
        { name: { id: 'm', version: '1' }, outcome, seconds: ms / 1000 },
      ]);
    await Promise.all(Array.from({ length: 100 }, (_, n) => use('answered', 10 * (n + 1))));
    await Promise.all([use('cached', 0.01), use('inference-timeout', 90_000), use('answered', 0)]);
    const {
      models: [measured],
      ...range
    } = await modelMetrics(database.db, siteId, { by: 'day' }, AT);
    assert.equal(range, { from: '2026-10-23', to: '2026-11-21', by: 'day' });
    assert.equal(
      measured?.history.map(({ period, images }) => [period, images]),
      [['2026-11-21', 103]],
    );
    const { p50, p95 } = measured!.total.latencyMs!;
    for (const [said, is] of [
      [p50, 500],
      [p95, 950],
    ] as const)
      assert.ok(said >= is * 0.999 && said <= is * 1.123, `${said} for ${is}`);
    assert.equal(measured!.total.failures, { 'inference-timeout': 1 });
    await database.close();
  });

test.run();
