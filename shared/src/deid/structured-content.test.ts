import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { byTag, deidentified, holds, sequence, shownValue, text } from '#testing/deidentified-elements.ts';
import type { ParsedInstance } from '../dicom/data-set.ts';
import type { NewElement } from '../dicom/encode.ts';
import { findElement } from '../dicom/values.ts';

const first = (instance: ParsedInstance, tag: number) =>
  findElement(instance.elements, tag)?.items?.[0]?.elements ?? [];

test('a report keeps its tree, its standard codes and its measurements, and loses names, prose, dates and private codes', async () => {
  const name = (value: string, scheme: string, meaning: string) => [
    text(0x00080100, 'SH', value),
    text(0x00080102, 'SH', scheme),
    text(0x00080104, 'LO', meaning),
  ];
  const measured = (value: string) =>
    sequence(0x0040a300, [
      sequence(0x004008ea, name('mm', 'UCUM', 'millimeter')),
      text(0x0040a30a, 'DS', value),
    ]);
  const items: NewElement[][] = [
    [
      text(0x0040a040, 'CS', 'NUM'),
      sequence(0x0040a043, name('103339001', 'SCT', 'Long axis')),
      measured('12.5'),
    ],
    [
      text(0x0040a040, 'CS', 'NUM'),
      sequence(0x0040a043, name('121033', 'DCM', 'Subject Age')),
      measured('77.25'),
    ],
    [
      text(0x0040a040, 'CS', 'TEXT'),
      sequence(0x0040a043, name('X1', '99HOSP', 'Our own concept')),
      text(0x0040a160, 'UT', 'Jane Doe, seen by Dr. Roe'),
    ],
    [
      text(0x0040a040, 'CS', 'CODE'),
      sequence(0x0040a043, name('121011', 'DCM', 'Role')),
      sequence(0x0040a168, name('W7', '99HOSP', 'Ward of Dr. Roe')),
    ],
    [
      text(0x0040a040, 'CS', 'UIDREF'),
      sequence(0x0040a043, name('112039', 'DCM', 'Tracking')),
      text(0x0040a124, 'UI', '1.2.3.4'),
    ],
  ];
  for (const options of [[], ['clean-structured-content']]) {
    const { bytes, instance } = await deidentified(
      [sequence(0x0040a730, ...items.map((item) => item.toSorted(byTag)))],
      options,
    );
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
  const item = [
    text(0x00080080, 'LO', 'Hospital'),
    text(0x00081030, 'LO', 'Study of Jane'),
    text(0x0040a040, 'CS', 'CONTAINER'),
  ];
  const inReport = async (...options: string[]) => {
    const { instance } = await deidentified([sequence(0x0040a730, item)], options);
    return [0x00080080, 0x00081030].map((tag) => shownValue(first(instance, 0x0040a730), tag));
  };
  assert.equal(await inReport(), ['REMOVED', null]);
  assert.equal(await inReport('retain-institution-identity'), ['Hospital', null]);
});

test('a report loses the coded sex of its subject, and the long meaning of its own codes', async () => {
  const name = (value: string, scheme: string, ...more: NewElement[]) => [
    text(0x00080100, 'SH', value),
    text(0x00080102, 'SH', scheme),
    ...more,
  ];
  const { bytes } = await deidentified([
    sequence(
      0x0040a730,
      [
        text(0x0040a040, 'CS', 'CODE'),
        sequence(0x0040a043, name('121032', 'DCM')),
        sequence(0x0040a168, name('CANARY1', 'SCT')),
      ],
      [
        text(0x0040a040, 'CS', 'CODE'),
        sequence(0x0040a043, name('121011', 'DCM')),
        sequence(0x0040a168, name('W7', '99HOSP', text(0x00080108, 'LT', 'CANARY2'))),
      ],
    ),
  ]);
  assert.not.ok(holds(bytes, 'CANARY'));
});

test('an age above 89 leaves a report under every option, whatever its concept is called', async () => {
  const code = (value: string, scheme: string, meaning: string) => [
    text(0x00080100, 'SH', value),
    text(0x00080102, 'SH', scheme),
    text(0x00080104, 'LO', meaning),
  ];
  const aged = (concept: NewElement[], value: string, unit: string): NewElement[] => [
    text(0x0040a040, 'CS', 'NUM'),
    sequence(0x0040a043, concept),
    sequence(0x0040a300, [sequence(0x004008ea, code(unit, 'UCUM', unit)), text(0x0040a30a, 'DS', value)]),
  ];
  const items = [
    aged(code('121033', 'DCM', 'Subject Age'), '95', 'a'),
    aged(code('AGE', '99LOCAL', 'Age of patient'), '96', 'a'),
    aged(code('424144002', 'SCT', 'Current chronological age'), '1152', 'mo'),
    aged(code('121033', 'DCM', 'Subject Age'), '77', 'a'),
    aged(code('103339001', 'SCT', 'Long axis'), '97', 'mm'),
  ];
  for (const options of [[], ['clean-structured-content']]) {
    const { instance } = await deidentified(
      [sequence(0x0040a730, ...items.map((item) => item.toSorted(byTag)))],
      ['retain-patient-characteristics', ...options],
    );
    const values = findElement(instance.elements, 0x0040a730)!.items!.map(({ elements }) =>
      shownValue(findElement(elements, 0x0040a300)?.items?.[0]?.elements ?? [], 0x0040a30a),
    );
    assert.equal(values, [null, null, null, '77', '97']);
  }
});

test.run();
