import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FileStatus } from '#shared/protocol/api.ts';
import { until } from '#testing/gateway-under-test.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { fieldsOf } from '../../testing/fields-of.ts';
import { addAskingPolicy, ASKING_POLICY, auditedReasons } from '../../testing/add-asking-policy.ts';
import { bodyOf, fileStatus, storeByStow, type Bytes, type Stored } from '../../testing/foreign-clients.ts';
import { createTestKey } from '../../testing/open-api-key.ts';
import { openTestGateway, type TestGateway } from '../../testing/open-gateway.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { createStudyChanges } from '../../pipeline/plan/announce-changes.ts';
import { awaitStored } from './await-stored.ts';
import { ENTRY_BYTES_LIMIT, listEntries } from '../files/list-entries.ts';
import { PartsError } from '../../threads/split-parts.ts';
import { PartFinder, PARTS_LIMIT } from './read-parts.ts';
import { toAnswer } from './stow-answer.ts';

const test = suite('STOW-RS');
const pacs = openTestPacs();
let gateway: TestGateway;
let key: string;
test.before(async () => {
  gateway = await openTestGateway({ pacs });
  const { user } = await gateway.userWith(['technician']);
  await addAskingPolicy(gateway, user.id);
  key = await createTestKey(gateway, { accountId: user.id, scopes: ['upload'] });
});
test.after(() => gateway.close());

const store = ({ by = key, ...of }: Stored & { readonly by?: string }) => storeByStow(gateway, by, of);
/** The files of a study. */
const filesOf = (instances: ReturnType<typeof syntheticStudy>['instances']) => fieldsOf(instances, 'bytes');
const NO_INSTANCE = new TextEncoder().encode('no instance');

type DataSet = Record<string, { vr: string; Value?: DataSet[] & unknown[] }>;
const valuesIn = (dataSet: DataSet, sequence: string, tag: string): unknown[] =>
  (dataSet[sequence]?.Value ?? []).map((item: DataSet) => item[tag]?.Value?.[0]);

test('a study is stored, confirmed by the PACS and named in the answer', async () => {
  const { instances, studyInstanceUID } = syntheticStudy({ seed: 9201 });
  const path = `/dicom-web/studies/${studyInstanceUID}?policy=identified`;
  const answer = await store({ path, files: filesOf(instances) });
  assert.is(answer.status, 200);
  assert.is(answer.headers.get('content-type'), 'application/dicom+json');
  const said = (await answer.json()) as DataSet;
  assert.equal(
    valuesIn(said, '00081199', '00081155').sort(),
    instances.map(({ identifiers }) => identifiers.sopInstanceUID).sort(),
  );
  assert.is(said['00081198'], undefined);
  for (const { identifiers, bytes } of instances)
    assert.equal(pacs.held.get(identifiers.sopInstanceUID)?.bytes, Buffer.from(bytes));
});

test('a study that comes before the gateway has begun to work is stored once it has', async () => {
  const own = await openTestGateway({ pacs, start: false });
  const { user } = await own.userWith(['technician']);
  const token = await createTestKey(own, { accountId: user.id, scopes: ['upload'] });
  const { instances } = syntheticStudy({ seed: 9252 });
  const stored = storeByStow(own, token, { files: filesOf(instances) });
  const isKept = async () =>
    (await own.database.db.selectFrom('sent_file').where('state', '=', 'received').select('id').execute())
      .length === 1;
  await Promise.race([stored, until('the body is kept', isKept)]);
  await own.start();
  assert.is((await stored).status, 200);
  await own.close();
});

