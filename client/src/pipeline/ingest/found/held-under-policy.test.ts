/**
 * The policy in force decides what is held back, and whether a person can release it; an instance that is sent then
 * passes the gateway's check under the same policy.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildInstance, type SimpleElement } from '#shared/dicom/build-instance.ts';
import type { Box } from '#shared/dicom/boxes.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, JPEG_BASELINE, SOP_CLASSES } from '#shared/dicom/registry.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import type { HoldCause } from '#shared/deid/hold-causes.ts';
import { createTagCheck } from '#shared/deid/pseudonyms.ts';
import { PROFILE_BYTES_LIMIT } from '#shared/deid/bytes/clear-profile.ts';
import { checkResidue } from '#shared/deid/residue.ts';
import { createRules, settingsOf } from '#shared/deid/rules.ts';
import type { Policy } from '#shared/protocol/api.ts';
import { CODED, CODED_COLUMNS, CODED_ROWS } from '#testing/coded-pictures.ts';
import { isHeldWithoutNames, ODD_FILES } from '#testing/odd-files.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import {
  DEIDENTIFIED,
  filesOf,
  IDENTIFIED,
  openIngest,
  POLICY_KEY,
  foundOf,
  queuedInstances,
} from '../../../testing/open-ingest.ts';
import { rememberRate } from '../../queue/rows/device-notes.ts';
import { actsOnUnreleasable, leaveOutUnreleasable, sendUnder } from './held-acts.ts';
import { isReleasable, reasonsUnder } from './held-back.ts';
import { valuesOf } from '../../../testing/values-of.ts';

const STUDY = '1.2.3.555.1';
const PDF = parseUid('SOPClassUID', '1.2.840.10008.5.1.4.1.1.104.1');
const BURNED_IN_ANNOTATION = 0x00280301;

const policyWith = (more: Partial<Policy>): Policy => ({ ...DEIDENTIFIED, name: 'with-exceptions', ...more });
const KEEPS_DOCUMENTS = policyWith({ rules: { documents: 'keep' } });

function fileOf(instance: number, isDocument: boolean, burnedIn: string): File {
  const document: SimpleElement[] = [
    [0x00420011, 'OB', new TextEncoder().encode('%PDF-1.7 report')],
    [0x00420012, 'LO', 'application/pdf'],
  ];
  const parts = buildInstance({
    identifiers: {
      studyInstanceUID: parseUid('StudyInstanceUID', STUDY),
      seriesInstanceUID: parseUid('SeriesInstanceUID', `1.2.3.555.2.${isDocument ? 1 : 2}`),
      sopInstanceUID: parseUid('SOPInstanceUID', `1.2.3.555.3.${instance}`),
      sopClassUID: isDocument ? PDF : SOP_CLASSES.CT,
    },
    transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN,
    elements: [
      [0x00080060, 'CS', isDocument ? 'DOC' : 'CT'],
      [0x00100010, 'PN', 'Lindqvist^A'],
      [0x00100020, 'LO', 'MRN445566'],
      [0x00200013, 'IS', instance],
      [BURNED_IN_ANNOTATION, 'CS', burnedIn],
      ...(isDocument ? document : []),
    ],
    ...(!isDocument && { image: { rows: 4, columns: 4, bitsAllocated: 16, pixels: new Uint8Array(32) } }),
  });
  return new File([concatBytes(parts) as Uint8Array<ArrayBuffer>], `${instance}.dcm`);
}

/** Chooses an image of which nothing is held, and a document. */
async function chosen(policy: Policy, burnedIn = 'YES') {
  const device = await openIngest({ chosen: policy });
  await rememberRate(device.database, 'link-rate', 1e9);
  await device.store.addFiles([fileOf(1, true, burnedIn), fileOf(2, false, 'NO')]);
  const document = () => foundOf(device.store, STUDY).find(({ held }) => held.includes('document'))!;
  return { ...device, document, reasons: () => device.store.heldBack.value.map(({ reason }) => reason) };
}

/** The gateway's answer to the document in the queue, and its Burned In Annotation; null: it is not there. */
async function sentDocument(device: Awaited<ReturnType<typeof chosen>>, policy: Policy) {
  const rules = createRules(policy.options, settingsOf(policy));
  if (rules.kind !== 'ready') throw new Error(rules.option);
  const pseudonyms = await createTagCheck(POLICY_KEY.tagKey);
  const instance = (await queuedInstances(device)).find(({ identifiers }) => identifiers.sopClassUID === PDF);
  return instance
    ? {
        burnedIn: textOf(findElement(instance.elements, BURNED_IN_ANNOTATION), instance),
        residue: await checkResidue(instance, rules.rules, pseudonyms),
      }
    : null;
}

