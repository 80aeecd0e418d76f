/** Storage commitment for DICOMweb clients (PS3.18 §13): what the gateway says it keeps, and to whom. */
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { fieldsOf } from '../../testing/fields-of.ts';
import { storeByStow } from '../../testing/foreign-clients.ts';
import { createTestKey } from '../../testing/open-api-key.ts';
import { openTestGateway, type TestGateway } from '../../testing/open-gateway.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { sweepRequests } from './commitment-request.store.ts';

const test = suite('storage commitment for DICOMweb clients');
const pacs = openTestPacs();
let gateway: TestGateway;
const keys = { owner: '', other: '', reader: '' };
test.before(async () => {
  gateway = await openTestGateway({ pacs });
  const { id: accountId } = (await gateway.userWith(['technician'])).user;
  const { id: otherId } = (await gateway.userWith(['technician'])).user;
  keys.owner = await createTestKey(gateway, { accountId, scopes: ['upload'] });
  keys.other = await createTestKey(gateway, { accountId: otherId, scopes: ['upload'] });
  keys.reader = await createTestKey(gateway, { accountId, scopes: ['read'] });
});
test.after(() => gateway.close());

type Item = Readonly<Record<string, { readonly Value: readonly (string | number)[] }>>;
type Result = Readonly<Record<string, { readonly Value: readonly Item[] }>>;
type Named = { readonly sopClassUID: string; readonly sopInstanceUID: string };

const namesOf = (instances: readonly SyntheticInstance[]): Named[] =>
  instances.map(({ identifiers }) => identifiers);
const question = (named: readonly Named[]) => ({
  '00081199': {
    vr: 'SQ',
    Value: named.map(({ sopClassUID, sopInstanceUID }) => ({
      '00081150': { vr: 'UI', Value: [sopClassUID] },
      '00081155': { vr: 'UI', Value: [sopInstanceUID] },
    })),
  },
});

let transactions = 0;
const newTransaction = (): string => `2.25.4711${++transactions}`;
const addressOf = (transaction: string): string => `/dicom-web/commitment-requests/${transaction}`;

