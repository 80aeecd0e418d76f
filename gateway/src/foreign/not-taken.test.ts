/** Instances of a script that the gateway does not take: in front of a person, until one leaves them out. */
import { decodeJwt } from 'jose';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  notTakenListSchema,
  type NotTakenFile,
  type NotTakenList,
  type Waiting,
  waitingSchema,
} from '#shared/protocol/not-taken.ts';
import type { Receipt } from '#shared/protocol/receipt.ts';
import { sentStudiesSchema } from '#shared/protocol/studies.ts';
import type { Withheld } from '#shared/protocol/withheld.ts';
import { until } from '#testing/gateway-under-test.ts';
import { syntheticStudy, type SyntheticOptions } from '#testing/synthetic-study.ts';
import { createTestKey } from '../testing/open-api-key.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs } from '../testing/open-pacs.ts';

const test = suite('an instance of a script that is not taken');
let gateway: TestGateway;
test.before(async () => {
  gateway = await openTestGateway({ pacs: openTestPacs() });
});
test.after(() => gateway.close());

const TYPE = 'multipart/related; type="application/dicom"; boundary=b';

async function openScript(options: SyntheticOptions) {
  const { user, accessToken } = await gateway.userWith(['technician']);
  const key = await createTestKey(gateway, { accountId: user.id, scopes: ['upload'] });
  await store(
    key,
    syntheticStudy(options).instances.map(({ bytes }) => bytes),
  );
  return { user, key, token: accessToken };
}

async function store(key: string, files: readonly Uint8Array<ArrayBuffer>[]): Promise<void> {
  const head = '--b\r\nContent-Type: application/dicom\r\n\r\n';
  const parts = files.flatMap((bytes) => [head, bytes, '\r\n']);
  await gateway.api.request('http://localhost/dicom-web/studies?policy=deidentified', {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': TYPE },
    body: new Blob([...parts, '--b--']),
  });
}

async function waiting(token: string, query = ''): Promise<NotTakenList> {
  const answer = await gateway.call('GET', `/uploads/not-taken${query}`, { token });
  return notTakenListSchema.parse(await answer.json());
}

async function counted(token: string, query = ''): Promise<Waiting> {
  const answer = await gateway.call('GET', `/uploads/waiting${query}`, { token });
  return waitingSchema.parse(await answer.json());
}

const NONE: Waiting = { notTaken: 0, held: 0, transfers: 0 };

/** Each reason with the places in the file, and how many instances are named by their UIDs. */
const placesOf = (file: NotTakenFile | undefined) =>
  file?.notTaken.map(({ reason, instances, places, sopInstanceUIDs }) => [
    ...[reason, instances, places, sopInstanceUIDs.length],
  ]);

/** Once the gateway is done with the study: what its upload, and its newest receipt, say. */
async function told(token: string, studyInstanceUID: string, withheld: Withheld | undefined) {
  const { uploads } = await until('the study to say it', async () => {
    const answer = await gateway.call('GET', `/studies?q=${studyInstanceUID}`, { token });
    const { studies } = sentStudiesSchema.parse(await answer.json());
    const [upload] = studies[0]?.uploads ?? [];
    const isSaid = upload?.receipt && JSON.stringify(upload.withheld) === JSON.stringify(withheld);
    return isSaid && studies[0];
  });
  const [{ uploadId }] = uploads as [(typeof uploads)[0]];
  return until('the receipt to say it', async () => {
    const answer = await gateway.call('GET', `/upload/${uploadId}/receipt`, { token });
    const receipt = decodeJwt(await answer.text()) as unknown as Receipt;
    return JSON.stringify(receipt.withheld) === JSON.stringify(withheld) && receipt;
  });
}

const leaveOut = async (token: string, id: string): Promise<number> =>
  (await gateway.call('DELETE', `/uploads/not-taken/${id}`, { token })).status;

