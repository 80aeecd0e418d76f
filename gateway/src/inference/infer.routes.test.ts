import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { z } from 'zod';
import type { ProblemDetails } from '#shared/protocol/api.ts';
import {
  EXPLANATION_METHODS,
  type Job,
  type predictAnswerSchema,
  type Result,
} from '#shared/protocol/inference.ts';
import { skip, testEnvironment } from '#testing/environment.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { testFilm } from '../testing/open-subject.ts';
import { formOf, greyFile, lastOf } from '../testing/open-job.ts';

type Answer = z.infer<typeof predictAnswerSchema>;

const test = suite('inference');
const { corpus } = testEnvironment();
let gateway: TestGateway;
let token: string;
test.before(async () => {
  gateway = await openTestGateway();
  token = (await gateway.userWith(['technician'])).accessToken;
});
test.after(() => gateway.close());

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
const codeOf = async (path: string, status: number, form: FormData): Promise<string> =>
  (await asked<{ code: string }>('POST', path, status, { form })).code;

test('an image is answered at once: what it is, what the model may say of it, and that nobody may rely on it', async () => {
  const answer = await asked<Answer>('POST', '/predict', 200, { form: formOf([greyFile(90)]) });
  assert.equal(
    [answer.model.id, answer.input.kind, answer.input.rows, answer.cached],
    ['pneumonia', 'png', 96, false],
  );
  assert.equal(
    [answer.score, answer.probabilities, answer.warnings],
    [null, null, ['not-a-chest-film']],
    'no chest film: the model keeps silent',
  );
  assert.match(answer.intendedUse, 'NOT FOR DIAGNOSTIC USE');
  const film = await asked<Answer>('POST', '/predict', 200, {
    form: formOf([testFilm({ seed: 501 }).bytes], { model: 'image-kind' }),
  });
  assert.equal(
    [film.input.kind, film.input.studyInstanceUID, film.population],
    ['dicom', undefined, 'inside'],
    'anybody can write a patient’s name into a file',
  );
  assert.equal(
    film.probabilities?.map(({ name }) => name),
    ['BreastMRI', 'CXR', 'Hand', 'HeadCT', 'TrunkCT', 'other'],
  );
});

test('the same image is answered from the cache, unless the caller declines it; other parameters are another question', async () => {
  const image = [greyFile(91)];
  assert.is((await asked<Answer>('POST', '/predict', 200, { form: formOf(image) })).cached, false);
  assert.is((await asked<Answer>('POST', '/predict', 200, { form: formOf(image) })).cached, true);
  assert.is(
    (await asked<Answer>('POST', '/predict', 200, { form: formOf(image, { cache: 'false' }) })).cached,
    false,
  );
  assert.is(
    (await asked<Answer>('POST', '/predict', 200, { form: formOf(image, { threshold: '0.5' }) })).cached,
    false,
  );
  const { results } = await asked<{ results: Result[] }>('GET', '/results?limit=200', 200);
  const ofInput = Map.groupBy(results, ({ finding }) => finding.input.digest);
  assert.is(
    Math.max(...[...ofInput.values()].map(({ length }) => length)),
    2,
    'one result a question, however often it was asked',
  );
});

test('each file that cannot be examined is refused with its own code, and nothing of it stays', async () => {
  if (corpus === null) skip('bad images through POST /predict', 'the corpus is not there');
  const folder = join(corpus, 'bad/images');
  const answers: Record<string, string> = {};
  for (const name of readdirSync(folder)
    .filter((file) => !file.endsWith('.txt'))
    .sort()) {
    const answer = await gateway.call('POST', '/predict', {
      token,
      form: formOf([readFileSync(join(folder, name))]),
    });
    const body = (await answer.json()) as { code?: string; warnings?: string[] };
    assert.ok(
      answer.status === 200 || (answer.status >= 400 && answer.status < 500),
      `${name}: ${answer.status} ${JSON.stringify(body).slice(0, 200)}`,
    );
    answers[name.slice(0, 2)] = body.code ?? body.warnings!.join();
  }
  const expected = {
    '01': 'image-too-small',
    '02': '',
    '03': 'image-too-large',
    '04': '',
    '07': 'image-damaged',
    '10': 'image-damaged',
    '11': 'image-too-large',
    '12': 'image-damaged',
    '14': 'metadata-ignored',
    '16': 'trailing-data-ignored',
    '17': 'image-type-unsupported',
  };
  for (const [number, code] of Object.entries(expected))
    assert.ok(
      answers[number]!.split(',').some((one) => code === '' || one === code),
      `${number}: ${JSON.stringify(answers)}`,
    );
});