test('a document that says its pages name the patient is held where documents are kept, can be released, and passes the gateway', async () => {
  const device = await chosen(KEEPS_DOCUMENTS);
  assert.equal(device.reasons(), ['burned-in-annotation']);
  device.store.release([device.document()]);
  assert.equal(device.reasons(), []);
  await device.store.send();
  assert.equal(device.store.rejected.value, []);
  assert.equal(await sentDocument(device, KEEPS_DOCUMENTS), { burnedIn: 'NO', residue: [] });
});

test('without a release it stays, and its reason in the queue is one that a person can answer', async () => {
  const device = await chosen(KEEPS_DOCUMENTS);
  await device.store.send();
  assert.is(await sentDocument(device, KEEPS_DOCUMENTS), null);
  const [row] = await device.database.studies.toArray();
  assert.equal(row?.held.reasons, [{ reason: 'burned-in-annotation', instances: 1 }]);
});

test('where documents are not kept nobody can release one, and a release under another policy is worth nothing', async () => {
  const device = await chosen(KEEPS_DOCUMENTS);
  device.store.release([device.document()]);
  device.store.choosePolicy(DEIDENTIFIED.name);
  assert.equal(device.reasons(), ['cannot-be-deidentified']);
  device.store.release([device.document()]);
  assert.equal(device.reasons(), ['cannot-be-deidentified']);
  await device.store.send();
  assert.is(await sentDocument(device, DEIDENTIFIED), null);
});

test('the policies that send a document that nobody can release are known', async () => {
  const { store } = await chosen(DEIDENTIFIED);
  await store.addFiles(filesOf(syntheticStudy({ seed: 71, instancesPerSeries: 1 })));
  const other = store.studies.value.find(({ studyInstanceUID }) => studyInstanceUID !== STUDY)!;
  assert.is(store.policiesFor(other.studyInstanceUID), null, 'nothing of it is held');
  assert.equal(
    store.policiesFor(STUDY)?.map(({ name }) => name),
    [IDENTIFIED.name],
  );
});

test('a study with one goes under such a policy alone, or without it; one that holds nothing else is set aside', async () => {
  const { store } = await chosen(DEIDENTIFIED);
  await store.addFiles(filesOf(syntheticStudy({ seed: 71, instancesPerSeries: 1 })));
  const found = () => store.studies.value.find(({ studyInstanceUID }) => studyInstanceUID === STUDY)!;
  const ticked = () => store.studies.value.filter(({ selected }) => selected.value);
  assert.equal(actsOnUnreleasable(store, found()), {
    acts: ['other-policy', 'leave-out'],
    policy: IDENTIFIED,
  });
  sendUnder(store, found().id, IDENTIFIED);
  assert.equal(
    [store.policy.value?.name, valuesOf(ticked(), 'studyInstanceUID'), actsOnUnreleasable(store, found())],
    [IDENTIFIED.name, [STUDY], null],
  );
  store.choosePolicy(DEIDENTIFIED.name);
  await leaveOutUnreleasable(store, found());
  assert.equal([store.heldBack.value, actsOnUnreleasable(store, found())], [[], null]);

  const alone = await openIngest({ chosen: DEIDENTIFIED });
  await alone.store.addFiles([fileOf(1, true, 'YES')]);
  const [document] = alone.store.studies.value;
  assert.equal(actsOnUnreleasable(alone.store, document!)?.acts, ['other-policy', 'set-aside']);
  await leaveOutUnreleasable(alone.store, document!);
  assert.equal(document!.selected.value, false);
  assert.equal(actsOnUnreleasable(alone.store, document!)?.acts, ['other-policy'], 'it is left out already');
});

test('a policy that keeps documents without names comes before one that keeps names; without either there is none', async () => {
  const kept = await chosen(KEEPS_DOCUMENTS);
  kept.store.choosePolicy(DEIDENTIFIED.name);
  const names = () => kept.store.policiesFor(STUDY)?.map(({ name }) => name);
  assert.equal(names(), [KEEPS_DOCUMENTS.name, IDENTIFIED.name]);
  kept.policies.value = { ...kept.policies.value!, policies: [DEIDENTIFIED] };
  assert.equal(names(), []);
});

test('a release is asked for again under another policy, which may hold the instance for another reason', async () => {
  const device = await chosen(KEEPS_DOCUMENTS);
  device.store.release([device.document()]);
  assert.equal(device.reasons(), []);
  device.store.choosePolicy(DEIDENTIFIED.name);
  device.store.choosePolicy(KEEPS_DOCUMENTS.name);
  assert.equal(device.reasons(), ['burned-in-annotation']);
});

