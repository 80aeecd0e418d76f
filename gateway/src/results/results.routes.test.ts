import { decodeJwt } from 'jose';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import {
  MAY_HOLD_NAME_HEADER,
  type Job,
  type Result,
  type ResultPreview,
} from '#shared/protocol/inference.ts';
import type { ManifestAnswer } from '#shared/protocol/manifest.ts';
import type { Receipt } from '#shared/protocol/receipt.ts';
import { skip } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { sha256 } from '#testing/sha256.ts';
import { decode } from 'fast-png';
import { formOf, lastOf } from '../testing/open-job.ts';
import { ask, lookAtFilm, seeImage } from '../testing/look-at-film.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { testFilm } from '../testing/open-subject.ts';
import { openTestPacs, type TestPacs } from '../testing/open-pacs.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { askOf, evaluationFilm, sendStudy } from '../testing/open-film.ts';

const test = suite('results');
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

/** Asks as the radiologist. */
const asked = <T>(
  method: string,
  path: string,
  status: number,
  options: Parameters<TestGateway['call']>[2] = {},
): Promise<T> => ask<T>({ gateway, pacs, token: radiologist }, method, path, { ...options, status });
const lookedAt = (film: SyntheticInstance, body: object = {}) =>
  lookAtFilm({ gateway, pacs, token: radiologist }, film, body);

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
    'models do not look at their own results, and add nothing',
  );
});