test('a file over 50 MB is refused while it arrives, whatever its content, and so is an empty one', async () => {
  assert.is(await codeOf('/predict', 413, formOf([new Uint8Array(50 * 1024 * 1024 + 1)])), 'file-too-large');
  assert.is(await codeOf('/infer', 413, formOf([new Uint8Array(50 * 1024 * 1024 + 1)])), 'file-too-large');
  assert.is(await codeOf('/predict', 415, formOf([new Uint8Array()])), 'image-type-unsupported');
  assert.is(
    await codeOf('/predict', 415, formOf([Buffer.from('some text, and nothing else')])),
    'image-type-unsupported',
  );
});

test('an invalid request is told the place of the fault and the expected form, never the value sent', async () => {
  const { detail } = await asked<ProblemDetails>('POST', '/infer', 422, {
    body: { model: 5, studyInstanceUID: '1.2.3', priority: 1000 },
  });
  assert.is(detail, 'Invalid: model (expected: string), priority (expected: at most 100).');
  assert.match(
    (await asked<ProblemDetails>('POST', '/predict', 415, { body: {} })).detail ?? '',
    'multipart/form-data',
  );
  assert.is(
    await codeOf('/predict', 422, formOf([greyFile(1)], { frame: '1' })),
    'frame-not-found',
    'a PNG has one',
  );
  assert.is(await codeOf('/predict', 404, formOf([greyFile(1)], { version: '9.9.9' })), 'model-not-found');
  assert.is(await codeOf('/predict', 422, formOf([])), 'invalid-request');
  assert.is(await codeOf('/predict', 422, formOf([greyFile(1)], { frame: '-1' })), 'invalid-request');
  assert.is(await codeOf('/predict', 413, formOf([greyFile(1), greyFile(2)])), 'too-many-inputs');
  assert.is(await codeOf('/predict', 404, formOf([greyFile(1)], { model: 'nobodys' })), 'model-not-found');
  assert.is(
    await codeOf('/predict', 409, formOf([greyFile(1)], { model: 'pneumonia-gradient' })),
    'model-not-usable',
  );
  assert.is(
    await codeOf('/predict', 422, formOf([testFilm({ seed: 502 }).bytes], { frame: '3' })),
    'frame-not-found',
  );
  const planted = await gateway.call('POST', '/predict', {
    token,
    form: formOf([greyFile(1)], { PLANTED: 'PLANTED' }),
  });
  assert.is(planted.status, 422);
  assert.not.match(JSON.stringify(gateway.lines), 'PLANTED');
  assert.is((await gateway.call('POST', '/predict', { token, body: {} })).status, 415);
});

test('a list of explanations has no more characters than all of them twice', async () => {
  const all = EXPLANATION_METHODS.join(',');
  const explain = `image${','.repeat(2 * all.length - 'image'.length)}`;
  await asked('POST', '/predict', 200, { form: formOf([greyFile(98)], { explain }) });
  const { detail } = await asked<ProblemDetails>('POST', '/predict', 422, {
    form: formOf([greyFile(98)], { explain: `${explain},` }),
  });
  assert.match(detail ?? '', 'explain');
});

test('nobody learns from an answer that somebody else has sent the same image', async () => {
  const form = () => formOf([greyFile(95)]);
  const other = (await gateway.userWith(['technician'])).accessToken;
  const first = await gateway.call('POST', '/predict', { token: other, form: form() });
  assert.is(first.status, 200);
  const answer = await gateway.call('POST', '/predict', { token, form: form() });
  assert.is(((await answer.json()) as Answer).cached, false);
  const placeOf = (one: Response): string => `/${one.headers.get('content-location')}`;
  const theirs = placeOf(first);
  const own = placeOf(answer);
  await asked('GET', own!, 200);
  await asked('GET', theirs!, 404);
});

