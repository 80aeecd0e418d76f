import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { byTag, deidentified, holds, sequence, shownValue, text } from '#testing/deidentified-elements.ts';
import type { ParsedInstance } from '../dicom/data-set.ts';
import type { NewElement } from '../dicom/encode.ts';
import { findElement } from '../dicom/values.ts';

/** A coded concept. */
const code = (value: string, scheme: string, ...more: NewElement[]): NewElement[] => [
  text(0x00080100, 'SH', value),
  text(0x00080102, 'SH', scheme),
  ...more,
];
const name = (value: string, scheme: string, meaning: string) =>
  code(value, scheme, text(0x00080104, 'LO', meaning));
/** A content item of this type (PS3.3 §C.17.3.2), in the order of its tags. */
const item = (type: string, concept: NewElement[], ...more: NewElement[]): NewElement[] =>
  [text(0x0040a040, 'CS', type), sequence(0x0040a043, concept), ...more].sort(byTag);
const measured = (value: string, unit: string): NewElement =>
  sequence(0x0040a300, [sequence(0x004008ea, name(unit, 'UCUM', unit)), text(0x0040a30a, 'DS', value)]);

const first = (instance: ParsedInstance, tag: number) =>
  findElement(instance.elements, tag)?.items?.[0]?.elements ?? [];

test('a report keeps its tree, its standard codes and its measurements, and loses names, prose, dates and private codes', async () => {
  const items = [
    item('NUM', name('103339001', 'SCT', 'Long axis'), measured('12.5', 'millimeter')),
    item('NUM', name('121033', 'DCM', 'Subject Age'), measured('77.25', 'a')),
    item(
      'TEXT',
      name('X1', '99HOSP', 'Our own concept'),
      text(0x0040a160, 'UT', 'Jane Doe, seen by Dr. Roe'),
    ),
    item(
      'CODE',
      name('121011', 'DCM', 'Role'),
      sequence(0x0040a168, name('W7', '99HOSP', 'Ward of Dr. Roe')),
    ),
    item('UIDREF', name('112039', 'DCM', 'Tracking'), text(0x0040a124, 'UI', '1.2.3.4')),
  ];
  for (const options of [[], ['clean-structured-content']]) {
    const { bytes, instance } = await deidentified([sequence(0x0040a730, ...items)], options);
    const content = findElement(instance.elements, 0x0040a730)?.items ?? [];
    assert.is(content.length, 5);
    for (const kept of ['12.5', 'Long axis', 'millimeter', 'Our own concept', 'Subject Age'])
      assert.ok(holds(bytes, kept), kept);
    for (const gone of ['Roe', 'Jane', '77.25', 'W7', '1.2.3.4\0'])
      assert.not.ok(holds(bytes.subarray(400), gone), gone);
    assert.is(shownValue(content[1]?.elements ?? [], 0x0040a300), '0 items');
  }
});

test('in a report, attributes that the table or an option names are treated as anywhere else', async () => {
  const container = [
    text(0x00080080, 'LO', 'Hospital'),
    text(0x00081030, 'LO', 'Study of Jane'),
    text(0x0040a040, 'CS', 'CONTAINER'),
  ];
  const inReport = async (...options: string[]) => {
    const { instance } = await deidentified([sequence(0x0040a730, container)], options);
    return [0x00080080, 0x00081030].map((tag) => shownValue(first(instance, 0x0040a730), tag));
  };
  assert.equal(await inReport(), ['REMOVED', null]);
  assert.equal(await inReport('retain-institution-identity'), ['Hospital', null]);
});

test('a report loses the coded sex of its subject, and the long meaning of its own codes', async () => {
  const ward = code('W7', '99HOSP', text(0x00080108, 'LT', 'CANARY2'));
  const { bytes } = await deidentified([
    sequence(
      0x0040a730,
      item('CODE', code('121032', 'DCM'), sequence(0x0040a168, code('CANARY1', 'SCT'))),
      item('CODE', code('121011', 'DCM'), sequence(0x0040a168, ward)),
    ),
  ]);
  assert.not.ok(holds(bytes, 'CANARY'));
});

test('an age above 89 leaves a report under every option, whatever its concept is called', async () => {
  const aged = (concept: NewElement[], value: string, unit: string) =>
    item('NUM', concept, measured(value, unit));
  const items = [
    aged(name('121033', 'DCM', 'Subject Age'), '95', 'a'),
    aged(name('AGE', '99LOCAL', 'Age of patient'), '96', 'a'),
    aged(name('424144002', 'SCT', 'Current chronological age'), '1152', 'mo'),
    aged(name('121033', 'DCM', 'Subject Age'), '77', 'a'),
    aged(name('103339001', 'SCT', 'Long axis'), '97', 'mm'),
  ];
  for (const options of [[], ['clean-structured-content']]) {
    const { instance } = await deidentified(
      [sequence(0x0040a730, ...items)],
      ['retain-patient-characteristics', ...options],
    );
    const values = findElement(instance.elements, 0x0040a730)!.items!.map(({ elements }) =>
      shownValue(findElement(elements, 0x0040a300)?.items?.[0]?.elements ?? [], 0x0040a30a),
    );
    assert.equal(values, [null, null, null, '77', '97']);
  }
});

test.run();
