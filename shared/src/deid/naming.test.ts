/**
 * Our second table: attributes that name somebody or something although PS3.15 Table E.1-1 has no row for them, and
 * rows that keep a valid object valid. An attribute that is new to the dictionary has to be judged in
 * scripts/tables/naming-attributes.tsv.
 */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deidentified, sequence, text } from '#testing/deidentified-elements.ts';
import type { NewElement } from '../dicom/encode.ts';
import { dictionaryVR, loadKeywords, tagName } from '../dicom/dictionary.ts';
import { asciiText, findElement } from '../dicom/values.ts';
import { profileRows } from './profile.ts';

const TABLE = readFileSync(new URL('../../../scripts/tables/naming-attributes.tsv', import.meta.url), 'utf8');
const JUDGED = new Set(
  TABLE.split('\n')
    .slice(1, -1)
    .map((line) => Number.parseInt(line, 16)),
);

/** Free text that is kept unless a row says otherwise; prose and names in other VRs never are. */
const SHORT_TEXT = new Set(['AE', 'LO', 'SH', 'UC']);
/** Can name by keyword only: terms, numbers in text, bytes, and what they contain. */
const OTHER = new Set(['CS', 'IS', 'OB', 'SQ', 'UN']);
const NAMING = new RegExp(
  [
    'Name|Person|Physician|Operator|Owner|Author|Creator|Issuer|Institution|Organi[sz]ation',
    'Department|Address|Contact|Phone|Telecom|UR[IL]|Serial|Station|Host|Licen|Certif|Comment|Note',
    'Remark|Reason|Country|Location|Place|Site|ID(?:s|$|Trial|Type)|Identif|Responsib|User|Signature',
    'Performer|Reviewer|Evaluat|Observer|Sponsor|Carrier|Passenger|GPS|Insur|Famil|Employ|Account',
  ].join('|'),
);
/** Messages, files and directories never stand in a Data Set; overlays and curves go as a whole. */
const isOfDataSets = (tag: number): boolean =>
  tag >>> 16 > 0x0006 && tag >>> 24 !== 0x50 && tag >>> 24 !== 0x60 && tag >>> 16 < 0xfff0;

test('every attribute that can name somebody is in Table E.1-1 or has a judgement of ours', async () => {
  const rows = profileRows();
  const unjudged = [...(await loadKeywords())].filter(([tag, keyword]) => {
    const vr = dictionaryVR(tag);
    const canName = SHORT_TEXT.has(vr) || (OTHER.has(vr) && NAMING.test(keyword));
    return canName && isOfDataSets(tag) && !rows.has(tag) && !JUDGED.has(tag);
  });
  assert.equal(unjudged, []);
  assert.ok(JUDGED.size > 500, `${JUDGED.size}`);
});

/** Attributes that name by definition, and what becomes of each under the plain profile. */
const NAMING_ATTRIBUTES: readonly (readonly [tag: number, after: string | null])[] = [
  [0x00720008, 'REMOVED'], // Hanging Protocol Creator
  [0x0074100c, 'REMOVED'], // Contact Display Name
  [0x00181803, null], // NTP Source Address
  [0x30020020, ''], // Radiation Machine Name
  [0x21000160, 'REMOVED'], // Owner ID
  [0x00440011, 'REMOVED'], // Substance Administration Notes
  [0x00189908, 'REMOVED'], // Potential Reasons for Procedure
  [0x00102295, 'REMOVED'], // Breed Registration Number
  [0x00080116, 'REMOVED'], // Coding Scheme Responsible Organization
  [0x00080115, 'REMOVED'], // Coding Scheme Name
  [0x00880130, null], // Storage Media File-set ID
  [0x00181003, null], // Device ID
  [0x00620005, 'REMOVED'], // Segment Label
  [0x30040006, 'REMOVED'], // Dose Comment
  [0x0040a492, 'REMOVED'], // Completion Flag Description
  [0x00080070, 'OWLWORKS'], // Manufacturer: kept
  [0x00181210, 'OWLWORKS'], // Convolution Kernel: kept
];

