/** The index of a disc: what it names, and that no index leads the reader astray. */
import { openAsBlob } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { encodeDiscIndex, record, syntheticDisc, text, type DiscRecord } from '#testing/synthetic-disc.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { blobSource, bytesSource } from './byte-source.ts';
import { INDEX_BYTES_LIMIT, LEVEL_LIMIT, readDiscIndex, type DiscIndex } from './dicomdir.ts';
import { RECORD_LIMIT } from './limits.ts';

const { corpus } = testEnvironment();
const test = suite('the index of a disc');

const JANE = { name: 'Doe^Jane', id: 'D-1' };
const RICHARD = { name: 'Roe^Richard', id: 'R-2' };
const STUDIES = [
  { study: syntheticStudy({ seed: 31, series: 2, instancesPerSeries: 2 }), patient: JANE },
  { study: syntheticStudy({ seed: 32, instancesPerSeries: 1 }), patient: RICHARD },
];

async function read(bytes: Uint8Array): Promise<Extract<DiscIndex, { kind: 'index' }>> {
  const index = await readDiscIndex(bytesSource(bytes));
  assert.is(index?.kind, 'index');
  return index as Extract<DiscIndex, { kind: 'index' }>;
}

const bent = (bend: (records: DiscRecord[]) => void) => read(syntheticDisc(STUDIES, bend)[0]!.bytes);

const namesOf = ({ studies }: Extract<DiscIndex, { kind: 'index' }>) =>
  studies.map(({ files }) => files.map(({ fileId }) => fileId));

const ALL = [['ST0/IM0010001', 'ST0/IM0010002', 'ST0/IM0020001', 'ST0/IM0020002'], ['ST1/IM0010001']];

test('patients, studies and files come out as they were written', async () => {
  const index = await bent(() => undefined);
  assert.equal(namesOf(index), ALL);
  assert.equal([index.faults, index.others], [[], []]);
  assert.equal(
    index.studies.map(({ studyInstanceUID, description, modalities }) => [
      studyInstanceUID,
      description.patientName,
      description.patientId,
      description.studyDate,
      description.studyDescription,
      modalities,
    ]),
    STUDIES.map(({ study, patient }) => [
      study.studyInstanceUID,
      patient.name,
      patient.id,
      '2024-02-29',
      'Chest',
      ['CT'],
    ]),
  );
  assert.is(
    index.studies[0]!.files[0]!.sopInstanceUID,
    STUDIES[0]!.study.instances[0]!.identifiers.sopInstanceUID,
  );
});

test('a circle of offsets ends where it began, and is said', async () => {
  for (const bend of [
    (records: DiscRecord[]) => void Object.assign(records.at(-1)!, { next: 0 }),
    (records: DiscRecord[]) => void Object.assign(records.at(-1)!, { lower: records.length - 1 }),
  ]) {
    const index = await bent(bend);
    assert.equal([namesOf(index), index.faults], [ALL, ['circle']]);
  }
});

test('an offset that leads outside loses what is behind it, and is said', async () => {
  const index = await bent((records) => void Object.assign(records[0]!, { next: 10_000 }));
  assert.equal([namesOf(index), index.faults], [ALL.slice(0, 1), ['outside', 'unreached']]);
});

test('records that no offset leads to are said', async () => {
  const index = await bent((records) => void Object.assign(records[0]!, { next: null }));
  assert.equal([namesOf(index), index.faults], [ALL.slice(0, 1), ['unreached']]);
});

test('a deleted record names nothing, nor does any below it', async () => {
  const index = await bent((records) => void Object.assign(records[0]!, { isInUse: false }));
  assert.equal([namesOf(index), index.faults], [ALL.slice(1), []]);
});

test('levels end at their limit', async () => {
  const levels = Array.from({ length: LEVEL_LIMIT + 5 }, (_, nth) => ({
    ...record('PRIVATE', [text(0x00041500, 'CS', `F${nth}`)]),
    lower: nth + 1,
  }));
  Object.assign(levels.at(-1)!, { lower: null });
  const index = await read(encodeDiscIndex(levels));
  assert.equal([index.others.length, index.faults], [LEVEL_LIMIT, ['too-deep', 'unreached']]);
});

test('records end at their limit', async () => {
  const images = Array.from({ length: RECORD_LIMIT + 1 }, (_, nth) => ({
    ...record('I', []),
    next: nth < RECORD_LIMIT ? nth + 1 : null,
  }));
  assert.equal((await read(encodeDiscIndex(images))).faults, ['too-many-records', 'outside']);
});

