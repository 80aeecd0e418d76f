/** A study of an order is sent with the order's identifiers, and says what it held before. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { builtFile } from '#testing/built-file.ts';
import { parsed } from '#testing/deidentified-file.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import type { SimpleElement } from '../dicom/build-instance.ts';
import { describeInstance } from '../dicom/describe-instance.ts';
import { findElement, textOf } from '../dicom/values.ts';
import type { Order } from '../protocol/worklist.ts';
import { HELD_BYTES } from '../transfer/instance-bytes.ts';
import { ingestFile } from './ingest-file.ts';

const test = suite('an order on an instance');

const ORDER: Order = {
  patientName: 'Ordered^Olga',
  patientId: 'ORDER-1',
  issuer: 'CLINIC',
  birthDate: '1980-02-03',
  sex: 'F',
  accessionNumber: 'ACC-9',
  procedureId: 'RP-9',
  stepId: 'SPS-9',
  description: 'Chest as ordered',
  modality: 'CT',
  scheduledOn: '2026-11-23',
  scheduledAt: '08:30',
};
const chosenAt = '2026-11-23T08:00:00.000Z';

const SMALL = { rows: 1, columns: 2, bitsAllocated: 8, pixels: new Uint8Array(2) } as const;
const instanceOf = (size = 16): SyntheticInstance =>
  syntheticStudy({ seed: 4711, instancesPerSeries: 1, rows: size, columns: size }).instances[0]!;

async function sent(file: Blob, order: Order | null) {
  const outcome = await ingestFile(file, {
    policy: { kind: 'identified', order: order === null ? undefined : { order, chosenAt } },
    inFolder: false,
  });
  if (outcome.kind !== 'ready') throw new Error(outcome.because);
  const { bytes, digest } = outcome.instance;
  const content = bytes instanceof Blob ? new Uint8Array(await bytes.arrayBuffer()) : bytes;
  return { content, digest, instance: await parsed(content) };
}

for (const size of [16, 1600])
  test(`its identifiers replace those of the file, of ${size} rows, which stand in the record`, async () => {
    const source = instanceOf(size);
    assert.is(source.bytes.length > HELD_BYTES, size > 1000);
    const before = describeInstance(await parsed(source.bytes));
    const { instance, digest } = await sent(new Blob([source.bytes]), ORDER);
    const after = describeInstance(instance);
    assert.equal(
      [after.patientName, after.patientId, after.patientBirthDate, after.patientSex],
      [ORDER.patientName, ORDER.patientId, ORDER.birthDate, ORDER.sex],
    );
    assert.equal([after.accessionNumber, after.studyDescription], [ORDER.accessionNumber, ORDER.description]);
    assert.equal(instance.identifiers, source.identifiers, 'the UIDs stay');
    const [request] = findElement(instance.elements, 0x00400275)!.items!;
    assert.equal(
      request!.elements.map((element) => textOf(element, instance)),
      ['SPS-9', 'RP-9'],
    );
    const [record] = findElement(instance.elements, 0x04000561)!.items!;
    const originals = findElement(record!.elements, 0x04000550)!.items![0]!.elements;
    assert.is(textOf(findElement(originals, 0x00100010), instance), before.patientName);
    assert.is(textOf(findElement(originals, 0x00100020), instance), before.patientId);
    const pixels = instance.elements.at(-1)!;
    assert.equal(
      await instance.dataSet.read(pixels.valueOffset, pixels.valueLength),
      source.bytes.slice(-pixels.valueLength),
    );
    assert.is((await sent(new Blob([source.bytes]), ORDER)).digest, digest, 'the same again');
  });

test('nothing stays of another patient, of whom the order does not say it', async () => {
  const elements = [
    [0x00100010, 'PN', 'Before^Bea'],
    [0x00100020, 'LO', 'BEFORE-1'],
    [0x00100030, 'DA', '19550607'],
    [0x00100040, 'CS', 'M'],
    [0x00101000, 'LO', 'BEFORE-2'],
  ] as const;
  const file = new Blob([builtFile(elements, { image: SMALL })]);
  const sentFor = async (patientId: string): Promise<(string | null)[]> => {
    const { instance } = await sent(file, { ...ORDER, patientId, birthDate: null, sex: null });
    const tags = [0x00100020, 0x00100030, 0x00100040, 0x00101000];
    return tags.map((tag) => textOf(findElement(instance.elements, tag), instance) || null);
  };
  assert.equal(await sentFor('ORDER-1'), ['ORDER-1', null, null, null]);
  assert.equal(await sentFor('BEFORE-1'), ['BEFORE-1', '19550607', 'M', 'BEFORE-2']);
});

test('an order changes nothing that says already what was ordered', async () => {
  const { content, digest } = await sent(new Blob([instanceOf().bytes]), ORDER);
  assert.is((await sent(new Blob([content as Uint8Array<ArrayBuffer>]), ORDER)).digest, digest);
  assert.equal((await sent(new Blob([instanceOf().bytes]), null)).content, instanceOf().bytes);
});

const fileIn = (characterSets: string, ...others: readonly SimpleElement[]): Blob =>
  new Blob([builtFile([[0x00080005, 'CS', characterSets], ...others], { image: SMALL })]);

const NAMES_BY_SETS = [
  ['\\ISO 2022 IR 87', 'Yamada^Tarou=山田^太郎=やまだ^たろう'],
  ['ISO 2022 IR 13\\ISO 2022 IR 87', 'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう'],
  ['\\ISO 2022 IR 149', 'Hong^Gildong=洪^吉洞=홍^길동'],
  ['GB18030', 'Wang^XiaoDong=王^小东'],
  ['ISO_IR 166', 'สมชาย^ทดสอบ'],
] as const;

for (const [sets, patientName] of NAMES_BY_SETS)
  test(`an order’s name is written in the character sets of the file: ${sets}`, async () => {
    const previous = Uint8Array.of(0x4d, 0x1b, 0x28, 0x42);
    const file = fileIn(sets, [0x00081030, 'LO', previous]);
    const { instance } = await sent(file, { ...ORDER, patientName });
    assert.is(textOf(findElement(instance.elements, 0x00100010), instance), patientName);
    assert.equal(instance.characterSets, sets.split('\\'));
  });

test('an instance is refused whose character set lacks a letter of the order', async () => {
  const outcome = await ingestFile(fileIn('ISO_IR 100', [0x00081030, 'LO', Uint8Array.of(0x4d, 0xfc)]), {
    policy: { kind: 'identified', order: { order: { ...ORDER, patientName: '山田^太郎' }, chosenAt } },
    inFolder: false,
  });
  assert.equal(outcome, { kind: 'refused', because: 'order-not-writable' });
});

test.run();
