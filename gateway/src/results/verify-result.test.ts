/** Reports that a radiologist agrees to or corrects: a new version in the PACS, made once. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import type { AuditPage } from '#shared/protocol/audit-page.ts';
import type { Result } from '#shared/protocol/inference.ts';
import { timelineSchema } from '#shared/protocol/studies.ts';
import { until } from '#testing/gateway-under-test.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { ask, lookAtFilm, seeImage } from '../testing/look-at-film.ts';
import { deliverStudy } from '../testing/open-cases.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs, type TestPacs } from '../testing/open-pacs.ts';
import { testFilm } from '../testing/open-subject.ts';

const test = suite('a radiologist’s verdict');
const VERIFICATION_FLAG = 0x0040a493;
let gateway: TestGateway;
let pacs: TestPacs;
let radiologist: string;
let reader: string;
test.before(async () => {
  pacs = openTestPacs();
  gateway = await openTestGateway({ pacs });
  const { accessToken, user } = await gateway.userWith(['radiologist']);
  radiologist = accessToken;
  reader = user.username;
});
test.after(() => gateway.close());

/** Asks as the radiologist. */
const asked = <T>(
  method: string,
  path: string,
  status: number,
  options: Parameters<TestGateway['call']>[2] = {},
): Promise<T> => ask<T>({ gateway, pacs, token: radiologist }, method, path, { ...options, status });
/** Looks at the film as the radiologist, who then sees the image. */
async function lookedAt(film: SyntheticInstance, body: object = {}): ReturnType<typeof lookAtFilm> {
  const client = { gateway, pacs, token: radiologist };
  const looked = await lookAtFilm(client, film, body);
  await seeImage(client, looked.result.id);
  return looked;
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

test('makes a new, verified version of the report; a verdict on an outdated revision is refused', async () => {
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
  assert.not.match(JSON.stringify(list), 'PLANTED', 'no list shows a person’s own words');
  const rows = await gateway.database.db.selectFrom('inference_result').selectAll().execute();
  assert.not.match(
    JSON.stringify(rows) + Buffer.concat(rows.flatMap((row) => row.sealed_reason ?? [])).toString('latin1'),
    'PLANTED',
    'nor readable in the database',
  );
  for (const body of [{ verdict: 'correct' }, { verdict: 'agree', finding: 'normal' }])
    await asked('POST', `/results/${result.id}/verify`, 422, { body });
});

test('is in the trail of its study with the question to the model, also in the file of the trail', async () => {
  const { result } = await lookedAt(testFilm({ seed: 615 }));
  const body = { verdict: 'agree' };
  await asked('POST', `/results/${result.id}/verify`, 200, { body, headers: { 'if-match': '"1"' } });
  const auditor = { gateway, pacs, token: (await gateway.userWith(['auditor'])).accessToken };
  const study = testFilm({ seed: 615 }).identifiers.studyInstanceUID;
  const path = `/audit/events?study=${study}&kind=models`;
  const { rows } = await ask<AuditPage>(auditor, 'GET', path, { status: 200 });
  assert.equal(
    rows.map(({ event }) => event),
    ['result-verified', 'inference-asked'],
  );
  const file = await gateway.call('GET', `${path}&format=csv`, auditor);
  const [, verdict] = (await file.text()).trim().split('\r\n');
  assert.match(verdict!, new RegExp(`,result-verified,.*,${study},`));
  // "correct" would say the opposite, as the verdict of a reader who found the model wrong.
  assert.match(verdict!, /""verdict"":""agreed""/);
  assert.not.match(verdict!, /""(agree|correct)""/);
});

test('is in the timeline of a study that was sent, where what the gateway made of it is the gateway’s', async () => {
  const technician = await gateway.userWith(['technician']);
  const sent = { token: technician.accessToken, seed: 616 };
  const study = await deliverStudy(Object.assign(gateway, { pacs }), sent);
  const { result } = await lookedAt(testFilm({ seed: 616 }));
  const body = { verdict: 'agree' };
  await asked('POST', `/results/${result.id}/verify`, 200, { body, headers: { 'if-match': '"1"' } });
  const auditor = { gateway, pacs, token: (await gateway.userWith(['auditor'])).accessToken };
  const timeline = async () =>
    timelineSchema.parse(await ask(auditor, 'GET', `/studies/${study}/timeline`, { status: 200 })).events;
  const ofGateway = (events: Awaited<ReturnType<typeof timeline>>) =>
    events.filter(({ event, added }) => event === 'upload-opened' && added);
  await until('the second report to be sent', async () => ofGateway(await timeline()).length > 1);
  const events = await timeline();
  const told = (name: string) =>
    events.flatMap(({ event, added, account }) => (event === name && !added ? [account] : []));
  const { username } = technician.user;
  assert.equal([told('upload-opened'), told('upload-completed')], [[username], [username]]);
  assert.equal([told('inference-asked'), told('result-verified')], [[reader], [reader]]);
  const { fields } = events.find(({ event }) => event === 'result-verified')!;
  assert.equal(fields, { verdict: 'agreed' });
  assert.ok(ofGateway(events).every(({ account }) => account === undefined));
  const opened = events.find(({ event }) => event === 'upload-opened')!;
  assert.ok(ofGateway(events).every(({ uploadId }) => uploadId !== opened.uploadId));
});

test('is refused from someone who was not shown the image, and from everyone once the image is gone', async () => {
  const film = testFilm({ seed: 613 });
  const { result } = await lookedAt(film);
  const verdict = { body: { verdict: 'agree' }, headers: { 'if-match': '"1"' } };
  const colleague = { gateway, pacs, token: (await gateway.userWith(['radiologist'])).accessToken };
  const refused = async () =>
    (
      await ask<{ code: string }>(colleague, 'POST', `/results/${result.id}/verify`, {
        status: 409,
        ...verdict,
      })
    ).code;
  assert.is(await refused(), 'image-not-shown');
  pacs.held.delete(film.identifiers.sopInstanceUID);
  await ask(colleague, 'GET', `/results/${result.id}/explanations/image`, { status: 410 });
  assert.is(await refused(), 'image-not-shown', 'an image that could not be shown does not count');
  pacs.held.set(film.identifiers.sopInstanceUID, {
    study: film.identifiers.studyInstanceUID,
    bytes: Buffer.from(film.bytes),
  });
  await ask(colleague, 'GET', `/results/${result.id}`, { status: 200 });
  assert.is(await refused(), 'image-not-shown', 'nor does the text of the result');
  await seeImage(colleague, result.id);
  await ask(colleague, 'POST', `/results/${result.id}/verify`, { status: 200, ...verdict });
});

test('can be changed at any time, and each one stays in the history of the result', async () => {
  const { result } = await lookedAt(testFilm({ seed: 614 }));
  const say = (revision: number, body: object) =>
    asked<Result>('POST', `/results/${result.id}/verify`, 200, {
      body,
      headers: { 'if-match': `"${revision}"` },
    });
  await say(1, { verdict: 'correct', finding: 'normal', reason: 'PLANTED first words' });
  const { history, verification } = await say(2, { verdict: 'agree' });
  assert.equal(
    history?.map(({ verdict, finding, reason }) => [verdict, finding, reason]),
    [
      ['correct', 'normal', 'PLANTED first words'],
      ['agree', null, null],
    ],
  );
  assert.equal(verification, history?.at(-1));
  assert.is(new Set(history?.map(({ by }) => by)).size, 1);
  const rows = await gateway.database.db.selectFrom('result_verdict').selectAll().execute();
  assert.not.match(
    JSON.stringify(rows) + Buffer.concat(rows.flatMap((row) => row.sealed_reason ?? [])).toString('latin1'),
    'PLANTED',
    'not readable in the database',
  );
});

test('belongs to one result: other parameters make another result, add nothing to the PACS, and are verified separately', async () => {
  const film = testFilm({ seed: 610 });
  const { result: first } = await lookedAt(film);
  // Verdicts of other studies still become reports meanwhile.
  const held = () =>
    [...pacs.held.values()].filter(({ study }) => study === film.identifiers.studyInstanceUID).length;
  const before = held();
  const { result: second } = await lookedAt(film, {
    parameters: { threshold: 0.5, steps: 8, explain: ['image', 'integrated-gradients'] },
  });
  assert.is.not(second.id, first.id);
  const uidsOf = ({ instances }: Result) => instances.map(({ sopInstanceUID }) => sopInstanceUID);
  assert.equal([uidsOf(second), held()], [uidsOf(first), before]);
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

test('counts once when two people give it at the same moment: one of them gets 409', async () => {
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

test('is logged as left out, and not retried forever, where another instance has the report’s UID', async () => {
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
  // The row is changed as if somebody had already sent other bytes under this UID.
  await db
    .updateTable('instance')
    .set({ digest: 'f'.repeat(64), policy_name: 'identified' })
    .where('sop_instance_uid', '=', sopInstanceUID)
    .execute();
  await db.deleteFrom('result_instance').where('result_id', '=', result.id).execute();
  await lookedAt(film);
  await until('the report to be given up', async () => (await verified())?.state === 'refused');
  assert.is((await verified())?.sopInstanceUID, sopInstanceUID);
  assert.ok(
    gateway.lines.some(
      ({ event, because }) => event === 'verified-report-left-out' && because === 'conflicting-instance',
    ),
  );
  assert.not.ok(
    gateway.lines.some(({ event, queue }) => event === 'job-failed' && queue === 'verified-report'),
  );
});

test('given before the report is sent reaches the PACS once the report does', async () => {
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

test.run();