test('an attribute that names by definition does not keep its value, also inside a sequence', async () => {
  const elements = NAMING_ATTRIBUTES.map(([tag, left]) =>
    text(tag, dictionaryVR(tag), left === 'OWLWORKS' ? left : 'NIGHTJAR'),
  );
  const user = text(0x00080104, 'LO', 'NIGHTJAR^CODE');
  const { instance } = await deidentified([
    ...elements,
    sequence(0x0072000e, [user]),
    sequence(0x00082218, elements),
  ]);
  const items = findElement(instance.elements, 0x00082218)?.items?.[0]?.elements ?? [];
  for (const [tag, after] of NAMING_ATTRIBUTES) {
    for (const place of [instance.elements, items]) {
      const bytes = findElement(place, tag)?.bytes ?? null;
      assert.is(bytes && asciiText(bytes).trim(), after, tagName(tag));
    }
  }
  assert.is(findElement(instance.elements, 0x0072000e)?.items?.length, 0);
});

test('notes and names that people give are cleaned, and identities retained, under the options for them', async () => {
  const { instance } = await deidentified(
    [
      text(0x00620005, 'LO', 'Liver of Jane Doe'),
      text(0x00181003, 'LO', 'UNIT-7'),
      text(0x00100217, 'LO', 'Nightjar Clinic'),
      // The keeper of a coding scheme is not the institution of the study.
      text(0x00080116, 'ST', 'Nightjar Clinic'),
    ],
    ['clean-descriptors', 'retain-device-identity', 'retain-institution-identity'],
  );
  const value = (tag: number) =>
    asciiText(findElement(instance.elements, tag)?.bytes ?? new Uint8Array()).trim();
  assert.match(value(0x00620005), /^Liver of (?!Jane Doe)/);
  assert.is(value(0x00181003), 'UNIT-7');
  assert.is(value(0x00100217), 'Nightjar Clinic');
  assert.is(value(0x00080116), 'REMOVED');
});

/** Local Namespace and Universal Entity ID, Hanging Protocol Name, Selector UC, Worklist Label, Media Disposition. */
const NEVER_CLEANED = [0x00400031, 0x00400032, 0x00720002, 0x0072006f, 0x00741202, 0x22000004];

test('a name of a person or a site by definition is no prose: it goes whole where descriptions are cleaned', async () => {
  const named = NEVER_CLEANED.map((tag) => text(tag, dictionaryVR(tag), 'NIGHTJAR'));
  const { elements } = (await deidentified(named, ['clean-descriptors'])).instance;
  for (const tag of NEVER_CLEANED)
    assert.is(asciiText(findElement(elements, tag)!.bytes!).trim(), 'REMOVED', tagName(tag));
});

test('an attribute of Type 1C goes with the one for which it stands there, and only then', async () => {
  const left = async (...elements: NewElement[]) =>
    (await deidentified(elements)).instance.elements.map(({ tag }) => tag);
  const role = text(0x00102298, 'CS', 'OWNER');
  const committee = text(0x00120081, 'LO', 'NIGHTJAR');
  for (const person of ['NIGHTJAR^OWNER', ''])
    assert.not.ok((await left(text(0x00102297, 'PN', person), role)).includes(0x00102298), person);
  assert.ok((await left(role)).includes(0x00102298));
  const tags = (
    await deidentified([committee, text(0x00120082, 'LO', 'EC 7')], ['retain-institution-identity'])
  ).instance.elements;
  assert.is(findElement(tags, 0x00120081), null);
});

test('attributes that a module requires stay, with an empty value or a dummy, where the table removes them', async () => {
  const { instance } = await deidentified([
    text(0x00700082, 'DA', '20240301'),
    text(0x00700083, 'TM', '101112'),
    text(0x00102297, 'PN', 'NIGHTJAR^OWNER'),
    text(0x00102299, 'LO', 'NIGHTJAR'),
    sequence(0x0040a370, [text(0x00401001, 'SH', 'NIGHTJAR')]),
    sequence(0x0040e021, [text(0x00080054, 'AE', 'NIGHTJAR')]),
  ]);
  const value = (tag: number, elements = instance.elements) => {
    const bytes = findElement(elements, tag)?.bytes;
    return bytes ? asciiText(bytes).trim() : null;
  };
  assert.is(value(0x00700082), '19000101');
  assert.is(value(0x00700083), '000000');
  assert.is(value(0x00102297), '');
  assert.is(value(0x00102299), '');
  assert.is(value(0x00080054, findElement(instance.elements, 0x0040e021)?.items?.[0]?.elements), 'REMOVED');
  assert.is(value(0x00401001, findElement(instance.elements, 0x0040a370)?.items?.[0]?.elements), 'REMOVED');
});

test.run();
