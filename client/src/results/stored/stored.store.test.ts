import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildInstance, type SimpleElement } from '#shared/dicom/build-instance.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '#shared/dicom/registry.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import type { ResultInstance } from '#shared/protocol/inference.ts';
import { sha256OfBytes } from '#shared/transfer/digest.ts';
import { formatMoment } from '../../kit/format.ts';
import { momentSaid } from './stored-moment.ts';
import {
  hrefOfInstance,
  inReadingOrder,
  isPlace,
  placeOf,
  replacementOf,
  titleOfReport,
} from '../parts/stored-places.ts';
import { createStoredStore, type Reading } from './stored.store.ts';
import { refusal, openTestApi, unreachable, type Answering } from '../../testing/open-api.ts';
import { readStored } from './read-stored.ts';
import { recordedInstance, STUDY } from '../../testing/recorded-answers.ts';
import { valuesOf } from '../../testing/values-of.ts';
import { assertEach } from '../../testing/assert-each.ts';

const COMPREHENSIVE_SR = '1.2.840.10008.5.1.4.1.1.88.33';
const code = (value: string, meaning: string): SimpleElement[] => [
  [0x00080100, 'SH', value],
  [0x00080102, 'SH', 'DCM'],
  [0x00080104, 'LO', meaning],
];

function report(): Uint8Array<ArrayBuffer> {
  const identifiers = {
    studyInstanceUID: parseUid('StudyInstanceUID', STUDY),
    seriesInstanceUID: parseUid('SeriesInstanceUID', `${STUDY}4`),
    sopInstanceUID: parseUid('SOPInstanceUID', `${STUDY}3`),
    sopClassUID: parseUid('SOPClassUID', COMPREHENSIVE_SR),
  };
  const elements: SimpleElement[] = [
    [0x00080060, 'CS', 'SR'],
    [0x00100010, 'PN', 'RP-1'],
    [0x00120062, 'CS', 'YES'],
    [0x0040a491, 'CS', 'PARTIAL'],
    [0x0040a493, 'CS', 'UNVERIFIED'],
    [0x0040a040, 'CS', 'CONTAINER'],
    [0x0040a043, 'SQ', code('126000', 'Imaging Measurement Report')],
  ];
  return new Uint8Array(
    concatBytes(buildInstance({ identifiers, transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN, elements })),
  );
}

async function readAs(answer: Answering, instance: ResultInstance = recordedInstance()): Promise<Reading> {
  const { api, asked } = openTestApi(answer);
  const store = createStoredStore({
    api,
    read: (bytes) => readStored(bytes, loadCodecs()),
    now: () => 0,
    path: `/results/r/instances/${instance.sopInstanceUID}`,
    instance: () => instance,
  });
  assert.is(store.reading.value.kind, 'reading');
  await store.read();
  assert.equal(valuesOf(asked, 'path'), [`/results/r/instances/${instance.sopInstanceUID}`]);
  return store.reading.value;
}
const dicom: Answering = () => new Response(report(), { headers: { 'content-type': 'application/dicom' } });
const titleOf = (reading: Reading) =>
  reading.kind === 'failed' ? [reading.trouble.kind, reading.trouble.title] : reading.kind;

test('an instance from the PACS is read and compared with the digest in the receipt', async () => {
  const digest = await sha256OfBytes(report());
  const said = await readAs(dicom, recordedInstance({ digest }));
  if (said.kind !== 'read') throw assert.unreachable(said.kind);
  assert.equal(
    [said.isAsListed, said.bytes, said.stored.head.patientName, said.stored.head.isDeidentified],
    [true, report().length, 'RP-1', true],
  );
  assert.ok(
    said.stored.content.kind === 'report' && said.stored.content.report.verification === 'UNVERIFIED',
  );
  const changed = await readAs(dicom);
  assert.is(changed.kind === 'read' && changed.isAsListed, false);
  const unlisted = await readAs(dicom, recordedInstance({ receipt: null }));
  assert.is(unlisted.kind === 'read' ? unlisted.isAsListed : 0, null);
});

