/**
 * Jobs when something goes wrong: a model that hangs or crashes, a caller who has changed their mind, a
 * gateway that stops.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ProblemDetails } from '#shared/protocol/api.ts';
import type { Job } from '#shared/protocol/inference.ts';
import { PATIENCE_MS } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { openTestDatabase, testDatabases } from '../testing/open-database.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { createTestEngine, followed, formOf, greyFile, lastOf } from '../testing/open-job.ts';

const test = suite('inference jobs');

async function begin(
  gateway: TestGateway,
  token: string,
  value: number,
  fields: Readonly<Record<string, string>> = {},
): Promise<Job> {
  const answer = await gateway.call('POST', '/infer', { token, form: formOf([greyFile(value)], fields) });
  assert.is(answer.status, 202);
  return (await answer.json()) as Job;
}
/** The outcomes for which images were counted. */
async function outcomesOf(gateway: TestGateway, token: string): Promise<string[]> {
  const text = await (await gateway.call('GET', '/metrics', { token })).text();
  return [...text.matchAll(/^relaypacs_inference_seconds_count\{.*outcome="([\w-]+)"/gm)].map(
    ([, outcome = '']) => outcome,
  );
}
const codeOf = async (answer: Response): Promise<string> => ((await answer.json()) as ProblemDetails).code;

test('a job that hangs is ended by its time-out and tried again a limited number of times; uploads and other jobs are not held up', async () => {
  const engine = createTestEngine();
  const gateway = await openTestGateway({ engine });
  const { accessToken: token } = await gateway.signIn();
  engine.conduct = 'hangs';
  const { id } = await begin(gateway, token, 10, { timeoutSeconds: '1' });
  await until('it to run', () => engine.inputs.length > 0);
  assert.is((await gateway.call('GET', '/health/ready')).status, 200);
  const said = await followed(gateway, token, id);
  const last = said.at(-1)!;
  assert.equal([last.state, last.error?.code, last.attempt], ['failed', 'inference-timeout', 3]);
  assert.ok(
    said.some(({ state, error, attempt }) => state === 'queued' && error !== null && attempt > 0),
    'each attempt is seen',
  );
  await gateway.close();
});

/** The time-outs that `work` asks for, in milliseconds. */
async function timeOutsOf(work: (timeOuts: readonly number[]) => Promise<void>): Promise<void> {
  const { timeout } = AbortSignal;
  const timeOuts: number[] = [];
  AbortSignal.timeout = (ms) => {
    timeOuts.push(ms);
    return timeout.call(AbortSignal, ms);
  };
  await work(timeOuts).finally(() => {
    AbortSignal.timeout = timeout;
  });
}

test('a caller’s time runs from the engine’s start, for as long as the caller says', async () => {
  const engine = createTestEngine();
  const started = Promise.withResolvers<void>();
  const waits = Promise.withResolvers<void>();
  const gateway = await openTestGateway({ engine });
  const { accessToken: token } = await gateway.signIn();
  engine.start = () => {
    waits.resolve();
    return started.promise;
  };
  await timeOutsOf(async (timeOuts) => {
    const form = formOf([greyFile(51)], { timeoutSeconds: '241' });
    const answer = gateway.call('POST', '/predict', { token, form });
    await waits.promise;
    assert.not.ok(timeOuts.includes(241_000));
    started.resolve();
    assert.is((await answer).status, 200);
    assert.ok(timeOuts.includes(241_000));
  });
  await gateway.close();
});

test('an image that is not answered in time is refused with that reason, and the next one is answered', async () => {
  const engine = createTestEngine();
  const inferencePatience = { answerMs: 50, backOffSeconds: [] };
  const gateway = await openTestGateway({ engine, inferencePatience });
  const { accessToken: token } = await gateway.signIn();
  engine.conduct = 'hangs';
  const late = await gateway.call('POST', '/predict', { token, form: formOf([greyFile(50)]) });
  assert.equal([late.status, await codeOf(late)], [504, 'inference-timeout']);
  inferencePatience.answerMs = PATIENCE_MS;
  engine.conduct = 'answers';
  assert.is((await gateway.call('POST', '/predict', { token, form: formOf([greyFile(50)]) })).status, 200);
  await gateway.close();
});

for (const { name, open } of testDatabases('inference jobs'))
  test(`a crashed job is tried again, and succeeds if the crash was not its own fault, on ${name}`, async () => {
    const engine = createTestEngine();
    const gateway = await openTestGateway({ engine, open });
    const { accessToken: token } = await gateway.signIn();
    engine.faultsFirst = ['model-crashed'];
    const { id } = await begin(gateway, token, 20);
    const last = await lastOf(gateway, token, id);
    assert.equal([last.state, last.error, last.attempt, last.results.length], ['done', null, 2, 1]);
    assert.ok(gateway.lines.some(({ event }) => event === 'inference-failed'));
    engine.conduct = 'model-crashed';
    const predicted = await gateway.call('POST', '/predict', { token, form: formOf([greyFile(21)]) });
    assert.equal([predicted.status, await codeOf(predicted)], [502, 'model-crashed']);
    await gateway.close();
  });

test('a job is cancelled: one that waits at once, one that runs in a moment; the jobs behind it continue, the most urgent first', async () => {
  const engine = createTestEngine();
  const gateway = await openTestGateway({ engine });
  const { accessToken: token } = await gateway.signIn();
  engine.conduct = 'hangs';
  const running = await begin(gateway, token, 30);
  await until('the first one to run', () => engine.inputs.length > 0);
  const waiting = [
    await begin(gateway, token, 31),
    await begin(gateway, token, 32, { priority: '-5' }),
    await begin(gateway, token, 33, { priority: '5' }),
  ];
  const cancel = async (id: string): Promise<Job> =>
    (await (await gateway.call('DELETE', `/jobs/${id}`, { token })).json()) as Job;
  assert.is((await cancel(waiting[0]!.id)).state, 'cancelled');
  engine.conduct = 'answers';
  assert.is((await cancel(running.id)).state, 'cancelled');
  for (const { id } of waiting.slice(1)) assert.is((await lastOf(gateway, token, id)).state, 'done');
  assert.is((await lastOf(gateway, token, running.id)).state, 'cancelled');
  const order = engine.inputs.filter((value, at) => engine.inputs.indexOf(value) === at && value <= 33);
  assert.equal(order, [30, 33, 32]);
  await until('the cancelled run to be counted as what it is', async () =>
    (await outcomesOf(gateway, token)).includes('called-off'),
  );
  assert.not.ok((await outcomesOf(gateway, token)).includes('inference-timeout'));
  assert.not.ok(
    gateway.lines.some(({ event }) => event === 'inference-failed'),
    'nothing failed',
  );
  await gateway.close();
});

test('a caller that hangs up is told apart from an answer that comes too late, and from a fault', async () => {
  const engine = createTestEngine();
  const gateway = await openTestGateway({ engine });
  const { accessToken: token } = await gateway.signIn();
  engine.conduct = 'hangs';
  const caller = new AbortController();
  const request = {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: formOf([greyFile(51)]),
    signal: caller.signal,
  };
  const asking = gateway.api.request('http://localhost/predict', request);
  await until('it to run', () => engine.inputs.length > 0);
  caller.abort();
  assert.is(await codeOf(await asking), 'called-off');
  assert.equal(await outcomesOf(gateway, token), ['called-off']);
  const cut = new ReadableStream({ pull: (controller) => controller.error(new Error('the socket ended')) });
  const headers = { ...request.headers, 'content-type': 'multipart/form-data; boundary=b' };
  assert.is(
    await codeOf(
      await gateway.api.request('http://localhost/infer/batch', {
        ...request,
        headers,
        body: cut,
        duplex: 'half',
      } as RequestInit),
    ),
    'called-off',
    'while it sent',
  );
  assert.not.ok(gateway.lines.some(({ event }) => event === 'unexpected-error'));
  assert.is(gateway.lines.findLast(({ route }) => route === '/predict')?.['code'], 'called-off');
  await gateway.close();
});

test('a gateway that stops midway leaves its job to the next one; the result is there once', async () => {
  const database = await openTestDatabase();
  const open = async () => ({ ...database, close: async () => undefined });
  // Gateways that follow each other share their data directory.
  const env = { RELAY_DATA_DIR: mkdtempSync(join(tmpdir(), 'relaypacs-jobs-')) };
  const engine = createTestEngine();
  engine.conduct = 'hangs';
  const pace = { pollSeconds: 0.5, retryDelayLimitSeconds: 0 };
  const first = await openTestGateway({ engine, open, env, pace });
  const { id } = await begin(first, (await first.signIn()).accessToken, 40);
  await until('it to run', () => engine.inputs.length > 0);
  await first.stop();
  engine.conduct = 'answers';
  const second = await openTestGateway({ engine, open, env, pace });
  const last = await lastOf(second, (await second.signIn()).accessToken, id);
  assert.equal([last.state, last.attempt, last.results.length], ['done', 1, 1]);
  assert.is((await database.db.selectFrom('inference_result').select('id').execute()).length, 1);
  await second.stop();
  await first.close();
  await database.close();
  rmSync(env.RELAY_DATA_DIR, { recursive: true });
});

test.run();