test('a request that names no policy is under the key’s, else the gateway’s, and the answer says which', async () => {
  const { user } = await gateway.userWith(['technician']);
  const own = await createTestKey(gateway, { accountId: user.id, scopes: ['upload'], policy: 'identified' });
  const { instances } = syntheticStudy({ seed: 9290, instancesPerSeries: 1 });
  const under = async (token: string, query = ''): Promise<string | null> => {
    const path = `/dicom-web/studies${query}`;
    const answer = await store({ by: token, path, files: filesOf(instances) });
    assert.ok(answer.ok, String(answer.status));
    return answer.headers.get('relay-policy');
  };
  assert.is(await under(own), 'identified');
  const { sopInstanceUID } = instances[0]!.identifiers;
  assert.equal(pacs.held.get(sopInstanceUID)?.bytes, Buffer.from(instances[0]!.bytes), 'as it came');
  assert.is(await under(own, '?policy=deidentified'), 'deidentified');
  assert.is(await under(key), 'deidentified');
});

test('an instance that cannot be read, and one of another study, fail and hold up no other', async () => {
  const { instances, studyInstanceUID } = syntheticStudy({ seed: 9202, instancesPerSeries: 2 });
  const other = syntheticStudy({ seed: 9203, instancesPerSeries: 1 }).instances[0]!;
  const files = [...filesOf(instances), other.bytes, NO_INSTANCE];
  const path = `/dicom-web/studies/${studyInstanceUID}?policy=identified`;
  const answer = await store({ path, files });
  assert.is(answer.status, 202);
  const said = (await answer.json()) as DataSet;
  assert.is(valuesIn(said, '00081199', '00081155').length, 2);
  assert.equal(valuesIn(said, '00081198', '00081155'), [other.identifiers.sopInstanceUID]);
  assert.equal(valuesIn(said, '00081198', '00081197'), [0xa900]);
  assert.equal(valuesIn(said, '0008119A', '00081197'), [0xc000]);
  const status = await gateway.call('GET', answer.headers.get('location')!, { token: key });
  const { file } = (await status.json()) as FileStatus;
  assert.equal(fieldsOf(file.notTaken, 'entry', 'state'), [
    [3, 'refused'],
    [4, 'refused'],
  ]);
});

test('while a slow PACS is asked about one study, the answer names what is known of the others', async () => {
  const other = (bytes: Bytes): Bytes => bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte));
  const [here, beside] = syntheticStudy({ seed: 9221, instancesPerSeries: 2 }).instances;
  const slow = syntheticStudy({ seed: 9222, instancesPerSeries: 1 });
  const { bytes: asked } = slow.instances[0]!;
  const statusOf = (answer: Response) =>
    fileStatus(gateway, key, answer.headers.get('location')!.split('/').at(-2)!);
  const before = await store({ files: [here!.bytes, beside!.bytes, asked] });
  await until('their receipts', async () => (await statusOf(before)).receipt !== null);
  const { promise: silence, resolve: answer } = Promise.withResolvers<void>();
  const { findStudy } = pacs;
  pacs.findStudy = async (study, signal) => {
    if (study === slow.studyInstanceUID) await silence;
    return findStudy(study, signal);
  };
  const files = [NO_INSTANCE, here!.bytes, other(beside!.bytes), other(asked)];
  const answered = store({ files });
  const { db } = gateway.database;
  const tools = { db, changes: createStudyChanges(null), patienceMs: 0 };
  try {
    const known = until('the known ones', async () => {
      const unopened = db.selectFrom('sent_file').select('id').where('state', '=', 'received');
      const row = await unopened.executeTakeFirst();
      if (row === undefined) return false;
      const { file, stored, isOver } = await awaitStored(tools, row.id, new AbortController().signal);
      const { status, dataSet } = toAnswer(file.entries, { stored, isOver, address: '' });
      assert.is(status, 202);
      return '00081198' in dataSet && (dataSet as DataSet);
    });
    const said = await Promise.race([known, answered.then(() => assert.unreachable('it was opened'))]);
    if (said === undefined) return;
    assert.equal(valuesIn(said, '00081199', '00081155'), [here!.identifiers.sopInstanceUID]);
    assert.equal(valuesIn(said, '00081198', '00081155'), [beside!.identifiers.sopInstanceUID]);
    assert.equal(valuesIn(said, '00081198', '00081197'), [0x0111]);
    assert.equal(valuesIn(said, '0008119A', '00081197'), [0xc000]);
  } finally {
    answer();
    pacs.findStudy = findStudy;
  }
  const last = await answered;
  const conflicts = async (): Promise<boolean> =>
    (await statusOf(last)).file.notTaken.filter(({ state }) => state === 'conflict').length === 2;
  await until('the other conflict', conflicts);
});