test('a file becomes a job that can be followed to its end; nothing of the file is left', async () => {
  const answer = await gateway.call('POST', '/infer', {
    token,
    form: formOf([greyFile(92)], { priority: '0' }),
  });
  assert.is(
    await codeOf('/infer', 403, formOf([greyFile(92)], { priority: '1' })),
    'not-allowed',
    'only a radiologist or an administrator goes before others',
  );
  const job = (await answer.json()) as Job;
  assert.equal(
    [answer.status, answer.headers.get('location'), job.state, job.priority],
    [202, `jobs/${job.id}`, 'queued', 0],
  );
  const done = await lastOf(gateway, token, job.id);
  assert.equal(
    [done.state, done.progress, done.attempt, done.error, done.results.length],
    ['done', { done: 1, of: 1 }, 1, null, 1],
  );
  assert.equal(
    (await asked<{ jobs: Job[] }>('GET', '/jobs', 200)).jobs.map(({ id }) => id),
    [job.id],
  );
  const result = await asked<Result>('GET', `/results/${done.results[0]}`, 200);
  assert.equal([result.jobId, result.instances, result.revision], [job.id, [], 1]);
  assert.is((await gateway.call('GET', `/results/${result.id}/explanations/image`, { token })).status, 410);
  const row = await gateway.database.db
    .selectFrom('inference_job')
    .select('wrapped_key')
    .where('id', '=', job.id)
    .executeTakeFirstOrThrow();
  assert.is(row.wrapped_key, null);
  assert.is((await gateway.call('DELETE', `/jobs/${job.id}`, { token })).status, 409);
});

test('a file that no model can examine is refused before a job is made; in a batch its job ends with the reason, and the others with results', async () => {
  const before = (await asked<{ jobs: Job[] }>('GET', '/jobs', 200)).jobs.length;
  assert.is(await codeOf('/infer', 415, formOf([Buffer.from('no image')])), 'image-type-unsupported');
  assert.is(await codeOf('/infer', 422, formOf([greyFile(92).subarray(0, -20)])), 'image-damaged');
  assert.is((await asked<{ jobs: Job[] }>('GET', '/jobs', 200)).jobs.length, before);
  const {
    jobs: [good, bad],
  } = await asked<{ jobs: [Job, Job] }>('POST', '/infer/batch', 202, {
    form: formOf([greyFile(96), Buffer.from('no image')]),
  });
  assert.is((await lastOf(gateway, token, good.id)).state, 'done');
  const { id } = bad;
  const failed = await lastOf(gateway, token, id);
  assert.equal([failed.state, failed.error?.code, failed.attempt], ['failed', 'image-type-unsupported', 1]);
  assert.is((await gateway.call('POST', `/jobs/${id}/retry`, { token })).status, 409, 'its file is gone');
});

test('a batch is accepted whole, or not at all', async () => {
  const { jobs } = await asked<{ jobs: Job[] }>('POST', '/infer/batch', 202, {
    form: formOf([greyFile(93), greyFile(94), greyFile(95)]),
  });
  assert.equal(
    (await Promise.all(jobs.map(({ id }) => lastOf(gateway, token, id)))).map(({ state }) => state),
    ['done', 'done', 'done'],
  );
  const before = (await asked<{ jobs: Job[] }>('GET', '/jobs', 200)).jobs.length;
  assert.is(
    await codeOf('/infer/batch', 413, formOf(Array.from({ length: 33 }, () => greyFile(1)))),
    'too-many-inputs',
  );
  assert.is((await asked<{ jobs: Job[] }>('GET', '/jobs', 200)).jobs.length, before);
});

test('an image that somebody waits for is answered beside a batch that is still on its way', async () => {
  const form = new Response(formOf([greyFile(97), greyFile(98)]));
  const bytes = new Uint8Array(await form.arrayBuffer());
  const begun = Promise.withResolvers<void>();
  const rest = Promise.withResolvers<void>();
  const parts = [bytes.subarray(0, 10), bytes.subarray(10)];
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        controller.enqueue(parts.shift()!);
        begun.resolve();
        await rest.promise;
        if (parts.length === 0) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  const headers = { authorization: `Bearer ${token}`, 'content-type': form.headers.get('content-type')! };
  const batch = gateway.api.request('http://localhost/infer/batch', {
    ...{ method: 'POST', headers, body, duplex: 'half' },
  } as RequestInit);
  await begun.promise;
  await asked('POST', '/predict', 200, { form: formOf([greyFile(99)]) });
  rest.resolve();
  const taken = await batch;
  assert.is(taken.status, 202);
  const { jobs } = (await taken.json()) as { jobs: Job[] };
  // The results of jobs that are under way would come between the pages of others.
  for (const { id } of jobs) assert.is((await lastOf(gateway, token, id)).state, 'done');
});