test('a document is counted as held before Send also where notes next to curves are cleaned', async () => {
  const device = await chosen(policyWith({ options: ['clean-descriptors'] }), 'NO');
  assert.equal(device.reasons(), ['cannot-be-deidentified']);
});

test('a kept document that says its pages name nobody is sent without a question', async () => {
  const device = await chosen(KEEPS_DOCUMENTS, 'NO');
  assert.equal(device.reasons(), []);
  await device.store.send();
  assert.equal(await sentDocument(device, KEEPS_DOCUMENTS), { burnedIn: 'NO', residue: [] });
});

test('each cause is held or passes as the policy says, and one that is final makes all of them final', () => {
  const document = 'cannot-be-deidentified';
  const pixels = 'pixel-data-not-clearable';
  for (const [held, policy, reason, isFree] of [
    [['undeclared-text'], {}, 'undeclared-text', true],
    [['undeclared-text'], { rules: { undeclaredText: 'warn' } }, null, false],
    [['undeclared-text'], { deidentify: false }, null, false],
    [['burned-in'], { rules: { undeclaredText: 'send' } }, 'burned-in-annotation', true],
    [['written-annotation'], {}, document, false],
    [['written-annotation'], { options: ['clean-structured-content'] }, null, false],
    [['written-annotation'], { rules: { waveformAnnotations: 'clean' } }, null, false],
    [['written-annotation'], { rules: { documents: 'keep' } }, document, false],
    [['document', 'burned-in'], { rules: { waveformAnnotations: 'clean' } }, document, false],
    [['document-in-image'], { rules: { documents: 'keep' } }, document, false],
    [['unclearable-pixels', 'undeclared-text'], {}, pixels, false],
    [['odd-length'], { deidentify: false }, null, false],
    [['odd-length'], { deidentify: false, strict: true }, 'odd-length', false],
    [['odd-length'], {}, 'odd-length', true],
    [['odd-length', 'burned-in'], {}, 'burned-in-annotation', true],
    [['odd-length', 'unclearable-pixels'], {}, pixels, false],
  ] satisfies [HoldCause[], Partial<Policy>, string | null, boolean][]) {
    const found = { held, naming: [] };
    const said = [
      reasonsUnder(policyWith(policy), found)[0] ?? null,
      isReleasable(policyWith(policy), found),
    ];
    assert.equal(said, [reason, isFree], JSON.stringify([held, policy]));
  }
  const naming = [{ path: 'x', text: 'y' }];
  assert.equal(isReleasable(DEIDENTIFIED, { held: ['document'], naming }), false);
  assert.equal(reasonsUnder(DEIDENTIFIED, { held: [], naming }), ['named-by-companion']);
});

test('an odd image is offered a release only where Send can keep it', async () => {
  const NOT_CLEARABLE = 'pixel-data-not-clearable';
  const { store } = await openIngest({ chosen: DEIDENTIFIED });
  await store.addFiles(ODD_FILES.map(({ name, bytes }) => new File([bytes], `${name}.dcm`)));
  const offered = store.heldBack.value.map(
    ({ path, reason, isReleasable: can }) => `${path} ${reason} ${can}`,
  );
  const expected = ODD_FILES.filter(isHeldWithoutNames).map(
    ({ name, because, isReleasable: can }) => `${name}.dcm ${can ? because : NOT_CLEARABLE} ${can}`,
  );
  assert.equal(offered.toSorted(), expected.toSorted());
});

interface CodedPicture {
  /** So many bytes are missing at its end. */
  readonly cut?: number;
  readonly profile?: number;
  /** Burned In Annotation: YES, the pixels name the patient, unless told otherwise. */
  readonly says?: string;
  readonly model?: string;
  readonly operator?: string;
}

function burnedIn(nth: number, { cut = 0, profile = 0, says = 'YES', ...header }: CodedPicture = {}): File {
  const coded = CODED.jpegBaseline.subarray(0, CODED.jpegBaseline.length - cut);
  const parts = buildInstance({
    identifiers: {
      studyInstanceUID: parseUid('StudyInstanceUID', '1.2.3.556.1'),
      seriesInstanceUID: parseUid('SeriesInstanceUID', '1.2.3.556.2'),
      sopInstanceUID: parseUid('SOPInstanceUID', `1.2.3.556.3.${nth}`),
      sopClassUID: parseUid('SOPClassUID', '1.2.840.10008.5.1.4.1.1.6.1'),
    },
    transferSyntaxUID: JPEG_BASELINE,
    elements: [
      [0x00080060, 'CS', 'US'],
      [0x00081070, 'PN', header.operator ?? ''],
      [0x00081090, 'LO', header.model ?? 'Scanner'],
      [0x00100010, 'PN', 'Lindqvist^A'],
      [0x00100020, 'LO', 'MRN445566'],
      [BURNED_IN_ANNOTATION, 'CS', says],
      ...(profile > 0 ? [[0x00282000, 'OB', new Uint8Array(profile)] satisfies SimpleElement] : []),
    ],
    image: { rows: CODED_ROWS, columns: CODED_COLUMNS, bitsAllocated: 8, pixels: [evenly(coded)] },
  });
  return new File([concatBytes(parts) as Uint8Array<ArrayBuffer>], `${nth}.dcm`);
}