test('texts end at the length of their VR, and a patient with many studies stays small', async () => {
  const long = 'A'.repeat(60_000);
  const patient = record('PATIENT', [
    text(0x00080070, 'LO', long),
    text(0x00100010, 'PN', long),
    text(0x00100020, 'LO', long),
  ]);
  const study = (nth: number) => ({
    ...record('STUDY', [text(0x0020000d, 'UI', `2.25.${nth}`)]),
    next: nth < 50 ? nth + 1 : null,
  });
  const studies = Array.from({ length: 50 }, (_, nth) => study(nth + 1));
  const index = await read(encodeDiscIndex([{ ...patient, lower: 1 }, ...studies]));
  assert.equal([index.studies.length, index.faults], [50, []]);
  for (const { description } of index.studies)
    assert.equal(
      [description.patientName, description.patientId, description.manufacturer].map((name) => name?.length),
      [194, 64, 64],
    );
  const named = [text(0x0020000d, 'UI', '1'.repeat(81))];
  assert.is((await read(encodeDiscIndex([record('STUDY', named)]))).studies[0]!.studyInstanceUID, '');
});

test('an index ends where it would weigh too much, and that is said', async () => {
  const path = Array.from({ length: 16 }, () => 'A'.repeat(64));
  const count = Math.ceil(INDEX_BYTES_LIMIT / (2 * 16 * 64));
  const images = Array.from({ length: count }, (_, nth) => ({
    ...record('IMAGE', [text(0x00041500, 'CS', ...path)]),
    next: nth + 1 < count ? nth + 1 : null,
  }));
  const index = await read(encodeDiscIndex(images));
  assert.ok(index.others.length > 0 && index.others.length < count);
  assert.equal(index.faults, ['too-many-records', 'unreached']);
});

test('a record of an instance without a File ID is said', async () => {
  for (const nameless of [record('IMAGE', []), record('SR DOCUMENT', [text(0x00041511, 'UI', '2.25.1')])]) {
    const index = await read(encodeDiscIndex([nameless]));
    assert.equal([index.others, index.faults], [[], ['file-id']]);
  }
});

test('a File ID that leads elsewhere, or cannot be shown, is not named', async () => {
  const hostile = [
    ['..', '..', 'etc', 'passwd'],
    ['C:', 'X'],
    ['a/../../b'],
    ['\u202eexe.mcd'],
    ['a\u0000b'],
    ['x'.repeat(65)],
    Array.from({ length: 17 }, () => 'A'),
    ['.'],
    ['A', '', 'B'],
  ];
  for (const components of hostile) {
    const index = await read(
      encodeDiscIndex([
        record('IMAGE', [text(0x00080005, 'CS', 'ISO_IR 192'), text(0x00041500, 'CS', ...components)]),
      ]),
    );
    assert.equal([index.others, index.faults], [[], ['file-id']], components.join('|'));
  }
});

test('an index without records, and one that is cut, are told apart from no index', async () => {
  assert.equal((await read(encodeDiscIndex([]))).faults, ['no-records']);
  const { bytes } = syntheticDisc(STUDIES)[0]!;
  assert.equal(await readDiscIndex(bytesSource(bytes.slice(0, -100))), {
    kind: 'damaged',
    because: 'truncated',
  });
  for (const other of [
    STUDIES[0]!.study.instances[0]!.bytes,
    new Uint8Array(),
    new TextEncoder().encode('no'),
  ])
    assert.is(await readDiscIndex(bytesSource(other)), null);
});

test('no byte of an index can be changed so that reading it throws or does not end', async () => {
  const { bytes } = syntheticDisc(STUDIES.slice(1))[0]!;
  let kinds = 0;
  for (let at = 128; at < bytes.length; at += 3) {
    const changed = bytes.slice();
    changed[at]! ^= 0xff;
    const index = await readDiscIndex(bytesSource(changed));
    if (index?.kind === 'index') kinds += 1;
  }
  assert.ok(kinds > 0);
});

if (corpus === null) skipped('the index of a real disc', 'the corpus is not there');
else
  test('the index of a real disc names its files', async () => {
    const folder = join(corpus, 'dev', 'dicomdir-set');
    const index = await readDiscIndex(blobSource(await openAsBlob(join(folder, 'DICOMDIR'))));
    if (index?.kind !== 'index') throw new Error('it is an index');
    assert.equal(index.faults, []);
    const files = index.studies.flatMap((study) => study.files);
    assert.is(files.length, 31);
    for (const { fileId } of files) assert.ok((await openAsBlob(join(folder, fileId))).size > 0);
    assert.is(index.studies[0]!.description.patientName, 'Doe^Archibald');
    // An object that only claims to be an index has the identifiers of an instance.
    const claims = await openAsBlob(join(corpus, 'bad', 'dicomdir-as-instance.dcm'));
    assert.is(await readDiscIndex(blobSource(claims)), null);
  });

test.run();
