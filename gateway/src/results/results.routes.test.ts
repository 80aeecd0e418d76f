import { decodeJwt } from 'jose';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import type { Job, Result } from '#shared/protocol/inference.ts';
import type { Receipt } from '#shared/protocol/receipt.ts';
import { skip } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { sha256 } from '#testing/sha256.ts';
import { decode } from 'fast-png';
import { formOf, lastOf } from '../testing/open-job.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { testFilm } from '../testing/open-subject.ts';
import { openTestPacs, type TestPacs } from '../testing/open-pacs.ts';
import { askOf, evaluationFilm, sendStudy } from '../testing/open-film.ts';

const test = suite('results');
const VERIFICATION_FLAG = 0x0040a493;
const POSITIVE = 'cxr/bacteria-05472.png';
let gateway: TestGateway;
let pacs: TestPacs;
let radiologist: string;
test.before(async () => {
  pacs = openTestPacs();
  gateway = await openTestGateway({ pacs });
  radiologist = (await gateway.userWith(['radiologist'])).accessToken;
});
test.after(() => gateway.close());

async function asked<T>(
  method: string,
  path: string,
  status: number,
  options: Parameters<TestGateway['call']>[2] = {},
): Promise<T> {
  const answer = await gateway.call(method, path, { token: radiologist, ...options });
  const body = (await answer.json()) as T;
  assert.is(answer.status, status, `${method} ${path}: ${JSON.stringify(body).slice(0, 300)}`);
  return body;
}

/**
 * Puts the film into the PACS, has the models look at its study, and waits until what they found is there
 * too.
 */
async function lookedAt(
  { identifiers, bytes }: ReturnType<typeof testFilm>,
  body: object = {},
): Promise<{ job: Job; result: Result }> {
  pacs.held.set(identifiers.sopInstanceUID, {
    study: identifiers.studyInstanceUID,
    bytes: Buffer.from(bytes),
  });
  const { id } = await asked<Job>('POST', '/infer', 202, {
    body: { model: 'pneumonia', studyInstanceUID: identifiers.studyInstanceUID, ...body },
  });
  const job = await lastOf(gateway, radiologist, id);
  assert.is(job.state, 'done', JSON.stringify(job));
  const result = await asked<Result>('GET', `/results/${job.results[0]}`, 200);
  await until('its instances to be in the PACS', () =>
    result.instances.every(({ sopInstanceUID }) => pacs.held.has(sopInstanceUID)),
  );
  return { job, result };
}

async function verificationFlags(): Promise<string[]> {
  const reports = await Promise.all(
    [...pacs.held.values()].map(async ({ bytes }) => {
      const read = await readInstance(bytesSource(bytes));
      return read.kind === 'ready'
        ? textOf(findElement(read.instance.elements, VERIFICATION_FLAG), read.instance)
        : null;
    }),
  );
  return reports.filter((flag) => flag !== null);
}

test('of a study in the PACS are added to it once, however often they are asked for', async () => {
  const film = testFilm({ seed: 601 });
  const { job, result } = await lookedAt(film);
  assert.equal([job.progress, job.studyInstanceUID], [{ done: 1, of: 1 }, film.identifiers.studyInstanceUID]);
  assert.ok(result.instances.some(({ kind }) => kind === 'SR'));
  assert.is(result.finding.input.sopInstanceUID, film.identifiers.sopInstanceUID);
  const before = pacs.held.size;
  const again = await lookedAt(film);
  assert.equal(
    [again.job.results, pacs.held.size],
    [job.results, before],
    'what models made is not looked at, and nothing is added',
  );
});

