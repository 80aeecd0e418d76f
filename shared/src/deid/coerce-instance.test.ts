/** Attributes that are replaced, and the record of what they were (PS3.3 §C.12.1.1.9). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { builtFile } from '#testing/built-file.ts';
import { bytesOf, parsed } from '#testing/deidentified-file.ts';
import type { SimpleElement } from '../dicom/build-instance.ts';
import type { DicomElement, ParsedInstance } from '../dicom/data-set.ts';
import { concatBytes, encodeFileMeta } from '../dicom/encode.ts';
import type { Modification, NewAttribute } from '../dicom/original-attributes.ts';
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
} from '../dicom/registry.ts';
import type { TransferSyntaxUID } from '../dicom/uid.ts';
import { findElement, textOf } from '../dicom/values.ts';
import { coerceInstance } from './coerce-instance.ts';
import { deflateSegments } from './deflate-segments.ts';

const test = suite('coercion');

const CHARACTER_SET = 0x00080005;
const ACCESSION = 0x00080050;
const NAME = 0x00100010;
const ID = 0x00100020;
const ISSUER = 0x00100021;
const REQUESTS = 0x00400275;
const STEP = 0x00400009;
const PROCEDURE = 0x00401001;
const ORIGINALS = 0x04000561;
const MODIFIED = 0x04000550;

const AT: Modification = {
  at: new Date('2026-11-23T07:08:09.500Z'),
  reason: 'CORRECT',
  system: 'RelayPACS',
  source: 'MODALITY',
};
const SYNTAXES = [
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
];
const PIXELS = Uint8Array.of(1, 2, 3, 4);

async function built(
  elements: readonly SimpleElement[],
  syntax?: TransferSyntaxUID,
): Promise<ParsedInstance> {
  const isDeflated = syntax === DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN;
  const file = builtFile([[0x00080060, 'CS', 'CT'], ...elements], {
    image: { rows: 2, columns: 2, bitsAllocated: 8, pixels: PIXELS },
    ...(syntax !== undefined && !isDeflated && { syntax }),
  });
  const plain = await parsed(file);
  if (!isDeflated) return plain;
  const deflated = await deflateSegments([file.subarray(plain.dataSetOffset)], plain.dataSet);
  return parsed(concatBytes([encodeFileMeta(plain.identifiers, syntax), ...deflated]));
}

async function coerced(instance: ParsedInstance, wanted: readonly NewAttribute[], as = AT) {
  const outcome = await coerceInstance(instance, wanted, as);
  if (outcome.kind !== 'coerced') throw new Error(outcome.kind);
  return parsed(await bytesOf(outcome.segments, instance.dataSet));
}

const text = (instance: ParsedInstance, tag: number): string | null =>
  textOf(findElement(instance.elements, tag), instance);

/** The items of the record: what was before, and who changed it. */
function recordsOf(instance: ParsedInstance) {
  const items = findElement(instance.elements, ORIGINALS)?.items ?? [];
  return items.map(({ elements }) => {
    const before = findElement(elements, MODIFIED)?.items?.[0]?.elements ?? [];
    const own = { ...instance, characterSets: characterSetsIn(before) ?? instance.characterSets };
    return {
      before: before.map((element): readonly [number, string | null] => [element.tag, textOf(element, own)]),
      about: [0x04000562, 0x04000563, 0x04000564, 0x04000565].map((tag) =>
        textOf(findElement(elements, tag), instance),
      ),
      elements: before,
    };
  });
}

const characterSetsIn = (elements: readonly DicomElement[]): readonly string[] | undefined =>
  elements[0]?.tag === CHARACTER_SET ? [] : undefined;