test('a missing instance is reported by its state: lost, on its way, refused, quarantined', async () => {
  const absent: Answering = () => refusal(404, 'study-not-found');
  const said = await Promise.all(
    ['stored', 'posting', 'refused', 'quarantined'].map(async (state) =>
      titleOf(await readAs(absent, recordedInstance({ state }))),
    ),
  );
  assert.equal(said, [
    ['stop', 'It is no longer in the PACS.'],
    ['wait', 'It is not in the PACS yet.'],
    ['stop', 'The PACS refused it.'],
    ['stop', 'It was held back and is not in the PACS.'],
  ]);
});

test('an unreachable PACS or gateway asks for waiting, and an answer that is not DICOM is reported', async () => {
  const away = await readAs(() => refusal(502, 'pacs-unreachable'));
  assert.equal(away.kind === 'failed' && [away.trouble.kind, away.trouble.next], [
    'wait',
    'Nothing is lost. Read it again when the PACS responds.',
  ]);
  assert.equal(titleOf(await readAs(() => unreachable())), ['wait', 'The gateway is not responding.']);
  assert.equal(titleOf(await readAs(() => new Response('<html>'))), [
    'stop',
    'The response from the PACS cannot be shown.',
  ]);
});

test('a moment is shown to its precision, one with a zone in the time of this device; a removed one says so', () => {
  const named = { isDeidentified: false };
  const nameless = { isDeidentified: true };
  const local = formatMoment(new Date('2026-11-21T12:30:00Z'), new Date(0));
  assert.equal(
    [
      momentSaid('20261121', '123000+0000', named),
      momentSaid('20261121', '083000.000-0400', named),
      momentSaid('20261122', '0215+1345', named),
    ],
    [local, local, local],
  );
  assert.match(momentSaid('20261121', '0830', nameless)!, /08:30$/);
  assert.match(momentSaid('19000101', '', named)!, /1900/);
  assert.equal(
    [momentSaid('19000101', '0000', nameless), momentSaid('', '', named)],
    ['removed together with names', null],
  );
});

test('two verified reports differ in verdict and time, and an older one names the report that replaced it', () => {
  const verdictOf = (verdict: 'agree' | 'correct', hour: string) => ({
    ...{ verdict, finding: null, by: '11111111-1111-4111-8111-111111111111' },
    at: `2020-11-22T${hour}:00:00Z`,
  });
  const result = { history: [verdictOf('agree', '08'), verdictOf('correct', '09')] };
  const first = recordedInstance();
  const agreed = recordedInstance({ revision: 2 });
  const corrected = recordedInstance({ revision: 3 });
  const map = recordedInstance({ kind: 'SC' });
  assertEach([first, map], (one) => titleOfReport(result, one), ['Report', 'Heat map']);
  assert.match(titleOfReport(result, agreed), /^Verified report: Agreed, .*2020/);
  assert.match(titleOfReport(result, corrected), /^Verified report: Corrected, .*2020/);
  assert.is(titleOfReport({}, agreed), 'Verified report');
  const all = [map, corrected, first, agreed];
  assertEach([first, agreed, corrected, map], (one) => replacementOf(all, one), [
    agreed,
    corrected,
    null,
    null,
  ]);
  const refused = recordedInstance({ revision: 3, state: 'refused' });
  assert.is(replacementOf([agreed, refused], agreed), null, 'the PACS does not have the later one');
});

test('an address names the kind and no UID, and instances are in reading order', () => {
  const first = recordedInstance();
  const verified = recordedInstance({ revision: 2 });
  const map = recordedInstance({ kind: 'SC' });
  assert.equal(inReadingOrder([map, first, verified]), [verified, first, map]);
  assert.equal([first, verified, map].map(placeOf), ['SR', 'SR-2', 'SC']);
  assert.is(hrefOfInstance('r', verified), '#/results/r/SR-2');
  assert.equal(['SR', 'SR-2', 'SEG', 'XX', '', '0b9f6a0e-7f0f'].map(isPlace), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

test.run();