const evenly = (bytes: Uint8Array) => concatBytes([bytes, new Uint8Array(bytes.length % 2)]);

test('of an image with a name in its pixels only what Send accepts is offered', async () => {
  const device = await openIngest({ chosen: DEIDENTIFIED });
  const { store } = device;
  // Without the marker of its end a codestream may go on; a profile of this size is not looked through.
  const files = [burnedIn(1), burnedIn(2, { cut: 2 }), burnedIn(3, { profile: 2 * PROFILE_BYTES_LIMIT })];
  await store.addFiles(files);
  const held = () => valuesOf(store.heldBack.value, 'path').sort();
  assert.equal(valuesOf(store.heldBack.value, 'path', 'reason', 'isReleasable').sort(), [
    ['1.dcm', 'burned-in-annotation', true],
    ['2.dcm', 'burned-in-annotation', true],
    ['3.dcm', 'pixel-data-not-clearable', false],
  ]);
  const found = store.inspection.seriesOf('1.2.3.556.1').flatMap((series) => series.files);
  store.release(found);
  assert.equal(held(), ['2.dcm', '3.dcm'], 'the second can only be covered');
  const waiting = found.filter(({ file }) => held().includes(file.path));
  store.release(waiting, [{ frames: null, x: 0, y: 0, width: 8, height: 8 }]);
  assert.equal(held(), ['3.dcm']);
  await store.send();
  assert.equal(store.rejected.value, []);
  const [row] = await device.database.studies.toArray();
  assert.equal([row?.chosen, row?.held.reasons], [3, [{ reason: 'pixel-data-not-clearable', instances: 1 }]]);
});

const BOX: Box = { frames: null, x: 0, y: 0, width: 8, height: 8 };
const SENDS_UNDECLARED = policyWith({ rules: { undeclaredText: 'send' } });
const filesOnPage = ({ store }: Awaited<ReturnType<typeof openIngest>>) =>
  store.inspection.seriesOf('1.2.3.556.1').flatMap((series) => series.files);

test('where text that images do not declare is sent, one that may hide something can still be covered, and then is sent', async () => {
  const device = await openIngest({ chosen: SENDS_UNDECLARED });
  const { store, database } = device;
  await store.addFiles([burnedIn(1, { says: '' }), burnedIn(2, { says: '', cut: 2 })]);
  const held = () => store.heldBack.value.map(({ path, reason, isReleasable: can }) => [path, reason, can]);
  assert.equal(held(), [['2.dcm', 'undeclared-text', true]]);
  store.release(filesOnPage(device));
  assert.equal(held(), [['2.dcm', 'undeclared-text', true]], 'only boxes over it help');
  store.release(filesOnPage(device).slice(1), [BOX]);
  assert.equal(held(), []);
  await store.send();
  assert.equal(store.rejected.value, []);
  const [row] = await database.studies.toArray();
  assert.equal([row?.chosen, row?.held.reasons], [2, []]);
});

test('left as it is, such an image waits for somebody who covers it', async () => {
  const { store, database } = await openIngest({ chosen: SENDS_UNDECLARED });
  await store.addFiles([burnedIn(1, { says: '' }), burnedIn(2, { says: '', cut: 2 })]);
  await store.send();
  const [row] = await database.studies.toArray();
  assert.equal(row?.held.reasons, [{ reason: 'undeclared-text', instances: 1 }]);
});

test('boxes over an image that can only be covered stay drawn while a person reads the text that names a companion', async () => {
  const device = await openIngest({ chosen: DEIDENTIFIED });
  const { store, database } = device;
  await store.addFiles([
    burnedIn(1, { cut: 2, model: 'Vossberg Scanner' }),
    burnedIn(2, { says: 'NO', operator: 'Vossberg^Ilse' }),
  ]);
  store.release(filesOnPage(device).slice(0, 1), [BOX]);
  await store.send();
  assert.equal([store.problem.value, store.released.value.size], ['look-first', 0]);
  store.release(filesOnPage(device).slice(0, 1));
  assert.equal([...store.released.value.values()], [[BOX]]);
  await store.send();
  assert.equal([store.problem.value, store.rejected.value], [null, []]);
  const [row] = await database.studies.toArray();
  assert.equal([row?.chosen, row?.held.reasons], [2, []]);
});

test.run();
