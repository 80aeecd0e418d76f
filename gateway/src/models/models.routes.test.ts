import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { z } from 'zod';
import type { ProblemDetails } from '#shared/protocol/api.ts';
import type { modelSchema, predictAnswerSchema } from '#shared/protocol/inference.ts';
import { openTestDatabase } from '../testing/open-database.ts';
import { createTestEngine } from '../testing/open-job.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { encodePng } from '../images/encode-png.ts';
import type { ModelCard } from '#shared/models/card.ts';
import { aboveOneModel, darkNanModel, meanModel, type TestModel } from '../testing/build-model.ts';
import { versionsOf } from './model.store.ts';
import { registerBuiltIn } from './register-built-in.ts';
import { sha256 } from '#testing/sha256.ts';

type Model = z.infer<typeof modelSchema>;
type Answer = z.infer<typeof predictAnswerSchema>;

const test = suite('models');
const MODELS = fileURLToPath(new URL('../../../shared/models', import.meta.url));
const dataDir = mkdtempSync(join(tmpdir(), 'relaypacs-models-'));
let gateway: TestGateway;
let token: string;
test.before(async () => {
  gateway = await openTestGateway({ env: { RELAY_DATA_DIR: dataDir } });
  token = (await gateway.signIn()).accessToken;
});
test.after(async () => {
  await gateway.close();
  rmSync(dataDir, { recursive: true });
});

async function asked<T>(
  method: string,
  path: string,
  status: number,
  options: Parameters<TestGateway['call']>[2] = {},
): Promise<T> {
  const answer = await gateway.call(method, path, { token, ...options });
  const body = (await answer.json()) as T;
  assert.is(answer.status, status, `${method} ${path}: ${JSON.stringify(body).slice(0, 300)}`);
  return body;
}

function formOf({ file, card }: TestModel): FormData {
  const form = new FormData();
  form.append('card', JSON.stringify(card));
  form.append('model', new Blob([file]), 'a name.onnx');
  return form;
}

/** A picture of one grey. */
function grey(value: number, side = 96): FormData {
  const form = new FormData();
  form.append(
    'file',
    new Blob([
      encodePng({ width: side, height: side, channels: 1, data: new Uint8Array(side * side).fill(value) }),
    ]),
  );
  return form;
}
function predict(model: string, value: number): FormData {
  const form = grey(value);
  form.append('model', model);
  return form;
}

/** Another version of a model that comes with the gateway: the same file, another card. */
function another(id: string, version: string): FormData {
  const card = JSON.parse(readFileSync(`${MODELS}/${id}.json`, 'utf8')) as Record<string, unknown>;
  return formOf({ file: new Uint8Array(readFileSync(`${MODELS}/${id}.onnx`)), card: { ...card, version } });
}
const statesOf = ({ versions }: Model): Record<string, string> =>
  Object.fromEntries(versions.map(({ version, state }) => [version, state]));
const change = (
  id: string,
  version: string,
  what: string,
  status = 200,
): Promise<Model & { code?: string }> => asked('POST', `/models/${id}/versions/${version}/${what}`, status);

test('those that come with the gateway are there and active from the first start, with cards and measures', async () => {
  const { models } = await asked<{ models: Model[] }>('GET', '/models', 200);
  assert.equal(
    models.map(({ id, active }) => `${id} ${active}`),
    ['image-kind 1.0.0', 'lung-fields 1.0.0', 'pneumonia 1.0.0', 'pneumonia-gradient 1.0.0'],
  );
  for (const {
    versions: [version],
  } of models) {
    assert.ok(version!.card['measures'] && version!.card['licence'] && version!.card['limits']);
    assert.match(version!.digest, /^[0-9a-f]{64}$/);
  }
  assert.is((await asked<{ code: string }>('GET', '/models/nobodys', 404)).code, 'model-not-found');
});