test('a damaged instance is named by the UIDs that its front says', async () => {
  const [whole, damaged] = syntheticStudy({ seed: 9213, instancesPerSeries: 2 }).instances;
  const answer = await store({ files: [whole!.bytes, damaged!.bytes.slice(0, -100)] });
  assert.is(answer.status, 202);
  const said = (await answer.json()) as DataSet;
  assert.equal(valuesIn(said, '00081198', '00081155'), [damaged!.identifiers.sopInstanceUID]);
  assert.equal(valuesIn(said, '00081198', '00081150'), [damaged!.identifiers.sopClassUID]);
  assert.is(said['0008119A'], undefined);
});

test('where UIDs are replaced, an instance that is held is named by its new one, in JSON and in XML', async () => {
  const asked = { seed: 9214, series: 2, instancesPerSeries: 1, burnedInSeries: 1 };
  const { instances } = syntheticStudy(asked);
  const asking = { path: '/dicom-web/studies?policy=deidentified', files: filesOf(instances) };
  const answer = await store(asking);
  assert.is(answer.status, 202);
  const said = (await answer.json()) as DataSet;
  assert.is(valuesIn(said, '00081199', '00081155').length, 1);
  assert.equal(valuesIn(said, '00081198', '00081197'), [0x0124]);
  const warning = answer.headers.get('warning') ?? '';
  assert.match(warning, /^299 RelayPACS "[\x20-\x7e]+\. [A-Z][\x20-\x7e]+"$/, 'the reason and the remedy');
  const [held] = valuesIn(said, '00081198', '00081155') as [string];
  for (const { identifiers } of instances) assert.is.not(held, identifiers.sopInstanceUID);
  const inXml = await store({ ...asking, headers: { accept: 'application/dicom+xml' } });
  assert.match(await inXml.text(), `keyword="ReferencedSOPInstanceUID"><Value number="1">${held}<`);
});

test('the answer is 409, in XML where only that is asked for, if nothing was taken', async () => {
  const answer = await store({ files: [NO_INSTANCE], headers: { accept: 'application/dicom+xml' } });
  assert.is(answer.status, 409);
  const reason = 'vr="US" keyword="FailureReason"><Value number="1">49152</Value></DicomAttribute>';
  assert.match(await answer.text(), `<DicomAttribute tag="00081197" ${reason}`);
});

test('another media type, a body that is cut, and one that is no multipart are refused', async () => {
  const { bytes } = syntheticStudy({ seed: 9206, instancesPerSeries: 1 }).instances[0]!;
  const files = bodyOf([bytes]);
  for (const type of ['application/dicom', 'multipart/related; type="application/dicom+json"; boundary=x'])
    assert.is((await store({ files, headers: { 'content-type': type } })).status, 415, type);
  assert.is((await store({ files, headers: { accept: 'text/html' } })).status, 406);
  assert.is((await store({ files: files.slice(0, files.size - 60) })).status, 400);
  assert.is((await store({ files: 'nothing of the kind' })).status, 400);
  assert.is((await store({ files, path: '/dicom-web/studies/not-a-uid' })).status, 400);
  assert.is((await store({ files, path: '/dicom-web/studies?policy=of-nobody' })).status, 403);
});

test('parts are found wherever a piece of the body ends, with or without headers', async () => {
  const text =
    'before\r\n--b \r\nContent-Type: application/dicom\r\n\r\none\r\n--b\r\n\r\ntwo--b\r\n' +
    '--b\r\nContent-Type: text/plain\r\n\r\nthree\r\n--b--behind';
  for (let piece = 1; piece <= text.length; piece += 1)
    assert.equal(
      partsIn(text, piece).map(([offset, length, isInstance]) => [
        text.slice(offset, offset + length),
        isInstance,
      ]),
      [
        ['one', true],
        ['two--b', true],
        ['three', false],
      ],
      `in pieces of ${piece}`,
    );
});

