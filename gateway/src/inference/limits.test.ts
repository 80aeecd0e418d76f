/** The limits of one account: open jobs, the time for a form, and how long the rows of a job are kept. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Job, Result } from '#shared/protocol/inference.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { until } from '#testing/gateway-under-test.ts';
import { testDatabases } from '../testing/open-database.ts';
import { openTestGateway } from '../testing/open-gateway.ts';
import { testFilm } from '../testing/open-subject.ts';
import { openFileBlobs } from '../ports/blobs/file-blobs.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { createInputStore } from './input-store.ts';
import { createTestEngine, formOf, greyFile, lastOf } from '../testing/open-job.ts';
import { readFiles } from './read-form.ts';
import { JOBS_KEPT_DAYS, removeOutdated } from './remove-outdated.ts';

const test = suite('limits of inference');
const codeOf = async (answer: Response): Promise<string> => ((await answer.json()) as { code: string }).code;

for (const { name, open } of testDatabases('open jobs'))
  test(`an account has at most 256 open jobs, even if it asks twice at the same moment; others are not held up, on ${name}`, async () => {
    const engine = createTestEngine();
    const pacs = openTestPacs();
    const gateway = await openTestGateway({ engine, pacs, open });
    const film = testFilm({ seed: 801 });
    pacs.held.set(film.identifiers.sopInstanceUID, {
      study: film.identifiers.studyInstanceUID,
      bytes: Buffer.from(film.bytes),
    });
    // The first job holds up all others: they wait in line.
    engine.conduct = 'hangs';
    const token = (await gateway.userWith(['radiologist'])).accessToken;
    const batch = (from: number, count: number, caller = token) =>
      gateway.call('POST', '/infer/batch', {
        token: caller,
        body: { model: 'pneumonia', studies: Array.from({ length: count }, (_, at) => `2.25.${from + at}`) },
      });
    const first = await gateway.call('POST', '/infer', {
      token,
      body: { model: 'pneumonia', studyInstanceUID: film.identifiers.studyInstanceUID, priority: 1 },
    });
    await until('it to run', () => engine.inputs.length > 0);
    const {
      jobs: [calledOff],
    } = (await (await batch(7000, 1)).json()) as { jobs: Job[] };
    assert.is((await gateway.call('DELETE', `/jobs/${calledOff!.id}`, { token })).status, 200);
    assert.is((await batch(1000, 100)).status, 202);
    const crossing = await Promise.all([batch(2000, 100), batch(3000, 100)]);
    assert.equal(crossing.map(({ status }) => status).sort(), [202, 429]);
    assert.is((await batch(4000, 55)).status, 202);
    const refused = await batch(5000, 1);
    assert.equal(
      [refused.status, refused.headers.get('retry-after'), await codeOf(refused)],
      [429, '15', 'rate-limited'],
    );
    assert.is(
      (await gateway.call('POST', `/jobs/${calledOff!.id}/retry`, { token })).status,
      429,
      'one that is run again needs a place too',
    );
    assert.is((await batch(6000, 1, (await gateway.userWith(['radiologist'])).accessToken)).status, 202);
    assert.is(
      (await gateway.call('DELETE', `/jobs/${((await first.json()) as Job).id}`, { token })).status,
      200,
    );
    await until('a place to be free', async () => (await batch(5000, 1)).status === 202);
    await gateway.close();
  });

/** A form of which nothing comes before `finish`. */
async function heldForm(): Promise<{
  readonly request: RequestInit;
  readonly begun: Promise<void>;
  finish(): void;
}> {
  const whole = new Response(formOf([greyFile(60)]));
  const bytes = new Uint8Array(await whole.arrayBuffer());
  const type = whole.headers.get('content-type')!;
  const begun = Promise.withResolvers<void>();
  const ending = Promise.withResolvers<void>();
  const body = new ReadableStream(
    {
      async pull(controller) {
        begun.resolve();
        await ending.promise;
        controller.enqueue(bytes);
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  const headers = { 'content-type': type, 'content-length': String(bytes.length) };
  const request = { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
  return { request, begun: begun.promise, finish: ending.resolve };
}

test('files that come slowly hold up nobody, their own account neither', async () => {
  const gateway = await openTestGateway({ engine: createTestEngine() });
  const token = (await gateway.userWith(['technician'])).accessToken;
  const send = (path: string, request: RequestInit) =>
    gateway.api.request(`http://localhost${path}`, {
      ...request,
      headers: { ...(request.headers as Record<string, string>), authorization: `Bearer ${token}` },
    });
  const order: string[] = [];
  const held: { readonly answer: Promise<Response>; finish(): void }[] = [];
  for (const path of ['/predict', '/infer']) {
    const form = await heldForm();
    held.push({
      answer: Promise.resolve(send(path, form.request)).finally(() => order.push(path)),
      finish: form.finish,
    });
    await form.begun;
  }
  const batch = await heldForm();
  held.push({ answer: Promise.resolve(send('/infer/batch', batch.request)), finish: batch.finish });
  await batch.begun;
  const third = await gateway.call('POST', '/predict', { token, form: formOf([greyFile(61)]) });
  const other = await gateway.call('POST', '/predict', {
    token: (await gateway.userWith(['technician'])).accessToken,
    form: formOf([greyFile(62)]),
  });
  assert.equal([third.status, other.status, order], [200, 200, []]);
  for (const { finish } of held) finish();
  assert.equal(
    (await Promise.all(held.map(({ answer }) => answer))).map(({ status }) => status),
    [200, 202, 202],
  );
  await gateway.close();
});

test('a form that stalls, or never ends, is refused', async () => {
  const still = new ReadableStream<Uint8Array>();
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) yield await new Promise<Uint8Array>((resolve) => setImmediate(resolve, Buffer.from('x')));
  };
  const read = (body: AsyncIterable<Uint8Array>, times: { quietMs: number; totalMs: number }) =>
    readFiles(
      { contentType: 'multipart/form-data; boundary=b', query: {}, body },
      1,
      async () => undefined,
      times,
    ).then(
      () => 'read',
      (error: unknown) => (error instanceof Problem ? error.code : String(error)),
    );
  assert.is(await read(still, { quietMs: 1, totalMs: 3_600_000 }), 'bad-request');
  assert.is(await read(endless(), { quietMs: 3_600_000, totalMs: 1 }), 'bad-request');
});

test('an input without a job is deleted an hour after it was found, one with a job stays', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'relaypacs-inputs-'));
  const inputs = createInputStore(
    await openFileBlobs(join(folder, 'blobs')),
    randomBytes(32),
    join(folder, 'keys'),
  );
  const bytes = Buffer.from('an image');
  const lost = await inputs.keep('lost', [bytes]);
  const kept = await inputs.keep('kept', [bytes]);
  const open = new Map([['kept', kept.wrappedKey]]);
  const has = async (id: string, { wrappedKey }: { readonly wrappedKey: Uint8Array }) =>
    (await inputs.read(id, wrappedKey, bytes.length)) !== null;
  // The sweep comes every ten minutes.
  for (let minutes = 0; minutes < 60; minutes += 10) await inputs.sweep(open);
  assert.equal([await has('lost', lost), await has('kept', kept)], [true, true]);
  await inputs.sweep(open);
  assert.equal([await has('lost', lost), await has('kept', kept)], [false, true]);
  rmSync(folder, { recursive: true });
});

test('a job is kept for 90 days after its end; its result, and who asked for it, for ever', async () => {
  const gateway = await openTestGateway({ engine: createTestEngine() });
  const { user, accessToken: token } = await gateway.userWith(['technician']);
  const { id } = (await (
    await gateway.call('POST', '/infer', { token, form: formOf([greyFile(62)]) })
  ).json()) as Job;
  const {
    results: [resultId],
  } = await lastOf(gateway, token, id);
  const inputs = { sweep: async () => undefined } as never;
  const keptUp = async () => {
    await removeOutdated({ db: gateway.database.db, inputs, now: gateway.now });
    return (await gateway.call('GET', `/jobs/${id}`, { token: (await gateway.signIn()).accessToken })).status;
  };
  gateway.wait(JOBS_KEPT_DAYS * 86_400_000);
  assert.is(await keptUp(), 200);
  gateway.wait(1);
  assert.is(await keptUp(), 404);
  const admin = (await gateway.signIn()).accessToken;
  const result = (await (
    await gateway.call('GET', `/results/${resultId}`, { token: admin })
  ).json()) as Result;
  assert.equal([result.jobId, result.requestedBy], [null, user.id]);
  await gateway.close();
});

test.run();