test('an administrator adds one, and it answers by its own card', async () => {
  const added = await asked<Model>('POST', '/models', 201, { form: formOf(meanModel()) });
  assert.equal([added.active, statesOf(added)], [null, { '1.0.0': 'available' }]);
  await change('mean-grey', '1.0.0', 'activate');
  const answer = await asked<Answer>('POST', '/predict', 200, { form: predict('mean-grey', 51) });
  assert.is(answer.probabilities?.[0]?.name, 'bright');
  assert.ok(Math.abs(answer.probabilities![0]!.probability - 0.2) < 1e-6);
  assert.equal([answer.model.id, answer.score, answer.limits], ['mean-grey', null, ['It knows nothing.']]);
  assert.is(
    (await asked<Model>('POST', '/models', 201, { form: formOf(meanModel()) })).versions.length,
    1,
    'the same again changes nothing',
  );
  const files = readdirSync(join(dataDir, 'models'));
  const rival = darkNanModel('mean-grey');
  const corrected = { ...meanModel(), card: { ...meanModel().card, limits: ['It knows little.'] } };
  for (const form of [formOf(rival), formOf(corrected)])
    assert.is((await asked<{ code: string }>('POST', '/models', 409, { form })).code, 'model-exists');
  assert.equal(
    (await asked<Model>('GET', '/models/mean-grey', 200)).versions.map(({ card }) => card['limits']),
    [meanModel().card['limits']],
  );
  assert.equal(readdirSync(join(dataDir, 'models')), files, 'of what was refused nothing stays');
});

test('a model that does not match its card is refused by name and not stored', async () => {
  const model = meanModel('wrong');
  const refused = async (form: FormData, status: number): Promise<string> =>
    (await asked<{ code: string }>('POST', '/models', status, { form })).code;
  const nonsense = new Uint8Array(Buffer.from('this is no model at all'));
  const digest = sha256(nonsense);
  assert.is(
    await refused(formOf({ file: nonsense, card: { ...model.card, sha256: digest } }), 422),
    'model-unreadable',
  );
  assert.is(
    await refused(formOf({ ...model, card: { ...model.card, sha256: '0'.repeat(64) } }), 422),
    'model-changed',
  );
  assert.is(
    await refused(
      formOf({ ...model, card: { ...model.card, outputs: { probabilities: { shape: [1, 3] } } } }),
      422,
    ),
    'model-shape-mismatch',
  );
  assert.is(
    await refused(formOf({ ...model, card: { ...model.card, classes: [] } }), 422),
    'model-shape-mismatch',
  );
  assert.is(
    await refused(formOf({ ...model, card: { ...model.card, id: 'pneumonia', version: '2.0.0' } }), 422),
    'model-shape-mismatch',
  );
  assert.is(
    await refused(formOf({ ...model, card: { ...model.card, task: 'segmentation' } }), 409),
    'model-not-usable',
  );
  assert.is(
    await refused(formOf({ ...model, card: { ...model.card, id: '../../etc' } }), 422),
    'invalid-request',
  );
  assert.is(
    await refused(formOf({ ...model, card: { ...model.card, input: undefined } }), 422),
    'invalid-request',
  );
  assert.is(await refused(grey(1), 422), 'invalid-request');
  assert.is((await gateway.call('GET', '/models/wrong', { token })).status, 404);
});

test('a model that gives no number on some image is a named error of that image; the others still get answers', async () => {
  await asked('POST', '/models', 201, { form: formOf(darkNanModel()) });
  await change('nan-in-the-dark', '1.0.0', 'activate');
  await asked('POST', '/predict', 200, { form: predict('nan-in-the-dark', 200) });
  assert.is(
    (await asked<{ code: string }>('POST', '/predict', 502, { form: predict('nan-in-the-dark', 20) })).code,
    'model-output-invalid',
  );
  await asked('POST', '/predict', 200, { form: predict('mean-grey', 20) });
  assert.is((await gateway.call('GET', '/health/ready')).status, 200);
});

test('an answer that calls itself a probability and is not one is refused', async () => {
  const beyond = aboveOneModel();
  assert.is(
    (await asked<{ code: string }>('POST', '/models', 502, { form: formOf(beyond) })).code,
    'model-output-invalid',
  );
});