test('are for the studies that one reaches: a technician’s own, and none that is not there', async () => {
  const technician = (await gateway.userWith(['technician', 'researcher'])).accessToken;
  const body = { model: 'pneumonia', studyInstanceUID: testFilm({ seed: 601 }).identifiers.studyInstanceUID };
  assert.is(
    (await asked<{ code: string }>('POST', '/infer', 404, { token: technician, body })).code,
    'study-not-found',
  );
  const { id } = await asked<Job>('POST', '/infer', 202, {
    body: { ...body, studyInstanceUID: '1.2.3.4.5' },
  });
  const failed = await lastOf(gateway, radiologist, id);
  assert.equal([failed.state, failed.error?.code, failed.attempt], ['failed', 'study-not-found', 1]);
});

test('of a file belong to no study, whatever its header says, and open nobody’s images', async () => {
  const film = testFilm({ seed: 605 });
  const { studyInstanceUID, sopInstanceUID } = film.identifiers;
  pacs.held.set(sopInstanceUID, { study: studyInstanceUID, bytes: Buffer.from(film.bytes) });
  const token = (await gateway.userWith(['technician'])).accessToken;
  for (const [at, bytes] of [testFilm({ seed: 605, rows: 100 }).bytes, film.bytes].entries()) {
    const form = formOf([bytes], { model: 'image-kind' });
    const predicted = await gateway.call('POST', '/predict', { token, form });
    assert.is(predicted.status, 200);
    await lastOf(
      gateway,
      token,
      (await asked<Job>('POST', '/infer', 202, { token, form: formOf([bytes], { model: 'lung-fields' }) }))
        .id,
    );
    const { results } = await asked<{ results: Result[] }>('GET', '/results', 200, { token });
    assert.ok(results.length > at);
    for (const { id, finding } of results) {
      assert.is(
        (await asked<{ code: string }>('GET', `/results/${id}/explanations/image`, 410, { token })).code,
        'image-gone',
      );
      assert.is(finding.input.studyInstanceUID, undefined);
    }
  }
  assert.equal(
    (await asked<{ results: Result[] }>('GET', `/results?study=${studyInstanceUID}`, 200)).results,
    [],
  );
  const { result } = await lookedAt(film, { model: 'image-kind' });
  assert.is(result.finding.input.sopInstanceUID, sopInstanceUID, 'the study’s own answer is not the file’s');
});

test('are not had by a promise: who says that something will come for a study reaches nothing of it', async () => {
  const [strangers, own] = [testFilm({ seed: 606 }), testFilm({ seed: 607, ofStudy: 606 })];
  const { studyInstanceUID, ...identifiers } = own.identifiers;
  const { result } = await lookedAt(strangers);
  for (const [roles, policy] of [
    [['technician'], 'identified'],
    [['researcher'], 'deidentified'],
  ] as const) {
    const token = (await gateway.userWith(roles)).accessToken;
    const { transferSyntaxUID, bytes } = own;
    const body = {
      protocolVersion: 1,
      policy: { name: policy, version: 1 },
      studyInstanceUID,
      instances: [
        {
          ...identifiers,
          sopInstanceUID: `${identifiers.sopInstanceUID}.${roles.join().length}`,
          transferSyntaxUID,
          bytes: bytes.length,
          digest: 'a'.repeat(64),
        },
      ],
    };
    assert.is((await gateway.call('POST', '/upload/init', { token, body })).status, 200);
    await asked('POST', '/infer', 404, { token, body: { model: 'pneumonia', studyInstanceUID } });
    for (const path of ['', '/explanations/image'])
      await asked('GET', `/results/${result.id}${path}`, 404, { token });
    assert.equal(await asked('GET', '/results', 200, { token }), { results: [], next: null });
  }
});