/** The parts of a body that comes in pieces of so many bytes, whose memory is used again for the next one. */
function partsIn(text: string, piece: number) {
  const finder = new PartFinder('b');
  const memory = new Uint8Array(piece);
  for (let at = 0; at < text.length; at += piece) {
    const { written } = new TextEncoder().encodeInto(text.slice(at, at + piece), memory);
    finder.add(memory.subarray(0, written));
  }
  return finder.end();
}

test('why names are kept is said in the address where the policy asks, and is in the audit trail', async () => {
  const { bytes, identifiers } = syntheticStudy({ seed: 9207, instancesPerSeries: 1 }).instances[0]!;
  const path = `/dicom-web/studies?policy=${ASKING_POLICY}`;
  const before = await auditedReasons(gateway);
  for (const [said, code] of [
    ['', 'reason-missing'],
    ['&reason=for+DOE^JANE', 'invalid-request'],
  ] as const) {
    const text = await (await store({ path: `${path}${said}`, files: [bytes] })).text();
    assert.is((JSON.parse(text) as { code: string }).code, code);
    assert.not.match(text, 'DOE');
  }
  assert.equal(await auditedReasons(gateway), before);
  assert.not.ok(pacs.held.has(identifiers.sopInstanceUID));
  assert.is((await store({ path: `${path}&reason=treatment`, files: [bytes] })).status, 200);
  assert.equal(await auditedReasons(gateway), [...before, 'treatment']);
});

test('a body of many small parts is taken up to as many as are allowed', () => {
  const bodyWith = (parts: number) => `${'--b\r\n\r\nx\r\n'.repeat(parts)}--b--`;
  assert.is(partsIn(bodyWith(PARTS_LIMIT), 64 * 1024).length, PARTS_LIMIT);
  assert.throws(
    () => partsIn(bodyWith(PARTS_LIMIT + 1), 64 * 1024),
    (error: unknown) => error instanceof PartsError,
  );
});

test('a body that is none of parts is refused before much of it is held', () => {
  for (const text of [
    `--b\r\nX: ${'y'.repeat(9000)}`,
    `--b${' '.repeat(300)}`,
    '--b\r\n\r\nx\r\n--b',
    'nothing of the kind',
  ])
    assert.throws(
      () => partsIn(text, 1024),
      (error: unknown) => error instanceof PartsError,
      text.slice(0, 20),
    );
});

test('a body without a length counts, as it comes, against the quota of its account', async () => {
  const { db } = gateway.database;
  const mebibytes = 17;
  const quota = (bytes: number) => db.updateTable('site').set({ quota_bytes: bytes }).execute();
  let writer: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      writer = controller;
      for (let at = 0; at < mebibytes; at += 1) controller.enqueue(new Uint8Array(1024 ** 2));
    },
  });
  const { accessToken: by, user } = await gateway.userWith(['technician']);
  const coming = store({ by, files: body });
  await until('the bytes in the row', async () => {
    const rows = db.selectFrom('sent_file').select('bytes').where('account_id', '=', user.id);
    return Number((await rows.executeTakeFirst())?.bytes ?? 0) > 0;
  });
  await quota(16 * 1024 ** 2 + 10);
  const second = await store({ by, files: 'x'.repeat(1000), headers: { 'content-length': '1000' } });
  const { code } = (await second.json()) as { code: string };
  await quota(1024 ** 4);
  writer?.close();
  assert.is(code, 'quota-exceeded');
  assert.is((await coming).status, 400);
});

test('an instance that would need too much memory is refused unread', async () => {
  const kindOf = async (size: number) => {
    const read = () => Promise.reject(new Error('read'));
    const [entry] = await listEntries({ size, read }, { kind: 'instance' }, new AbortController().signal);
    return entry?.kind;
  };
  assert.is(await kindOf(ENTRY_BYTES_LIMIT), 'entry');
  assert.is(await kindOf(ENTRY_BYTES_LIMIT + 1), 'refused');
});

test.run();
