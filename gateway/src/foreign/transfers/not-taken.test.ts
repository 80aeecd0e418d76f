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
import type { UploadStatus } from '#shared/protocol/api.ts';
import type { Receipt } from '#shared/protocol/receipt.ts';
import { sentStudiesSchema } from '#shared/protocol/studies.ts';
import type { Withheld } from '#shared/protocol/withheld.ts';
import { until } from '#testing/gateway-under-test.ts';
import { syntheticStudy, type SyntheticOptions } from '#testing/synthetic-study.ts';
import type { Db } from '../../database/database.ts';
import { fieldsOf } from '../../testing/fields-of.ts';
import { createTestDevice } from '../../testing/open-device.ts';
import { openScript as openKey, sendFile, storeByStow, type Bytes } from '../../testing/foreign-clients.ts';
import { openTestGateway, type TestGateway } from '../../testing/open-gateway.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';

const test = suite('an instance of a script that is not taken');
let gateway: TestGateway;
test.before(async () => {
  gateway = await openTestGateway({ pacs: openTestPacs() });
});
test.after(() => gateway.close());

/** The file that a script of its own has stored. */
async function openScript(options: SyntheticOptions) {
  const script = await openKey(gateway);
  await store(script.key, fieldsOf(syntheticStudy(options).instances, 'bytes'));
  return script;
}
const store = (key: string, files: readonly Bytes[], policy = 'deidentified') =>
  storeByStow(gateway, key, { files, path: `/dicom-web/studies?policy=${policy}` });
/** The only instance of a study. */
const oneOf = (seed: number): Bytes =>
  syntheticStudy({ seed, series: 1, instancesPerSeries: 1 }).instances[0]!.bytes;
/** Another image under the same UID. */
const otherThan = (bytes: Bytes): Bytes => bytes.with(-1, bytes.at(-1)! ^ 1);
/** The first file to be listed, apart from these. */
const nextFile = (token: string, ...known: readonly string[]) =>
  until('the file to be opened', async () => {
    const { shown } = await waiting(token);
    return shown.find(({ id }) => !known.includes(id));
  });

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
  const file = await nextFile(token);
  assert.equal(
    [file.username, file.key, file.policy, placesOf(file)],
    [user.username, 'a script', 'deidentified', [['burned-in-annotation', 2, [1, 2], 2]]],
  );
  assert.equal([file.studies.length, file.studiesNotHere], [1, []]);
  const all = { ...NONE, notTaken: 2 };
  assert.equal([await counted(token), await counted(admin, '?all=1')], [all, all]);
  assert.equal([await counted(admin), await counted(token, '?all=1')], [NONE, all], 'their own');
  const { studyInstanceUID: study, uploadId } = file.studies[0]!;
  const receipt = await told(token, study, { held: 2 });
  assert.equal([receipt.revision, receipt.instances.length], [1, 2], 'its first receipt says so');
  const stored = await gateway.call('GET', `/studies?q=${uploadId}`, { token });
  assert.is(((await stored.json()) as { studies: unknown[] }).studies.length, 1, 'the rest of it is known');
  assert.equal(fieldsOf((await waiting(admin, '?all=1')).shown, 'id'), [file.id]);
  assert.equal((await waiting(admin)).total, 0, 'their own');
  const { accessToken: another } = await gateway.userWith(['technician']);
  assert.is(await leaveOut(another, file.id), 404);
  assert.is(await leaveOut(key, file.id), 403);
  const { db } = gateway.database;
  await sql`alter table upload add constraint no_more check (not withheld ? 'left-out-name')`.execute(db);
  assert.is(await leaveOut(admin, file.id), 500);
  assert.is((await waiting(token)).total, 1, 'it is left out with its counts, or not at all');
  await sql`alter table upload drop constraint no_more`.execute(db);
  assert.is(await leaveOut(admin, file.id), 204);
  assert.equal([await waiting(token), await counted(token)], [{ total: 0, shown: [] }, NONE]);
  assert.is(await leaveOut(token, file.id), 404, 'it is over');
  assert.is((await told(token, study, { 'left-out-name': 2 })).revision, 2);
});

test('is left out with another of its study at once, and both are counted', async () => {
  const { key, token } = await openKey(gateway);
  const made = syntheticStudy({ seed: 9827, series: 2, instancesPerSeries: 2, burnedInSeries: 1 });
  const [one, other, ...rest] = made.instances.map(({ bytes }) => bytes);
  await store(key, [one!, ...rest]);
  await store(key, [other!]);
  const files = await until('both files to be opened', async () => {
    const { shown } = await waiting(token);
    return shown.length === 2 && shown;
  });
  const [study] = files.flatMap(({ studies }) => studies);
  await told(token, study!.studyInstanceUID, { held: 2 });
  const { db } = gateway.database;
  const leaving = await db.transaction().execute(async (trx) => {
    await sql`select from study for update`.execute(trx);
    const both = files.map(({ id }) => leaveOut(token, id));
    await until('both to wait for the study', async () => (await waitingForLocks(db)) === 2);
    return both;
  });
  assert.equal(await Promise.all(leaving), [204, 204]);
  await told(token, study!.studyInstanceUID, { 'left-out-name': 2 });
});