test('a technician does not see jobs and results of others, a radiologist does', async () => {
  const [{ id }] = (await asked<{ jobs: Job[] }>('GET', '/jobs', 200)).jobs as [Job];
  const { results } = await asked<{ results: Result[] }>('GET', '/results', 200);
  const other = (await gateway.userWith(['technician', 'researcher'])).accessToken;
  for (const path of [`/jobs/${id}`, `/jobs/${id}/events`, `/events?job=${id}`, `/results/${results[0]!.id}`])
    assert.is((await gateway.call('GET', path, { token: other })).status, 404, path);
  assert.is((await gateway.call('DELETE', `/jobs/${id}`, { token: other })).status, 404);
  assert.equal(await (await gateway.call('GET', '/results', { token: other })).json(), {
    results: [],
    next: null,
  });
  const radiologist = (await gateway.userWith(['radiologist'])).accessToken;
  for (const path of [`/jobs/${id}`, `/events?job=${id}`, `/results/${results[0]!.id}`]) {
    const answer = await gateway.call('GET', path, { token: radiologist });
    assert.is(answer.status, 200, path);
    await answer.body?.cancel();
  }
});

test('results come by page, and by user, model and period', async () => {
  const pages: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { results: Result[]; next: string | null } = await asked(
      'GET',
      `/results?limit=3${cursor && `&cursor=${cursor}`}`,
      200,
    );
    pages.push(...page.results.map(({ id }) => id));
    cursor = page.next;
  }
  const all = await asked<{ results: Result[] }>('GET', '/results?limit=200', 200);
  assert.equal(
    pages,
    all.results.map(({ id }) => id),
  );
  const count = async (query: string): Promise<number> =>
    (await asked<{ results: Result[] }>('GET', `/results?limit=200&${query}`, 200)).results.length;
  assert.is(await count('model=image-kind'), 1);
  assert.is(await count(`user=${all.results[0]!.requestedBy}`), pages.length);
  assert.is(await count('user=00000000-0000-4000-8000-000000000000'), 0);
  assert.is(await count(`from=${new Date(gateway.now().getTime() + 1).toISOString()}`), 0);
  assert.is(await count('study=2.25.10005011'), 0, 'a file is no study’s');
});

test('a file may come in a form, under any field name, or as the whole body with the parameters in the address', async () => {
  const image = greyFile(97);
  const kind = async (
    headers: Record<string, string>,
    body: FormData | Uint8Array<ArrayBuffer>,
    path = '/predict?model=image-kind',
  ): Promise<string> => {
    const answer = await gateway.api.request(`http://localhost${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, ...headers },
      body,
    });
    const said = (await answer.json()) as Answer & Job & { code?: string };
    return `${answer.status} ${said.code ?? said.model.id}`;
  };
  for (const type of ['image/png', 'application/octet-stream', 'image/jpeg', 'application/dicom'])
    assert.is(await kind({ 'content-type': type }, image), '200 image-kind', 'its bytes say what it is');
  assert.is(
    await kind({ 'content-type': 'application/dicom' }, testFilm({ seed: 504 }).bytes),
    '200 image-kind',
  );
  assert.is(
    await kind({ 'content-type': 'image/png' }, image, '/infer?model=image-kind&priority=0'),
    '202 image-kind',
  );
  const other = new FormData();
  other.append('image', new Blob([image]), 'a name that nobody looks at.png');
  assert.is(await kind({}, other), '200 image-kind');
  assert.is(
    await kind({ 'content-type': 'image/png' }, image, '/predict?model=image-kind&frame=-1'),
    '422 invalid-request',
  );
  assert.is(
    await kind({ 'content-type': 'image/png' }, new Uint8Array(50 * 1024 * 1024 + 1)),
    '413 file-too-large',
  );
  assert.is(await kind({ 'content-type': 'image/png' }, Buffer.from('')), '415 image-type-unsupported');
  assert.is(await kind({ 'content-type': 'text/plain' }, image), '415 unsupported-media-type');
});

test.run();
