import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FileStatus } from '#shared/protocol/api.ts';
import { parsed } from '#testing/deidentified-file.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { createTestKey } from '../testing/open-api-key.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { findParts } from './read-parts.ts';

const test = suite('STOW-RS');
const pacs = openTestPacs();
let gateway: TestGateway;
let key: string;
test.before(async () => {
  gateway = await openTestGateway({ pacs });
  const { user } = await gateway.userWith(['technician']);
  key = await createTestKey(gateway, { accountId: user.id, scopes: ['upload'] });
});
test.after(() => gateway.close());

type Bytes = Uint8Array<ArrayBuffer>;
const BOUNDARY = 'a boundary+of(a client)';
const TYPE = `multipart/related; type="application/dicom"; boundary="${BOUNDARY}"`;

function bodyOf(parts: readonly Bytes[]): Blob {
  const head = `--${BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n`;
  return new Blob([...parts.flatMap((bytes) => [head, bytes, '\r\n']), `--${BOUNDARY}--`]);
}

type Store = {
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body: Blob | string;
};

const store = async ({ path = '/dicom-web/studies?policy=identified', headers = {}, body }: Store) =>
  gateway.api.request(`http://localhost${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': TYPE, ...headers },
    body,
  });

type DataSet = Record<string, { vr: string; Value?: DataSet[] & unknown[] }>;
const valuesIn = (dataSet: DataSet, sequence: string, tag: string): unknown[] =>
  (dataSet[sequence]?.Value ?? []).map((item: DataSet) => item[tag]?.Value?.[0]);

test('a study is stored, confirmed by the PACS and named in the answer', async () => {
  const { instances, studyInstanceUID } = syntheticStudy({ seed: 9201 });
  const path = `/dicom-web/studies/${studyInstanceUID}?policy=identified`;
  const answer = await store({ path, body: bodyOf(instances.map(({ bytes }) => bytes)) });
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

test('an instance that cannot be read, and one of another study, fail and hold up no other', async () => {
  const { instances, studyInstanceUID } = syntheticStudy({ seed: 9202, instancesPerSeries: 2 });
  const other = syntheticStudy({ seed: 9203, instancesPerSeries: 1 }).instances[0]!;
  const garbage = new TextEncoder().encode('no instance');
  const parts = [...instances.map(({ bytes }) => bytes), other.bytes, garbage];
  const path = `/dicom-web/studies/${studyInstanceUID}?policy=identified`;
  const answer = await store({ path, body: bodyOf(parts) });
  assert.is(answer.status, 202);
  const said = (await answer.json()) as DataSet;
  assert.is(valuesIn(said, '00081199', '00081155').length, 2);
  assert.equal(valuesIn(said, '00081198', '00081155'), [other.identifiers.sopInstanceUID]);
  assert.equal(valuesIn(said, '00081198', '00081197'), [0xa900]);
  assert.equal(valuesIn(said, '0008119A', '00081197'), [0xc000]);
  const status = await gateway.call('GET', answer.headers.get('location')!, { token: key });
  const { file } = (await status.json()) as FileStatus;
  assert.equal(
    file.notTaken.map(({ entry, state }) => [entry, state]),
    [
      [3, 'refused'],
      [4, 'refused'],
    ],
  );
});

test('the answer is 409, in XML where only that is asked for, if nothing was taken', async () => {
  const garbage = new TextEncoder().encode('no instance');
  const answer = await store({ body: bodyOf([garbage]), headers: { accept: 'application/dicom+xml' } });
  assert.is(answer.status, 409);
  const reason = 'vr="US" keyword="FailureReason"><Value number="1">49152</Value></DicomAttribute>';
  assert.match(await answer.text(), `<DicomAttribute tag="00081197" ${reason}`);
});

test('under a policy that removes names the PACS gets none of them', async () => {
  const { instances, planted } = syntheticStudy({ seed: 9205, instancesPerSeries: 2 });
  const before = new Set(pacs.held.keys());
  const answer = await store({
    path: '/dicom-web/studies?policy=deidentified',
    body: bodyOf(instances.map(({ bytes }) => bytes)),
  });
  assert.is(answer.status, 200);
  const came = [...pacs.held].filter(([uid]) => !before.has(uid));
  assert.is(came.length, 2);
  for (const [, { bytes }] of came) {
    assert.ok((await parsed(bytes)).identifiers.sopInstanceUID);
    for (const value of planted) assert.not(bytes.includes(value), 'a planted value');
  }
});

test('another media type, a body that is cut, and one that is no multipart are refused', async () => {
  const { bytes } = syntheticStudy({ seed: 9206, instancesPerSeries: 1 }).instances[0]!;
  const body = bodyOf([bytes]);
  for (const type of ['application/dicom', 'multipart/related; type="application/dicom+json"; boundary=x'])
    assert.is((await store({ body, headers: { 'content-type': type } })).status, 415, type);
  assert.is((await store({ body, headers: { accept: 'text/html' } })).status, 406);
  assert.is((await store({ body: body.slice(0, body.size - 60) })).status, 400);
  assert.is((await store({ body: 'nothing of the kind' })).status, 400);
  assert.is((await store({ body, path: '/dicom-web/studies/not-a-uid' })).status, 400);
  assert.is((await store({ body, path: '/dicom-web/studies?policy=of-nobody' })).status, 403);
});

test('parts are found wherever a piece of the body ends, with or without headers', async () => {
  const text = '--b \r\nContent-Type: application/dicom\r\n\r\none\r\n--b\r\n\r\ntwo--b\r\n--b--';
  const bytes = new TextEncoder().encode(text);
  const parts = await findParts(
    { size: bytes.length, read: async (offset, length) => bytes.slice(offset, offset + length) },
    'b',
  );
  assert.equal(
    parts.map(({ range, contentType }) => [
      text.slice(range.offset, range.offset + range.length),
      contentType,
    ]),
    [
      ['one', 'application/dicom'],
      ['two--b', ''],
    ],
  );
});

test.run();