test('are agreed to or corrected by a radiologist: the report is verified as a new version, and who comes too late is told', async () => {
  const { result } = await lookedAt(testFilm({ seed: 602 }));
  const flags = await verificationFlags();
  const said = { verdict: 'correct', finding: 'viral pneumonia', reason: 'PLANTED words of a person' };
  const verified = await asked<Result>('POST', `/results/${result.id}/verify`, 200, {
    body: said,
    headers: { 'if-match': '"1"' },
  });
  assert.equal(
    [
      verified.revision,
      verified.verification?.verdict,
      verified.verification?.finding,
      verified.verification?.reason,
    ],
    [2, 'correct', 'viral pneumonia', said.reason],
  );
  assert.is(
    (
      await asked<{ code: string }>('POST', `/results/${result.id}/verify`, 409, {
        body: { verdict: 'agree' },
        headers: { 'if-match': '"1"' },
      })
    ).code,
    'result-changed',
  );
  await until(
    'the verified report to be in the PACS',
    async () => (await verificationFlags()).length > flags.length,
  );
  assert.equal((await verificationFlags()).filter((flag) => flag === 'VERIFIED').length, 1);
  const list = await asked<{ results: Result[] }>('GET', '/results', 200);
  assert.not.match(JSON.stringify(list), 'PLANTED', 'what a person wrote is in no list');
  const rows = await gateway.database.db.selectFrom('inference_result').selectAll().execute();
  assert.not.match(
    JSON.stringify(rows) + Buffer.concat(rows.flatMap((row) => row.sealed_reason ?? [])).toString('latin1'),
    'PLANTED',
    'nor readable in the database',
  );
  for (const body of [{ verdict: 'correct' }, { verdict: 'agree', finding: 'normal' }])
    await asked('POST', `/results/${result.id}/verify`, 422, { body });
});

test('asked for again with other parameters are another answer, and nothing more in the PACS; each is verified by itself', async () => {
  const film = testFilm({ seed: 610 });
  const { result: first } = await lookedAt(film);
  const before = pacs.held.size;
  const { result: second } = await lookedAt(film, {
    parameters: { threshold: 0.5, steps: 8, explain: ['image', 'integrated-gradients'] },
  });
  assert.is.not(second.id, first.id);
  const uidsOf = ({ instances }: Result) => instances.map(({ sopInstanceUID }) => sopInstanceUID);
  assert.equal([uidsOf(second), pacs.held.size], [uidsOf(first), before]);
  for (const { id } of [first, second])
    await asked('POST', `/results/${id}/verify`, 200, { body: { verdict: 'agree' } });
  const reports = async () =>
    Promise.all(
      [first, second].map(async ({ id }) =>
        (await asked<Result>('GET', `/results/${id}`, 200)).instances.filter(({ kind }) => kind === 'SR'),
      ),
    );
  const both = await until('both reports to have a verified version', async () =>
    (await reports()).every(({ length }) => length === 2) ? reports() : null,
  );
  assert.is(
    new Set(both.flat().map(({ sopInstanceUID }) => sopInstanceUID)).size,
    3,
    'one that both follow, and one for each',
  );
});

test('are verified once by two who say it in the same moment: the other is told', async () => {
  const { result } = await lookedAt(testFilm({ seed: 611 }));
  const say = () =>
    gateway.call('POST', `/results/${result.id}/verify`, {
      token: radiologist,
      body: { verdict: 'agree' },
      headers: { 'if-match': '"1"' },
    });
  const answers = await Promise.all([say(), say()]);
  assert.equal(answers.map(({ status }) => status).sort(), [200, 409]);
  assert.is((await asked<Result>('GET', `/results/${result.id}`, 200)).revision, 2);
});

test('verified where something else has the report’s UID say so, and are not tried for ever', async () => {
  const film = testFilm({ seed: 612 });
  const { db } = gateway.database;
  const { result } = await lookedAt(film);
  await asked('POST', `/results/${result.id}/verify`, 200, { body: { verdict: 'agree' } });
  const verified = async () =>
    (await asked<Result>('GET', `/results/${result.id}`, 200)).instances.filter(
      ({ kind }) => kind === 'SR',
    )[1];
  const { sopInstanceUID } = (await until('the verified report', async () =>
    (await verified())?.state === 'stored' ? verified() : null,
  )) as Result['instances'][number];
  // As if somebody had sent other bytes under it before.
  await db
    .updateTable('instance')
    .set({ digest: 'f'.repeat(64), policy_name: 'identified' })
    .where('sop_instance_uid', '=', sopInstanceUID)
    .execute();
  await db.deleteFrom('result_instance').where('result_id', '=', result.id).execute();
  await lookedAt(film);
  assert.equal(
    await until('the report to be given up', async () =>
      (await verified())?.state === 'refused' ? verified() : null,
    ),
    { ...(await verified()), sopInstanceUID },
  );
  assert.ok(
    gateway.lines.some(
      ({ event, because }) => event === 'verified-report-left-out' && because === 'conflicting-instance',
    ),
  );
  assert.not.ok(
    gateway.lines.some(({ event, queue }) => event === 'job-failed' && queue === 'verified-report'),
  );
});