async function waitingForLocks(db: Db): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
  return rows[0]?.count ?? 0;
}

test('is counted with its study until it comes whole', async () => {
  const { key, token } = await openKey(gateway);
  const [one, other] = syntheticStudy({ seed: 9823, instancesPerSeries: 2 }).instances;
  await store(key, [one!.bytes, other!.bytes.slice(0, -100)]);
  const file = await nextFile(token);
  const study = file.studies[0]!.studyInstanceUID;
  await told(token, study, { damaged: 1 });
  await store(key, [other!.bytes]);
  assert.is((await told(token, study, undefined)).instances.length, 2);
  assert.equal([await waiting(token), await counted(token)], [{ total: 0, shown: [] }, NONE]);
});

test('counts once however often it is sent, for its newest file, which names it', async () => {
  const burnedIn = { seed: 9825, series: 1, instancesPerSeries: 1, burnedInSeries: 1 };
  const { key, token } = await openScript(burnedIn);
  const first = await nextFile(token);
  const { bytes } = syntheticStudy(burnedIn).instances[0]!;
  await store(key, [bytes]);
  const one = { ...NONE, notTaken: 1 };
  const named = [['burned-in-annotation', 1, [1], 1]];
  const second = await nextFile(token, first.id);
  assert.equal([(await waiting(token)).total, placesOf(second), await counted(token)], [1, named, one]);
  await sendFile(gateway, token, { bytes: bytes, policy: 'deidentified' });
  const third = await nextFile(token, first.id, second.id);
  assert.equal([(await waiting(token)).total, placesOf(third), await counted(token)], [1, named, one]);
  assert.equal(
    [await leaveOut(token, first.id), await leaveOut(token, third.id), await counted(token)],
    [404, 204, NONE],
  );
});

test('counts once although it is cut short and alone, and no longer once it came whole', async () => {
  const { key, token } = await openKey(gateway);
  const bytes = oneOf(9830);
  await store(key, [bytes.slice(0, -100)]);
  const first = await nextFile(token);
  await sendFile(gateway, token, { bytes: bytes.slice(0, -200), policy: 'deidentified' });
  const second = await nextFile(token, first.id);
  assert.equal(
    [(await waiting(token)).total, placesOf(second), await counted(token)],
    [1, [['truncated', 1, [1], 1]], { ...NONE, notTaken: 1 }],
  );
  await store(key, [bytes]);
  await until('it to be stored', async () => (await counted(token)).notTaken === 0);
});

test('is no longer named once it came, and neither is its study', async () => {
  const whole = oneOf(9826);
  const other = oneOf(9827);
  const { key, token } = await openKey(gateway);
  await store(key, [whole.slice(0, -100), other.slice(0, -100)], 'identified');
  const file = await nextFile(token);
  assert.is(file.studiesNotHere.length, 2);
  await store(key, [whole], 'identified');
  const [left] = await until('it to be stored', async () => {
    const { shown } = await waiting(token);
    return shown[0]?.studiesNotHere.length === 1 && shown;
  });
  assert.equal(
    [left!.id, left!.studies, placesOf(left), await counted(token)],
    [file.id, [], [['truncated', 1, [2], 1]], { ...NONE, notTaken: 1 }],
  );
});

test('is no longer asked about once another account brought it into the PACS', async () => {
  const bytes = oneOf(9828);
  const { key, token } = await openKey(gateway);
  await store(key, [bytes.slice(0, -100)], 'identified');
  await until('it to be counted', async () => (await counted(token)).notTaken === 1);
  await store((await openKey(gateway)).key, [bytes], 'identified');
  await until('it to be in the PACS', async () => (await counted(token)).notTaken === 0);
  assert.equal(await waiting(token), { total: 0, shown: [] });
});

test('is asked about for its earlier file once the later one, which had it too, is gone', async () => {
  const options = { seed: 9829, series: 1, instancesPerSeries: 1, burnedInSeries: 1 };
  const { key, token } = await openScript(options);
  const first = await nextFile(token);
  await store(key, fieldsOf(syntheticStudy(options).instances, 'bytes'));
  const second = await until('it to be listed for the later file', async () => {
    const { shown } = await waiting(token);
    return shown.length === 1 && shown[0]!.id !== first.id && shown[0];
  });
  await sql`delete from sent_file where id = ${second.id}::uuid`.execute(gateway.database.db);
  assert.equal(fieldsOf((await waiting(token)).shown, 'id'), [first.id]);
  assert.is((await counted(token)).notTaken, 1);
});