test('a version is activated, rolled back and stopped; if it is stopped the fallback answers and says so, or none does', async () => {
  assert.equal(
    statesOf(await asked<Model>('POST', '/models', 201, { form: another('lung-fields', '1.1.0') })),
    { '1.1.0': 'available', '1.0.0': 'active' },
  );
  assert.equal(statesOf(await change('lung-fields', '1.1.0', 'activate')), {
    '1.1.0': 'active',
    '1.0.0': 'available',
  });
  assert.is((await change('lung-fields', '1.0.0', 'rollback', 409)).code, 'model-not-active');
  assert.is((await change('lung-fields', '9.9.9', 'rollback', 404)).code, 'not-found');
  assert.equal(statesOf(await change('lung-fields', '1.1.0', 'rollback')), {
    '1.1.0': 'available',
    '1.0.0': 'active',
  });
  assert.is((await change('lung-fields', '1.0.0', 'rollback', 409)).code, 'nothing-before');

  assert.is((await change('pneumonia', '1.0.0', 'stop')).active, null);
  assert.is(
    (await asked<{ code: string }>('POST', '/predict', 503, { form: grey(90) })).code,
    'model-unavailable',
  );
  await asked('PUT', '/admin/models/pneumonia/fallback', 200, {
    body: { fallback: { id: 'mean-grey', version: '1.0.0' } },
  });
  const answer = await asked<Answer>('POST', '/predict', 200, { form: grey(90) });
  assert.equal(
    [answer.model.id, answer.model.insteadOf],
    ['mean-grey', { id: 'pneumonia', version: '1.0.0' }],
  );
  const itself = await asked<Answer>('POST', '/predict', 200, { form: predict('mean-grey', 90) });
  assert.equal(
    [itself.model.id, itself.model.insteadOf],
    ['mean-grey', undefined],
    'asked for by its own name it stands for nobody',
  );
  const kind = await asked<Answer>('POST', '/predict', 200, { form: predict('image-kind', 90) });
  const lungs = await asked<Answer>('POST', '/predict', 200, { form: predict('lung-fields', 90) });
  assert.equal([kind.model.id, lungs.model.id], ['image-kind', 'lung-fields'], 'each answers for itself');
  await change('pneumonia', '1.0.0', 'activate');
  const again = await asked<Answer>('POST', '/predict', 200, { form: grey(90) });
  assert.equal([again.model.id, again.model.insteadOf], ['pneumonia', undefined]);
  const { code } = await asked<{ code: string }>('PUT', '/admin/models/pneumonia/fallback', 409, {
    body: { fallback: { id: 'lung-fields', version: '1.0.0' } },
  });
  assert.is(code, 'model-not-usable', 'a segmentation stands for no classification');
});

test('a version that has failed too often does not answer until an administrator activates it again', async () => {
  const engine = createTestEngine();
  const own = await openTestGateway({ start: false, engine });
  const { accessToken } = await own.signIn();
  const call = (method: string, path: string, form?: FormData): Promise<Response> =>
    own.call(method, path, { token: accessToken, ...(form && { form }) });
  engine.conduct = 'model-failed';
  assert.is((await call('POST', '/predict', grey(90))).status, 503);
  const gate = (await (await call('GET', '/models/image-kind')).json()) as Model;
  assert.equal(
    [gate.active, gate.versions[0]?.state, gate.versions[0]?.because],
    [null, 'failed', 'model-failed'],
  );
  assert.is(
    (await call('POST', '/models/image-kind/versions/1.0.0/activate')).status,
    503,
    'it is tried first',
  );
  engine.conduct = 'answers';
  assert.is((await call('POST', '/models/image-kind/versions/1.0.0/activate')).status, 200);
  assert.is((await call('POST', '/predict', grey(90))).status, 200);
  await own.close();
});

test('reactivated at one gateway, it is tried again at every other, including those that had given up on it', async () => {
  const database = await openTestDatabase();
  const open = async () => ({ ...database, close: async () => undefined });
  const env = { RELAY_DATA_DIR: mkdtempSync(join(tmpdir(), 'relaypacs-models-')) };
  const engines = [createTestEngine(), createTestEngine()] as const;
  const one = await openTestGateway({ start: false, open, env, engine: engines[0] });
  const other = await openTestGateway({ start: false, open, env, engine: engines[1] });
  const { accessToken } = await one.signIn();
  engines[1].conduct = 'model-failed';
  assert.is((await other.call('POST', '/predict', { token: accessToken, form: grey(90) })).status, 503);
  const given = engines[1].trials.at(-1);
  one.wait(1000);
  assert.is(
    (await one.call('POST', '/models/image-kind/versions/1.0.0/activate', { token: accessToken })).status,
    200,
  );
  engines[1].conduct = 'answers';
  assert.is((await other.call('POST', '/predict', { token: accessToken, form: grey(90) })).status, 200);
  assert.is.not(engines[1].trials.findLast(({ digest }) => digest === given?.digest)?.trial, given?.trial);
  await one.stop();
  await other.close();
  await database.close();
});