test('are only for studies within reach: a technician’s own, and studies that exist', async () => {
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

test('stay out of reach of an account that has only announced instances of the study', async () => {
  const strangers = testFilm({ seed: 606 });
  const own = testFilm({ seed: 607, ofStudy: 606 });
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

test('stay out of reach of a technician who has the digest of another’s image, and an image of their own in its study', async () => {
  const film = testFilm({ seed: 630 });
  const own = testFilm({ seed: 631, ofStudy: 630 });
  const { studyInstanceUID } = film.identifiers;
  const sender = (await gateway.userWith(['technician'])).accessToken;
  const stranger = (await gateway.userWith(['technician'])).accessToken;
  const receiptOf = (token: string, uploadId: string) =>
    until('a receipt', async () => {
      const answer = await gateway.call('GET', `/upload/${uploadId}/receipt`, { token });
      return answer.ok && decodeJwt<Receipt>(await answer.text());
    });
  await receiptOf(sender, await sendStudy(askOf(gateway), sender, [film]));
  const { result } = await lookedAt(film, { model: 'image-kind' });
  const uploadId = await sendStudy(askOf(gateway), stranger, [own]);
  const { instances } = await receiptOf(stranger, uploadId);
  assert.equal(
    instances.map(({ sopInstanceUID }) => sopInstanceUID),
    [own.identifiers.sopInstanceUID],
  );
  const named = await asked<ManifestAnswer>('POST', '/upload/init', 200, {
    token: stranger,
    body: toManifest([own, film]),
  });
  assert.equal([named.have.length, named.need[0]?.sopInstanceUID], [1, film.identifiers.sopInstanceUID]);
  for (const path of ['', '/explanations/image'])
    await asked('GET', `/results/${result.id}${path}`, 404, { token: stranger });
  const body = { model: 'image-kind', studyInstanceUID };
  const { id } = await asked<Job>('POST', '/infer', 202, { token: stranger, body });
  const { progress } = await lastOf(gateway, stranger, id);
  assert.is(progress.of, 1, 'of two images in the study');
  await asked('GET', `/results/${result.id}`, 200, { token: sender });
});

test('can be read by researchers only if the study came de-identified', async () => {
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
  // Other tests prove what a device sends under that policy; here it is enough that the study came under it.
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

test('are visible to the sender of the image, for that image alone', async () => {
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
  await seeImage({ gateway, pacs, token: radiologist }, results[0]!.id);
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
    (await reports(sender)).map(({ sopInstanceUID: uid, isWithheld = false }) => `${uid} ${isWithheld}`),
    [`${first!.sopInstanceUID} false`, `${verified!.sopInstanceUID} true`],
  );
  const read = async ({ sopInstanceUID }: Result['instances'][number]) =>
    (await gateway.call('GET', `/results/${results[0]!.id}/instances/${sopInstanceUID}`, { token: sender }))
      .status;
  assert.equal([await read(first!), await read(verified!)], [200, 404], 'nor in the report that says it');
});

test('show the image as the PACS has it, or say that the PACS is away or no longer has it', async () => {
  const film = testFilm({ seed: 603, rows: 1200, columns: 700 });
  const { result } = await lookedAt(film);
  const image = await gateway.call('GET', `/results/${result.id}/explanations/image`, { token: radiologist });
  assert.equal([image.status, image.headers.get('content-type')], [200, 'image/png']);
  assert.is(
    image.headers.get(MAY_HOLD_NAME_HEADER),
    'false',
    'its device writes names into the header alone',
  );
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

test('tell of an image whose header does not rule out a name in the picture', async () => {
  const more = [0x00280301, 0x00180015].map((tag, at) => [tag, 'CS', ['YES', 'DOE'][at]!] as const);
  const film = testFilm({ seed: 629, more });
  const { result } = await lookedAt(film);
  const image = await gateway.call('GET', `/results/${result.id}/explanations/image`, { token: radiologist });
  assert.equal([image.status, image.headers.get(MAY_HOLD_NAME_HEADER)], [200, 'true']);
  const { mayHoldName, bodyPart } = await asked<ResultPreview>('GET', `/results/${result.id}/preview`, 200);
  assert.equal([mayHoldName, bodyPart], [true, null], 'only a Defined Term names a body part');
});

test('are listed with a small picture and the patient as the PACS has it, for callers who may see the image', async () => {
  const film = testFilm({ seed: 625, rows: 1200, columns: 700 });
  const { result } = await lookedAt(film);
  const path = `/results/${result.id}/preview`;
  const { thumbnail, patient, mayHoldName, bodyPart } = await asked<ResultPreview>('GET', path, 200);
  assert.equal([mayHoldName, bodyPart], [false, 'CHEST']);
  const { width, height } = decode(new Uint8Array(Buffer.from(thumbnail!, 'base64url')));
  assert.equal([width, height], [93, 160]);
  const read = await readInstance(bytesSource(film.bytes));
  assert.is(read.kind, 'ready');
  const of = (tag: number): string | null =>
    read.kind === 'ready' ? textOf(findElement(read.instance.elements, tag), read.instance) : null;
  assert.equal(patient, { name: of(0x00100010), id: of(0x00100020), isPseudonym: false });
  assert.ok(patient?.id, 'the film has a patient');
  const list = await asked<{ results: Result[] }>('GET', '/results', 200);
  assert.not.match(JSON.stringify(list), patient.id, 'the gateway itself keeps no patient');
  const stranger = (await gateway.userWith(['technician'])).accessToken;
  await asked('GET', path, 404, { token: stranger });
  const view = (await gateway.userWith(['radiologist'])).accessToken;
  await asked('GET', path, 200, { token: view });
  await asked('POST', `/results/${result.id}/verify`, 409, { token: view, body: { verdict: 'agree' } });
});

test('name their patient alone where no picture is asked for: the trail holds a name that was told, no image', async () => {
  const { result } = await lookedAt(testFilm({ seed: 633 }));
  const { accessToken: token, user } = await gateway.userWith(['radiologist']);
  const path = `/results/${result.id}/preview`;
  const told = await asked<ResultPreview>('GET', `${path}?only=patient`, 200, { token });
  const kinds = () =>
    gateway.database.db.selectFrom('reading').select('kind').where('account_id', '=', user.id).execute();
  assert.equal([told.thumbnail, await kinds()], [null, [{ kind: 'named-headers' }]]);
  const more = (['PN', 'LO'] as const).map((vr, at) => [[0x00100010, 0x00100020][at]!, vr, ''] as const);
  const { result: other } = await lookedAt(testFilm({ seed: 634, more }));
  await asked('GET', `/results/${other.id}/preview?only=patient`, 200, { token });
  assert.equal((await kinds()).map(({ kind }) => kind).sort(), ['headers', 'named-headers']);
  const { thumbnail, patient, studyDate } = await asked<ResultPreview>('GET', path, 200, { token });
  assert.ok(thumbnail);
  assert.equal([told.patient, told.studyDate], [patient, studyDate]);
});

test('are previewed few at once; the next wait or are refused, and an image that is opened does not wait behind them', async () => {
  const { result } = await lookedAt(testFilm({ seed: 627 }));
  const other = (await gateway.userWith(['radiologist'])).accessToken;
  const third = (await gateway.userWith(['radiologist'])).accessToken;
  const get = (path: string, token: string) =>
    gateway.call('GET', `/results/${result.id}/${path}`, { token });
  const { fetchInstance } = pacs;
  const opened = Promise.withResolvers<void>();
  let isImage = false;
  let held = 0;
  let most = 0;
  pacs.fetchInstance = async (...asking) => {
    if (isImage) return fetchInstance(...asking);
    held += 1;
    most = Math.max(most, held);
    await opened.promise;
    held -= 1;
    return fetchInstance(...asking);
  };
  try {
    const statuses = new Map<number, number>();
    const previews = [radiologist, other, third].flatMap((token) =>
      Array.from({ length: token === radiologist ? 20 : 2 }, async () => {
        const answer = await get('preview', token);
        const { code } = (await answer.json()) as { code?: string };
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        if (answer.status !== 429) return;
        assert.equal([code, answer.headers.get('retry-after')], ['rate-limited', '1']);
      }),
    );
    await until('three to be refused', () => statuses.get(429) === 3);
    await until('the places to be taken', () => held === 2);
    isImage = true;
    assert.is((await get('explanations/image', radiologist)).status, 200);
    isImage = false;
    opened.resolve();
    await Promise.all(previews);
    assert.equal([...statuses].sort(), [
      [200, 21],
      [429, 3],
    ]);
    assert.is(most, 2);
  } finally {
    opened.resolve();
    pacs.fetchInstance = fetchInstance;
  }
});

test('are read back from the PACS byte for byte, or the answer says that the PACS is away or no longer has them', async () => {
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
    const own = decodeJwt<Receipt>(row.jws!).instances.find((one) => one.sopInstanceUID === sopInstanceUID);
    assert.equal([own?.digest, sha256(pacs.held.get(sopInstanceUID)!.bytes)], [digest, digest]);
  }
});

test('name who asked and who verified to administrators and to those people themselves', async () => {
  const {
    result: { id, requestedByName },
  } = await lookedAt(testFilm({ seed: 622 }));
  await seeImage({ gateway, pacs, token: radiologist }, id);
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