test('is named where nothing of its file was taken, and its account leaves it out', async () => {
  const { token } = await openScript({ seed: 9822, series: 1, instancesPerSeries: 1, burnedInSeries: 1 });
  const file = await nextFile(token);
  assert.equal([file.studies, placesOf(file)], [[], [['burned-in-annotation', 1, [1], 1]]]);
  assert.is(file.studiesNotHere.length, 1, 'it is named by the study that it would have been');
  assert.is(await leaveOut(token, file.id), 204);
  assert.is((await waiting(token)).total, 0);
});

test('is counted where it waits with its study for a decision', async () => {
  const bytes = oneOf(9824);
  const { user, key, token } = await openKey(gateway);
  await store(key, [bytes, otherThan(bytes)]);
  await until('it to be counted', async () => (await counted(token)).held === 1);
  assert.equal(await counted(token), { ...NONE, held: 1 });
  const { accessToken: another } = await gateway.userWith(['technician']);
  assert.equal(await counted(another), NONE);
  const { db } = gateway.database;
  const ofAccount = sql`study.id in (select study_id from upload where account_id = ${user.id}::uuid)`;
  await sql`update instance set state = 'refused' from study
    where study.id = instance.study_id and instance.state <> 'quarantined' and ${ofAccount}`.execute(db);
  assert.equal(await counted(token), { ...NONE, held: 2 }, 'as the list of studies counts a held study');
  await sql`update instance set state = 'refused' from study
    where study.id = instance.study_id and ${ofAccount}`.execute(db);
  await sql`update study set state = 'closed' where ${ofAccount}`.execute(db);
  assert.equal(await counted(token), { ...NONE, held: 2 }, 'all that was refused, whose copies are gone');
  await sql`update instance set state = 'quarantined' from study
    where study.id = instance.study_id and instance.reason is not null and ${ofAccount}`.execute(db);
  await sql`update study set state = 'held' where ${ofAccount}`.execute(db);
  const device = await createTestDevice(gateway);
  await device.enrol(token);
  await sql`with beside as (
      insert into study select (jsonb_populate_record(study, jsonb_build_object('id', gen_random_uuid()))).*
      from study where ${ofAccount} returning id),
    sent as (insert into upload (id, site_id, study_id, account_id, device_id)
      select gen_random_uuid(), device.site_id, beside.id, device.account_id, device.id
      from beside, device where device.id = ${device.id}::uuid)
    insert into instance overriding user value
      select (jsonb_populate_record(instance, jsonb_build_object('study_id', beside.id))).*
      from instance, beside where instance.state = 'quarantined'
        and instance.study_id in (select study_id from upload where account_id = ${user.id}::uuid)`.execute(
    db,
  );
  assert.equal(await counted(token), { ...NONE, held: 1 }, 'the device counts the other');
});

test('two images under one UID wait with their study for its account or an administrator, and either leaves them out', async () => {
  const { accessToken: admin } = await gateway.signIn();
  for (const [seed, who] of [
    [9811, 'account'],
    [9812, 'admin'],
  ] as const) {
    const { key, token: own } = await openKey(gateway);
    const bytes = oneOf(seed);
    const { studyInstanceUID } = syntheticStudy({ seed, series: 1, instancesPerSeries: 1 });
    await store(key, [bytes, otherThan(bytes)], 'identified');
    const [token, query] = who === 'admin' ? [admin, '&all=1'] : [own, ''];
    const { uploads } = await until('the study to wait for a person', async () => {
      const answer = await gateway.call('GET', `/studies?q=${studyInstanceUID}${query}`, { token });
      const [study] = sentStudiesSchema.parse(await answer.json()).studies;
      return study?.standing === 'needs-you' && study;
    });
    const [{ uploadId, device }] = uploads as [(typeof uploads)[0]];
    assert.is(device, null);
    const undecided = async () => {
      const answer = await gateway.call('GET', `/upload/${uploadId}/status?instances=1`, { token });
      const { instances: all = [] } = (await answer.json()) as UploadStatus;
      return all.filter(({ state }) => state === 'quarantined');
    };
    const instances = await undecided();
    assert.equal(fieldsOf(instances, 'reason'), ['conflicting-instance']);
    const body = { decision: 'leave-out', instances };
    assert.is((await gateway.call('POST', `/upload/${uploadId}/decisions`, { token, body })).status, 200);
    assert.equal(await undecided(), []);
  }
});

test.run();