test('a model whose file was changed on the disk no longer answers after the next start, but the gateway starts', async () => {
  const database = await openTestDatabase();
  const open = async () => ({ ...database, close: async () => undefined });
  const env = { RELAY_DATA_DIR: mkdtempSync(join(tmpdir(), 'relaypacs-models-')) };
  const model = meanModel();
  const first = await openTestGateway({ start: false, open, env });
  const call = async (own: TestGateway, method: string, path: string, form?: FormData): Promise<Response> =>
    own.call(method, path, { token: (await own.signIn()).accessToken, ...(form && { form }) });
  await call(first, 'POST', '/models', formOf(model));
  await call(first, 'POST', '/models/mean-grey/versions/1.0.0/activate');
  assert.is((await call(first, 'POST', '/predict', predict('mean-grey', 7))).status, 200);
  await first.stop();
  const path = join(env.RELAY_DATA_DIR, 'models', `${String(model.card['sha256'])}.onnx`);
  assert.is(statSync(path).mode & 0o777, 0o600);
  writeFileSync(path, Buffer.concat([model.file, Buffer.from([0])]));
  const second = await openTestGateway({ start: false, open, env });
  const refused = await call(second, 'POST', '/predict', predict('mean-grey', 8));
  const { code, detail } = (await refused.json()) as ProblemDetails;
  assert.equal(
    [refused.status, code, detail],
    [503, 'model-unavailable', 'Version 1.0.0 has failed: model-changed.'],
  );
  const {
    versions: [version],
  } = (await (await call(second, 'GET', '/models/mean-grey')).json()) as Model;
  assert.equal([version?.state, version?.because], ['failed', 'model-changed']);
  assert.is((await call(second, 'POST', '/predict', predict('pneumonia', 8))).status, 200);
  await second.stop();
  await first.close();
  await database.close();
  rmSync(env.RELAY_DATA_DIR, { recursive: true });
});

test('a model that an upgrade replaces is followed by the one that comes in its place', async () => {
  const database = await openTestDatabase();
  const siteId = (await database.db.selectFrom('site').select('id').executeTakeFirstOrThrow()).id;
  const builtIn = (version: string, digest: string) => ({
    card: { ...(meanModel().card as unknown as ModelCard), version },
    digest: digest.repeat(64),
    bytes: 1,
    isWhole: true,
  });
  const active = async () =>
    (await versionsOf(database.db, siteId, 'mean-grey')).find(({ state }) => state === 'active')?.version;
  for (const [version, digest] of [
    ['1.0.0', 'a'],
    ['1.1.0', 'b'],
  ] as const) {
    await registerBuiltIn(database.db, { builtIn: [builtIn(version, digest)] }, siteId, new Date());
    assert.is(await active(), version);
  }
  const rows = await database.db
    .selectFrom('audit')
    .select('fields')
    .where('event', '=', 'model-activated')
    .execute();
  assert.equal(
    rows.map(({ fields }) => fields['version']),
    ['1.1.0'],
  );
  await database.close();
});

test('each change is in the audit trail, with who made it', async () => {
  const { user } = await gateway.signIn();
  const rows = await gateway.database.db
    .selectFrom('audit')
    .select(['event', 'fields'])
    .where('event', 'like', 'model-%')
    .orderBy('seq')
    .execute();
  const events = new Set(rows.map(({ event }) => event));
  for (const event of [
    'model-added',
    'model-activated',
    'model-rolled-back',
    'model-stopped',
    'model-fallback-set',
  ])
    assert.ok(events.has(event), event);
  assert.ok(rows.every(({ fields }) => fields['by'] === user.id));
});

test('of a model that turns out to be changed, the one in its stead looks at the same image', async () => {
  const env = { RELAY_DATA_DIR: mkdtempSync(join(tmpdir(), 'relaypacs-models-')) };
  const gateway = await openTestGateway({ start: false, env });
  const { accessToken: token } = await gateway.signIn();
  const model = meanModel();
  await gateway.call('POST', '/models', { token, form: formOf(model) });
  await gateway.call('POST', '/models/mean-grey/versions/1.0.0/activate', { token });
  const fallback = { id: 'pneumonia', version: '1.0.0' };
  await gateway.call('PUT', '/admin/models/mean-grey/fallback', { token, body: { fallback } });
  const path = join(env.RELAY_DATA_DIR, 'models', `${String(model.card['sha256'])}.onnx`);
  writeFileSync(path, Buffer.concat([model.file, Buffer.from([0])]));
  const answered = await gateway.call('POST', '/predict', { token, form: predict('mean-grey', 9) });
  const answer = (await answered.json()) as Answer;
  assert.equal([answered.status, answer.model?.id], [200, 'pneumonia'], JSON.stringify(answer));
  await gateway.close();
});

test.run();