type Asking = { readonly token?: string; readonly type?: string; readonly accept?: string };
async function post(
  transaction: string,
  body: unknown,
  { token = keys.owner, type = 'application/dicom+json', accept = '*/*' }: Asking = {},
): Promise<Response> {
  return gateway.api.request(`http://localhost${addressOf(transaction)}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': type, accept },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}
const check = (transaction: string, token = keys.owner) =>
  gateway.call('GET', addressOf(transaction), { token });

function read(result: Result) {
  const uid = (item: Item) => item['00081155']!.Value[0];
  return {
    kept: (result['00081199']?.Value ?? []).map(uid),
    failed: (result['00081198']?.Value ?? []).map((item) => [uid(item), item['00081197']!.Value[0]]),
  };
}
/** Asked for these in a transaction of their own. */
const resultOf = async (named: readonly Named[], token = keys.owner) =>
  read((await (await post(newTransaction(), question(named), { token })).json()) as Result);
const codeOf = async (answer: Response): Promise<readonly unknown[]> => [
  answer.status,
  ((await answer.json()) as { code?: string }).code,
];
const uidsOf = (instances: readonly SyntheticInstance[]): string[] =>
  instances.map(({ identifiers }) => identifiers.sopInstanceUID);
/** Sent and kept. */
async function stored(seed: number, instancesPerSeries = 1): Promise<readonly SyntheticInstance[]> {
  const { instances } = syntheticStudy({ seed, instancesPerSeries });
  const sent = await storeByStow(gateway, keys.owner, { files: fieldsOf(instances, 'bytes') });
  assert.is(sent.status, 200);
  return instances;
}

test('is given for what the PACS has confirmed, and the result stays', async () => {
  const instances = await stored(9801, 3);
  const transaction = newTransaction();
  const answer = await post(transaction, question(namesOf(instances)));
  assert.equal([answer.status, answer.headers.get('content-type')], [200, 'application/dicom+json']);
  const result = (await answer.json()) as Result;
  assert.equal(read(result), { kept: uidsOf(instances), failed: [] });
  const again = await check(transaction);
  assert.equal([again.status, await again.json()], [200, result]);
  const used = await post(transaction, question(namesOf(instances)));
  assert.equal(await codeOf(used), [409, 'transaction-used']);
});

test('is not given for instances of another account, of nobody, or under another SOP Class', async () => {
  const instances = await stored(9802, 2);
  const [first, second] = namesOf(instances) as [Named, Named];
  const asked = [first, { ...second, sopClassUID: '1.2.840.10008.5.1.4.1.1.7' }];
  const nobodys = { ...first, sopInstanceUID: '2.25.99' };
  const { kept, failed } = await resultOf([...asked, nobodys, first]);
  assert.equal(kept, [first.sopInstanceUID]);
  assert.equal(failed, [
    [second.sopInstanceUID, 0x0119],
    ['2.25.99', 0x0112],
  ]);
  const transaction = newTransaction();
  const others = await post(transaction, question(asked), { token: keys.other });
  const unknown = asked.map(({ sopInstanceUID }) => [sopInstanceUID, 0x0112]);
  assert.equal(read((await others.json()) as Result).failed, unknown);
  assert.is((await check(transaction)).status, 404, 'a request of another account');
  assert.is((await post(transaction, question(asked))).status, 200, 'nobody’s UIDs are used up by others');
});

test('waits for the PACS, and for a required destination that has not confirmed', async () => {
  const instances = await stored(9803);
  const { db } = gateway.database;
  const uid = uidsOf(instances)[0]!;
  const row = db.selectFrom('instance').selectAll().where('sop_instance_uid', '=', uid);
  const { state, study_id: studyId } = await row.executeTakeFirstOrThrow();
  const setState = (to: typeof state) =>
    db.updateTable('instance').set({ state: to }).where('sop_instance_uid', '=', uid).execute();
  const transaction = newTransaction();
  await setState('posted');
  const early = await post(transaction, question(namesOf(instances)));
  assert.equal([early.status, await early.text()], [202, '']);
  assert.is(early.headers.get('location'), addressOf(transaction));
  assert.ok(Number(early.headers.get('retry-after')) > 0);
  assert.is((await check(transaction)).status, 202);
  await setState(state);
  const { id: copyId } = await copyOf(studyId);
  assert.is((await check(transaction)).status, 202, 'a required destination lacks it');
  await db.updateTable('study').set({ given_up_at: gateway.now() }).where('id', '=', copyId).execute();
  const answer = await check(transaction);
  assert.is(answer.status, 200);
  assert.equal(read((await answer.json()) as Result).kept, [uid]);
});

/** The study at a further destination that must have it, where nothing of it is yet. */
async function copyOf(studyId: string): Promise<{ readonly id: string }> {
  const { rows } = await sql<{ id: string }>`insert into study
    select (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(), 'copy_of', s.id,
      'need', 'required'))).* from study s where id = ${studyId} returning id`.execute(gateway.database.db);
  return rows[0]!;
}

test('waits for a file that came before the question and is not opened', async () => {
  const instances = await stored(9804);
  const { db } = gateway.database;
  const setFiles = (state: 'received' | 'opened') => db.updateTable('sent_file').set({ state }).execute();
  const unknown = { ...namesOf(instances)[0]!, sopInstanceUID: '2.25.98' };
  const transaction = newTransaction();
  await setFiles('received');
  assert.is((await post(transaction, question([unknown]))).status, 202);
  await setFiles('opened');
  const late = await check(transaction);
  assert.equal(read((await late.json()) as Result).failed, [['2.25.98', 0x0112]]);
});

test('fails for what is held, refused or was left out', async () => {
  const { db } = gateway.database;
  for (const [seed, state, reason] of [
    [9805, 'quarantined', 0x0110],
    [9806, 'refused', 0x0112],
    [9807, 'left-out', 0x0112],
  ] as const) {
    const instances = await stored(seed);
    const [uid = ''] = uidsOf(instances);
    await db.updateTable('instance').set({ state }).where('sop_instance_uid', '=', uid).execute();
    assert.equal((await resultOf(namesOf(instances))).failed, [[uid, reason]], state);
  }
});

test('fails where other bytes of the account are held under the same UID, and not where nobody sent them', async () => {
  const { db } = gateway.database;
  const instances = await stored(9808);
  const [uid = ''] = uidsOf(instances);
  const { rows } = await sql<{ id: number }>`with made as (insert into instance overriding user value
      select (jsonb_populate_record(i, jsonb_build_object('parcel_id', null, 'digest', repeat('f', 64),
        'state', 'quarantined', 'brought', false))).* from instance i where sop_instance_uid = ${uid} returning id)
    insert into upload_instance (upload_id, position, instance_id)
      select upload_id, 99, made.id from made, upload_instance
      where instance_id = (select id from instance where sop_instance_uid = ${uid})
    returning instance_id as id`.execute(db);
  // The added row names no parcel: that of a stored instance may go at any moment.
  const other = rows[0]!;
  assert.equal(await resultOf(namesOf(instances)), { kept: [uid], failed: [] });
  await db.updateTable('instance').set({ brought: true }).where('id', '=', other.id).execute();
  assert.equal(await resultOf(namesOf(instances)), { kept: [], failed: [[uid, 0x0110]] });
});

test('is asked for 10 000 instances at once, and not for more', async () => {
  const named = Array.from({ length: 10_001 }, (_, at) => ({
    ...{ sopClassUID: '1.2.840.10008.5.1.4.1.1.2', sopInstanceUID: `2.25.77${at}` },
  }));
  assert.equal((await resultOf(named.slice(1))).failed.length, 10_000);
  assert.equal(await codeOf(await post(newTransaction(), question(named))), [413, 'body-too-large']);
});

test('is asked and answered in XML too', async () => {
  const instances = await stored(9809);
  const [{ sopClassUID, sopInstanceUID }] = namesOf(instances) as [Named];
  const value = (tag: string, uid: string) =>
    `<DicomAttribute tag="${tag}" vr="UI"><Value number="1">${uid}</Value></DicomAttribute>`;
  const item = `<Item number="1">${value('00081150', sopClassUID)}${value('00081155', sopInstanceUID)}</Item>`;
  const xml = `<NativeDicomModel><DicomAttribute tag="00081199" vr="SQ">${item}</DicomAttribute></NativeDicomModel>`;
  const asking = { type: 'application/dicom+xml', accept: 'application/dicom+xml' };
  const answer = await post(newTransaction(), xml, asking);
  assert.equal([answer.status, answer.headers.get('content-type')], [200, 'application/dicom+xml']);
  const kept = `keyword="ReferencedSOPInstanceUID"><Value number="1">${sopInstanceUID}<`;
  assert.match(await answer.text(), kept);
});

test('is refused where the question is none, or too long, and for a key that may only read', async () => {
  const named: Named = { sopClassUID: '1.2.840.10008.5.1.4.1.1.7', sopInstanceUID: '2.25.1' };
  const bad = [
    'no Data Set',
    '{}',
    '[]',
    question([]),
    question([{ ...named, sopInstanceUID: "1.2'; drop table study" }]),
    { '00081199': { vr: 'SQ', Value: ['x', null] } },
    { '00081110': { vr: 'SQ', Value: [{}] } },
    '<NativeDicomModel><DicomAttribute tag="00081199" vr="SQ">',
  ];
  for (const body of bad)
    assert.equal(
      await codeOf(await post(newTransaction(), body)),
      [400, 'bad-request'],
      JSON.stringify(body),
    );
  for (const transaction of ['not-a-uid', '%00', '1.2%2F3']) {
    assert.is((await post(transaction, question([named]))).status, 400, transaction);
    assert.is((await check(transaction)).status, 404, transaction);
  }
  const many = Array.from({ length: 10_001 }, (_, at) => ({ ...named, sopInstanceUID: `2.25.${at}` }));
  assert.is((await post(newTransaction(), question(many))).status, 413);
  assert.is((await post(newTransaction(), ' '.repeat(4 * 1024 * 1024 + 1))).status, 413);
  assert.is((await post(newTransaction(), question([named]), { type: 'text/plain' })).status, 415);
  assert.is((await post(newTransaction(), question([named]), { accept: 'text/html' })).status, 406);
  assert.is((await post(newTransaction(), question([named]), { token: keys.reader })).status, 403);
  assert.is((await check(newTransaction(), keys.reader)).status, 403);
  const { db } = gateway.database;
  const kept = await db.selectFrom('commitment_request').select('asked').execute();
  assert.not(JSON.stringify(kept).includes('drop table'));
});

test('is forgotten after a week, and its UID after a month more', async () => {
  const { db } = gateway.database;
  const transaction = newTransaction();
  const named: Named = { sopClassUID: '1.2.840.10008.5.1.4.1.1.7', sopInstanceUID: '2.25.97' };
  assert.is((await post(transaction, question([named]))).status, 200);
  const after = (days: number) => sweepRequests(db, new Date(gateway.now().getTime() + days * 86_400_000));
  await after(6);
  assert.is((await check(transaction)).status, 200);
  await after(8);
  assert.equal(await codeOf(await check(transaction)), [410, 'commitment-forgotten']);
  assert.is((await post(transaction, question([named]))).status, 409);
  await after(38);
  assert.is((await check(transaction)).status, 404);
});

test('is asked for so many instances at most by one account', async () => {
  const { db } = gateway.database;
  const transaction = newTransaction();
  const named: Named = { sopClassUID: '1.2.840.10008.5.1.4.1.1.7', sopInstanceUID: '2.25.96' };
  assert.is((await post(transaction, question([named]), { token: keys.other })).status, 200);
  const setAmount = (amount: number) =>
    db.updateTable('commitment_request').set({ amount }).where('transaction_uid', '=', transaction).execute();
  await setAmount(500_000);
  const refused = await post(newTransaction(), question([named]), { token: keys.other });
  assert.equal(await codeOf(refused), [429, 'rate-limited']);
  assert.is((await post(newTransaction(), question([named]))).status, 200, 'another account');
});

test.run();