for (const syntax of SYNTAXES)
  test(`replaces values, adds some, and keeps what they were (${syntax})`, async () => {
    const instance = await built(
      [
        [ACCESSION, 'SH', 'OLD'],
        [NAME, 'PN', 'Wrong^Name'],
        [ID, 'LO', 'W-1'],
        [REQUESTS, 'SQ', [[PROCEDURE, 'SH', 'RP-OLD']]],
      ],
      syntax,
    );
    const changed = await coerced(instance, [
      [NAME, 'PN', 'Right^Name'],
      [ACCESSION, 'SH', 'A-77'],
      [ISSUER, 'LO', 'CLINIC'],
      [
        REQUESTS,
        'SQ',
        [
          [PROCEDURE, 'SH', 'RP-1'],
          [STEP, 'SH', 'SPS-1'],
        ],
      ],
    ]);
    assert.equal(
      [NAME, ACCESSION, ISSUER, ID].map((tag) => text(changed, tag)),
      ['Right^Name', 'A-77', 'CLINIC', 'W-1'],
    );
    const request = findElement(changed.elements, REQUESTS)!.items!;
    assert.equal(
      request[0]!.elements.map((element) => textOf(element, changed)),
      ['SPS-1', 'RP-1'],
    );
    const [record, ...more] = recordsOf(changed);
    assert.equal(more, []);
    assert.equal(record!.before, [
      [ACCESSION, 'OLD'],
      [NAME, 'Wrong^Name'],
      [ISSUER, null],
      [REQUESTS, null],
    ]);
    const before = record!.elements.at(-1)!.items![0]!.elements;
    assert.is(textOf(before[0]!, changed), 'RP-OLD');
    assert.equal(record!.about, ['20261123070809+0000', 'RelayPACS', 'MODALITY', 'CORRECT']);
    const tags = changed.elements.map(({ tag }) => tag);
    assert.equal(
      tags,
      tags.toSorted((a, b) => a - b),
    );
    assert.equal(changed.identifiers, instance.identifiers);
    assert.is(changed.transferSyntaxUID, syntax);
    const pixels = changed.elements.find(({ tag }) => tag === 0x7fe00010)!;
    assert.equal([...(await changed.dataSet.read(pixels.valueOffset, 4))], [...PIXELS]);
  });

test('changes nothing where the values are the same, or an absent one is to be empty', async () => {
  const instance = await built([
    [ACCESSION, 'SH', 'A-7'],
    [REQUESTS, 'SQ', [[PROCEDURE, 'SH', 'RP-1']]],
  ]);
  const wanted: readonly NewAttribute[] = [
    [ACCESSION, 'SH', 'A-7'],
    [ISSUER, 'LO'],
    [REQUESTS, 'SQ', [[PROCEDURE, 'SH', 'RP-1']]],
  ];
  assert.equal(await coerceInstance(instance, wanted, AT), { kind: 'unchanged' });
});

test('empties a value that is there', async () => {
  const changed = await coerced(await built([[ISSUER, 'LO', 'ELSEWHERE']]), [[ISSUER, 'LO']]);
  assert.is(findElement(changed.elements, ISSUER)!.valueLength, 0);
  assert.equal(recordsOf(changed)[0]!.before, [[ISSUER, 'ELSEWHERE']]);
});

test('adds to a record that others have begun', async () => {
  const once = await coerced(await built([[ID, 'LO', 'first']]), [[ID, 'LO', 'second']]);
  const twice = await coerced(once, [[ID, 'LO', 'third']], { ...AT, reason: 'COERCE' });
  assert.equal(
    recordsOf(twice).map(({ before }) => before),
    [[[ID, 'first']], [[ID, 'second']]],
  );
  assert.is(recordsOf(twice)[1]!.about[3], 'COERCE');
});

test('drops the lengths of groups, which would be wrong', async () => {
  const instance = await built([
    [0x00100000, 'UL', 10],
    [ID, 'LO', 'first'],
  ]);
  assert.is(findElement((await coerced(instance, [[ID, 'LO', 'second']])).elements, 0x00100000), null);
});

test('writes in the character set of the file, and in UTF-8 where the file is ASCII', async () => {
  const wanted: readonly NewAttribute[] = [[NAME, 'PN', 'Müller^Jörg']];
  const latin = await coerced(
    await built([
      [CHARACTER_SET, 'CS', 'ISO_IR 100'],
      [NAME, 'PN', 'Old^Name'],
    ]),
    wanted,
  );
  assert.equal([text(latin, NAME), latin.characterSets], ['Müller^Jörg', ['ISO_IR 100']]);
  const ascii = await coerced(await built([[NAME, 'PN', 'Old^Name']]), wanted);
  assert.equal([text(ascii, NAME), ascii.characterSets], ['Müller^Jörg', ['ISO_IR 192']]);
  assert.equal(recordsOf(ascii)[0]!.before, [
    [CHARACTER_SET, null],
    [NAME, 'Old^Name'],
  ]);
});

test('says so where the file’s character set lacks a letter', async () => {
  const cyrillic: readonly NewAttribute[] = [[NAME, 'PN', 'Иванов^Иван']];
  const latin = Uint8Array.of(0x4d, 0xfc, 0x6c, 0x6c);
  const instance = await built([
    [CHARACTER_SET, 'CS', 'ISO_IR 100'],
    [0x00081030, 'LO', latin],
  ]);
  assert.equal(await coerceInstance(instance, cyrillic, AT), { kind: 'not-writable' });
  const greek = await built([[CHARACTER_SET, 'CS', 'ISO_IR 144']]);
  assert.is(text(await coerced(greek, cyrillic), NAME), 'Иванов^Иван');
});

test.run();