test('are read for research where the study came de-identified, and nowhere else', async () => {
  const researcher = (await gateway.userWith(['researcher'])).accessToken;
  const technician = (await gateway.userWith(['technician'])).accessToken;
  const films = [testFilm({ seed: 613 }), testFilm({ seed: 614 })] as const;
  const found: Result[] = [];
  for (const film of films) {
    await sendStudy(askOf(gateway), technician, [film]);
    await until('it to be in the PACS', () => pacs.held.has(film.identifiers.sopInstanceUID));
    found.push((await lookedAt(film)).result);
  }
  const [deidentified, identified] = found as [Result, Result];
  // What a device sends under that policy is proven elsewhere; here it is enough that it came under it.
  await gateway.database.db
    .updateTable('instance')
    .set({ policy_name: 'deidentified' })
    .where('sop_instance_uid', '=', films[0].identifiers.sopInstanceUID)
    .execute();
  const { results } = await asked<{ results: Result[] }>('GET', '/results', 200, { token: researcher });
  assert.equal(
    results.map(({ id }) => id),
    [deidentified.id],
  );
  await asked('GET', `/results/${deidentified.id}`, 200, { token: researcher });
  for (const path of ['', '/explanations/image'])
    await asked('GET', `/results/${identified.id}${path}`, 404, { token: researcher });
  await asked('POST', '/infer', 404, {
    token: researcher,
    body: { model: 'pneumonia', studyInstanceUID: films[1].identifiers.studyInstanceUID },
  });
});

test('are had by who sent what was looked at, of that alone', async () => {
  const own = testFilm({ seed: 609, ofStudy: 608 });
  const { studyInstanceUID } = own.identifiers;
  const { result } = await lookedAt(testFilm({ seed: 608 }));
  const sender = (await gateway.userWith(['technician'])).accessToken;
  await sendStudy(askOf(gateway), sender, [own]);
  await until(
    'it to be in the PACS',
    async () =>
      (
        await gateway.call('POST', '/infer', {
          token: sender,
          body: { model: 'image-kind', studyInstanceUID },
        })
      ).status === 202,
  );
  const [{ id }] = (await asked<{ jobs: Job[] }>('GET', '/jobs', 200, { token: sender })).jobs as [Job];
  const done = await lastOf(gateway, sender, id);
  assert.equal([done.state, done.progress], ['done', { done: 1, of: 1 }]);
  const { results } = await asked<{ results: Result[] }>('GET', '/results', 200, { token: sender });
  assert.equal(
    results.map(({ finding }) => finding.input.sopInstanceUID),
    [own.identifiers.sopInstanceUID],
    'of what others sent for the study nothing',
  );
  assert.is(
    (await gateway.call('GET', `/results/${results[0]!.id}/explanations/image`, { token: sender })).status,
    200,
  );
  await asked('GET', `/results/${result.id}`, 404, { token: sender });
  await asked('POST', `/results/${results[0]!.id}/verify`, 200, {
    body: { verdict: 'correct', finding: 'normal', reason: 'PLANTED words of a person' },
  });
  const { verification } = await asked<Result>('GET', `/results/${results[0]!.id}`, 200, { token: sender });
  assert.equal(
    [verification?.verdict, verification?.reason, verification?.by],
    ['correct', undefined, '00000000-0000-0000-0000-000000000000'],
    'not who said it, nor in which words',
  );
  const reports = async (token: string) =>
    (await asked<Result>('GET', `/results/${results[0]!.id}`, 200, { token })).instances.filter(
      ({ kind }) => kind === 'SR',
    );
  const [first, verified] = await until('the verified report to be on its way', async () => {
    const all = await reports(radiologist);
    return all.length === 2 && pacs.held.has(all[1]!.sopInstanceUID) && all;
  });
  assert.equal(
    (await reports(sender)).map(({ sopInstanceUID }) => sopInstanceUID),
    [first!.sopInstanceUID],
  );
  const read = async ({ sopInstanceUID }: Result['instances'][number]) =>
    (await gateway.call('GET', `/results/${results[0]!.id}/instances/${sopInstanceUID}`, { token: sender }))
      .status;
  assert.equal([await read(first!), await read(verified!)], [200, 404], 'nor in the report that says it');
});