test('is named with its study and reason to the account of the key and to administrators, who leave it out', async () => {
  const { accessToken: admin } = await gateway.signIn();
  const asked = { seed: 9821, series: 2, instancesPerSeries: 2, burnedInSeries: 1 };
  const { user, key, token } = await openScript(asked);
  const [file] = await until('the file to be opened', async () => {
    const { shown } = await waiting(token);
    return shown.length > 0 && shown;
  });
  assert.equal(
    [file?.username, file?.key, file?.policy, placesOf(file)],
    [user.username, 'a script', 'deidentified', [['burned-in-annotation', 2, [1, 2], 2]]],
  );
  assert.equal([file!.studies.length, file!.studiesNotHere], [1, []]);
  const all = { ...NONE, notTaken: 2 };
  assert.equal([await counted(token), await counted(admin, '?all=1')], [all, all]);
  assert.equal([await counted(admin), await counted(token, '?all=1')], [NONE, all], 'their own');
  const { studyInstanceUID: study, uploadId } = file!.studies[0]!;
  const receipt = await told(token, study, { held: 2 });
  assert.equal([receipt.revision, receipt.instances.length], [1, 2], 'its first receipt says so');
  const stored = await gateway.call('GET', `/studies?q=${uploadId}`, { token });
  assert.is(((await stored.json()) as { studies: unknown[] }).studies.length, 1, 'the rest of it is known');
  assert.equal(
    (await waiting(admin, '?all=1')).shown.map(({ id }) => id),
    [file!.id],
  );
  assert.equal((await waiting(admin)).total, 0, 'their own');
  const { accessToken: another } = await gateway.userWith(['technician']);
  assert.is(await leaveOut(another, file!.id), 404);
  assert.is(await leaveOut(key, file!.id), 403);
  const { db } = gateway.database;
  await sql`alter table upload add constraint no_more check (not withheld ? 'left-out-name')`.execute(db);
  assert.is(await leaveOut(admin, file!.id), 500);
  assert.is((await waiting(token)).total, 1, 'it is left out with its counts, or not at all');
  await sql`alter table upload drop constraint no_more`.execute(db);
  assert.is(await leaveOut(admin, file!.id), 204);
  assert.equal([await waiting(token), await counted(token)], [{ total: 0, shown: [] }, NONE]);
  assert.is(await leaveOut(token, file!.id), 404, 'it is over');
  assert.is((await told(token, study, { 'left-out-name': 2 })).revision, 2);
});

test('is counted with its study until it comes whole', async () => {
  const { user, accessToken: token } = await gateway.userWith(['technician']);
  const key = await createTestKey(gateway, { accountId: user.id, scopes: ['upload'] });
  const [one, other] = syntheticStudy({ seed: 9823, instancesPerSeries: 2 }).instances;
  await store(key, [one!.bytes, other!.bytes.slice(0, -100)]);
  const [file] = await until('the file to be opened', async () => {
    const { shown } = await waiting(token);
    return shown.length > 0 && shown;
  });
  const study = file!.studies[0]!.studyInstanceUID;
  await told(token, study, { damaged: 1 });
  await store(key, [other!.bytes]);
  assert.is((await told(token, study, undefined)).instances.length, 2);
});

test('is named where nothing of its file was taken, and its account leaves it out', async () => {
  const { token } = await openScript({ seed: 9822, series: 1, instancesPerSeries: 1, burnedInSeries: 1 });
  const [file] = await until('the file to be opened', async () => {
    const { shown } = await waiting(token);
    return shown.length > 0 && shown;
  });
  assert.equal([file?.studies, placesOf(file)], [[], [['burned-in-annotation', 1, [1], 1]]]);
  assert.is(file!.studiesNotHere.length, 1, 'it is named by the study that it would have been');
  assert.is(await leaveOut(token, file!.id), 204);
  assert.is((await waiting(token)).total, 0);
});

test('is counted where it waits with its study for a decision', async () => {
  const { bytes } = syntheticStudy({ seed: 9824, instancesPerSeries: 1 }).instances[0]!;
  const other = Uint8Array.from(bytes);
  other[other.length - 1] = other.at(-1)! ^ 1;
  const { user, accessToken: token } = await gateway.userWith(['technician']);
  await store(await createTestKey(gateway, { accountId: user.id, scopes: ['upload'] }), [bytes, other]);
  await until('it to be counted', async () => (await counted(token)).held === 1);
  assert.equal(await counted(token), { ...NONE, held: 1 });
  const { accessToken: another } = await gateway.userWith(['technician']);
  assert.equal(await counted(another), NONE);
});

test.run();