test('verified before the report is on its way are verified in the PACS all the same, when it is', async () => {
  const film = testFilm({ seed: 605 });
  const { result } = await lookedAt(film);
  const verifiedOnes = async (): Promise<number> =>
    (await verificationFlags()).filter((flag) => flag === 'VERIFIED').length;
  const before = await verifiedOnes();
  await gateway.database.db.deleteFrom('result_instance').where('result_id', '=', result.id).execute();
  await asked('POST', `/results/${result.id}/verify`, 200, {
    body: { verdict: 'agree' },
    headers: { 'if-match': '"1"' },
  });
  const metrics = async () => (await gateway.call('GET', '/metrics', { token: radiologist })).text();
  await until(
    'nothing to wait in the queue of verified reports',
    async () => !/queue="verified-report",state="\w+"\} [1-9]/.test(await metrics()),
  );
  assert.is(await verifiedOnes(), before);
  await lookedAt(film);
  await until('the verified report to be in the PACS', async () => (await verifiedOnes()) === before + 1);
});

test('show the image as the PACS has it; where the PACS is away or has it no more, that is said', async () => {
  const film = testFilm({ seed: 603, rows: 1200, columns: 700 });
  const { result } = await lookedAt(film);
  const image = await gateway.call('GET', `/results/${result.id}/explanations/image`, { token: radiologist });
  assert.equal([image.status, image.headers.get('content-type')], [200, 'image/png']);
  const { width, height } = decode(new Uint8Array(await image.arrayBuffer()));
  assert.equal([width, height], [597, 1024]);
  assert.is(
    (await asked<{ code: string }>('GET', `/results/${result.id}/explanations/cam`, 404)).code,
    'no-explanation',
  );
  pacs.lie = 'down';
  assert.is(
    (await asked<{ code: string }>('GET', `/results/${result.id}/explanations/image`, 502)).code,
    'pacs-unreachable',
  );
  pacs.lie = 'honest';
  pacs.held.delete(film.identifiers.sopInstanceUID);
  assert.is(
    (await asked<{ code: string }>('GET', `/results/${result.id}/explanations/image`, 410)).code,
    'image-gone',
  );
});

test('are read back from the PACS byte for byte; what it has no more, or while it is away, is said', async () => {
  const film = testFilm({ seed: 620 });
  const { result } = await lookedAt(film);
  const [report] = result.instances.filter(({ kind }) => kind === 'SR') as [Result['instances'][number]];
  const path = `/results/${result.id}/instances/${report.sopInstanceUID}`;
  const answer = await gateway.call('GET', path, { token: radiologist });
  assert.equal(
    [answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')],
    [200, 'application/dicom', 'private, max-age=0, no-store'],
  );
  const bytes = Buffer.from(await answer.arrayBuffer());
  assert.ok(bytes.equals(pacs.held.get(report.sopInstanceUID)!.bytes));
  const code = async (status: number, of: string, token = radiologist) =>
    (await asked<{ code: string }>('GET', of, status, { token })).code;
  assert.is(
    await code(404, `/results/${result.id}/instances/${film.identifiers.sopInstanceUID}`),
    'not-found',
    'the image is none of them',
  );
  assert.is(
    await code(404, path, (await gateway.userWith(['technician', 'researcher'])).accessToken),
    'not-found',
  );
  assert.is(await code(403, path, (await gateway.userWith(['auditor'])).accessToken), 'not-allowed');
  pacs.lie = 'down';
  assert.is(await code(502, path), 'pacs-unreachable');
  pacs.lie = 'honest';
  pacs.held.delete(report.sopInstanceUID);
  assert.is(await code(404, path), 'study-not-found');
});

test('name the receipt that lists them, and the digest that it lists', async () => {
  const film = testFilm({ seed: 621 });
  const {
    result: { id },
  } = await lookedAt(film);
  const instances = await until('a receipt to name them', async () => {
    const { instances: now } = await asked<Result>('GET', `/results/${id}`, 200);
    return now.every(({ receipt }) => receipt !== null) && now;
  });
  for (const { sopInstanceUID, digest, receipt } of instances) {
    const row = await gateway.database.db
      .selectFrom('receipt')
      .select('jws')
      .where('id', '=', receipt!.id)
      .executeTakeFirstOrThrow();
    const listed = decodeJwt<Receipt>(row.jws).instances.find((one) => one.sopInstanceUID === sopInstanceUID);
    assert.equal([listed?.digest, sha256(pacs.held.get(sopInstanceUID)!.bytes)], [digest, digest]);
  }
});

test('say who asked and who verified by name to who may know it: an administrator, and each of themselves', async () => {
  const {
    result: { id, requestedByName },
  } = await lookedAt(testFilm({ seed: 622 }));
  await asked('POST', `/results/${id}/verify`, 200, {
    body: { verdict: 'agree' },
    headers: { 'if-match': '"1"' },
  });
  const names = async (token: string) => {
    const { requestedByName: asker, verification } = await asked<Result>('GET', `/results/${id}`, 200, {
      token,
    });
    return [asker, verification?.byName];
  };
  const { username } = await gateway.database.db
    .selectFrom('account')
    .select('username')
    .where('username', '=', requestedByName ?? '')
    .executeTakeFirstOrThrow();
  assert.equal(await names(radiologist), [username, username]);
  assert.equal(await names((await gateway.userWith(['admin'])).accessToken), [username, username]);
  assert.equal(await names((await gateway.userWith(['radiologist'])).accessToken), [undefined, undefined]);
  const { results } = await asked<{ results: Result[] }>('GET', '/results', 200, {
    token: (await gateway.userWith(['auditor'])).accessToken,
  });
  assert.is(results.find((one) => one.id === id)?.verification?.byName, username);
});

test('of a chest film have a report, a segmentation, a heat map, and maps to lay over it', async () => {
  const film = await evaluationFilm(POSITIVE, 604);
  if (film === null) skip('results of a chest film', 'the evaluation set is not there');
  const { result } = await lookedAt(film, {
    parameters: { explain: ['image', 'cam', 'integrated-gradients', 'lung-fields'] },
  });
  assert.is(result.finding.population, 'inside');
  assert.ok(result.finding.score! > result.finding.threshold!);
  assert.equal(result.instances.map(({ kind }) => kind).sort(), ['SC', 'SEG', 'SR']);
  for (const method of ['cam', 'integrated-gradients', 'lung-fields']) {
    const answer = await gateway.call('GET', `/results/${result.id}/explanations/${method}`, {
      token: radiologist,
    });
    const { width, height, channels, data } = decode(new Uint8Array(await answer.arrayBuffer()));
    assert.equal(
      [answer.status, width, height, channels],
      [200, result.finding.input.columns, result.finding.input.rows, 4],
      method,
    );
    assert.ok(
      data.some((value, at) => at % 4 === 3 && value > 0),
      `${method} shows something`,
    );
  }
});

test.run();
