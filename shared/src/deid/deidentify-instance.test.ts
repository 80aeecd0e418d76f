import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  byTag,
  deidentified,
  fileOf,
  holds,
  sequence,
  shownValue,
  text,
} from '#testing/deidentified-elements.ts';
import { CODED, CODED_COLUMNS, CODED_ROWS } from '#testing/coded-pictures.ts';
import { builtFile } from '#testing/built-file.ts';
import {
  deidentifyBytes,
  parsed,
  pseudonymsOf,
  readyFile,
  rulesOf,
  wordOf,
} from '#testing/deidentified-file.ts';
import type { ParsedInstance } from '../dicom/data-set.ts';
import { dictionaryVR, tagName } from '../dicom/dictionary.ts';
import { concatBytes, encodeFragments, numberValue, textValue } from '../dicom/encode.ts';
import type { NewElement } from '../dicom/encode.ts';
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  JPEG_BASELINE,
  encodingOf,
} from '../dicom/registry.ts';
import { findElement } from '../dicom/values.ts';
import { decidingRows } from './profile.ts';
import { createReport } from './report.ts';
import { checkResidue } from './residue.ts';
import { createRules, type RulesSettings } from './rules.ts';

const first = (instance: ParsedInstance, tag: number) =>
  findElement(instance.elements, tag)?.items?.[0]?.elements ?? [];

/** A value of this VR that must not come out, and the bytes by which it would be known. */
function planted(tag: number, vr: string): { readonly element: NewElement; readonly token: string } | null {
  const token = `CANARY${tag.toString(16)}`;
  if (vr === 'SQ')
    return { element: sequence(tag, [text(0x00080104, 'LO', token), text(0x00100010, 'PN', token)]), token };
  if (vr === 'UI') return { element: text(tag, vr, `1.2.3.555.${tag}`), token: `1.2.3.555.${tag}` };
  if (vr === 'DA') return { element: text(tag, vr, '19470419'), token: '19470419' };
  if (vr === 'DT') return { element: text(tag, vr, '19470419101112'), token: '19470419' };
  if (vr === 'TM') return { element: text(tag, vr, '111213.141516'), token: '111213.141516' };
  if (vr === 'AS') return { element: text(tag, vr, '077Y'), token: '077Y' };
  if (vr === 'DS' || vr === 'IS') return { element: text(tag, vr, '76543'), token: '76543' };
  if (vr === 'US') return null;
  return { element: { tag, vr, value: textValue('LO', token) }, token };
}

for (const syntax of [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN]) {
  test(`no row of the tables lets its value through, and each does what its action says (${syntax})`, async () => {
    const identifiers = new Set([0x00080018, 0x0020000d, 0x0020000e]);
    // Encapsulated Document quarantines its instance.
    const rows = [...decidingRows()].filter(
      ([tag]) => tag >>> 16 > 6 && !identifiers.has(tag) && tag !== 0x00420011,
    );
    const plants = rows.flatMap(([tag, row]) => {
      const plant = planted(tag, dictionaryVR(tag));
      return plant ? [{ tag, row, ...plant }] : [];
    });
    assert.ok(plants.length > 600);
    const { bytes, instance } = await deidentified(
      plants.map(({ element }) => element),
      [],
      syntax,
    );
    for (const { tag, row, token } of plants) {
      assert.not.ok(holds(bytes, token), tagName(tag));
      const value = shownValue(instance.elements, tag);
      const length = findElement(instance.elements, tag)?.valueLength ?? -1;
      const said = {
        X: length < 0,
        Z: length === 0,
        D: length > 0,
        U: value !== null && (value.startsWith('2.25.') || value.endsWith('items')),
      };
      const pseudonymous = tag === 0x00100010 && value?.startsWith('RP-');
      assert.ok(
        pseudonymous || [...row.basic.replace('*', '')].some((choice) => said[choice as keyof typeof said]),
        `${tagName(tag)} ${row.basic}`,
      );
    }
  });
}

test('attributes that the table and the dictionary call harmless stay unchanged', async () => {
  const { instance, original } = await deidentified([
    text(0x00080008, 'CS', 'ORIGINAL', 'PRIMARY'),
    text(0x00080070, 'LO', 'Maker'),
    text(0x00180050, 'DS', '5.0'),
    sequence(0x00082218, [
      text(0x00080100, 'SH', 'T-D3000'),
      text(0x00080102, 'SH', 'SRT'),
      text(0x00080104, 'LO', 'Chest'),
    ]),
    { tag: 0x00281408, vr: 'OW', value: new Uint8Array(100_000).fill(7) },
  ]);
  for (const tag of [0x00080008, 0x00080070, 0x00180050])
    assert.is(shownValue(instance.elements, tag), shownValue(original.elements, tag));
  assert.is(shownValue(first(instance, 0x00082218), 0x00080104), 'Chest');
  assert.is(findElement(instance.elements, 0x00281408)?.valueLength, 100_000);
});

test('items are de-identified at any depth, and their lengths stay true', async () => {
  let inner: NewElement = text(0x00100010, 'PN', 'CANARY^DEEP');
  for (let depth = 0; depth < 12; depth += 1)
    inner = sequence(0x0040a170, [text(0x00081155, 'UI', '1.2.3.4.5'), inner].sort(byTag));
  const { bytes, instance, outcome } = await deidentified([inner]);
  assert.not.ok(holds(bytes, 'CANARY'));
  assert.not.ok(holds(bytes, '1.2.3.4.5'));
  assert.ok(outcome.report.some(({ path }) => path === `${'0040,a170[1]>'.repeat(12)}0010,0010`));
  assert.ok(findElement(instance.elements, 0x0040a170));
});

test('a name in an item that has no patient of its own is emptied, and the report does not say that a code takes its place', async () => {
  const { instance, outcome } = await deidentified([
    sequence(0x0040a170, [text(0x00100010, 'PN', 'CANARY')]),
  ]);
  assert.is(shownValue(first(instance, 0x0040a170), 0x00100010), '');
  const noted = outcome.report.find(({ path }) => path === '0040,a170[1]>0010,0010');
  assert.equal([noted?.action, noted?.because], ['Z', 'profile']);
});

test('private attributes, unknown attributes, overlays, curves, group lengths, trailing padding and signatures go', async () => {
  const tags = [
    0x00090010, 0x00091001, 0x00180000, 0x00187fff, 0x50001000, 0x50002500, 0x60000010, 0x60000022,
    0x60001500, 0x60003000, 0x600e3000,
  ];
  const elements = [
    ...tags.map(
      (tag): NewElement => ({ tag, vr: tag === 0x00180000 ? 'UL' : 'LO', value: textValue('LO', 'CANA') }),
    ),
    sequence(0x04000500, [{ tag: 0x04000520, vr: 'OB', value: textValue('LO', 'CANARY') }]),
    sequence(0x04000561, [sequence(0x04000550, [text(0x00100010, 'PN', 'CANARY')])]),
    sequence(0x00880200, [{ tag: 0x00280010, vr: 'US', value: Uint8Array.of(1, 0) }]),
    sequence(0xfffafffa, [text(0x04000100, 'UI', '1.2.3')]),
    { tag: 0xfffcfffc, vr: 'OB', value: textValue('LO', 'CANARY') },
  ];
  const { bytes, instance } = await deidentified(elements);
  assert.not.ok(holds(bytes, 'CANA'));
  for (const { tag } of elements) assert.is(findElement(instance.elements, tag), null, tagName(tag));
});

test('a name under the wrong VR, as UN, in a number or in a date does not pass', async () => {
  const { bytes } = await deidentified(
    [
      text(0x00100021, 'UN', 'CANARY1'),
      text(0x00100010, 'UN', 'CANARY2'),
      text(0x00080070, 'LT', 'CANARY3 in prose'),
      text(0x00200013, 'IS', 'CANARY4'),
      text(0x00280010, 'LO', 'CANARY5'),
      text(0x00081150, 'UI', '1.2.840.10008.CANARY6'),
      text(0x00187000, 'UN', 'CANARY7^JANE 1947'),
      text(0x00080022, 'DA', 'CANARY8'),
      text(0x00100010, 'PN', 'CANARY9'),
      text(0x00181030, 'UN', 'CANARY10'),
    ].filter(
      ({ tag }, index, all) =>
        all.findIndex((other) => other.tag === tag) === index && tag !== 0x00280010 && tag !== 0x00187000,
    ),
    ['retain-longitudinal-full-dates'],
  );
  assert.not.ok(holds(bytes, 'CANARY'));
});

test('a value that is invalid for its VR is replaced, and the report says so', async () => {
  const { instance, outcome } = await deidentified([
    text(0x00081150, 'UI', 'CANARY'),
    text(0x00200013, 'IS', '7 CANARY'),
    text(0x00080070, 'LO', 'MAKER\x01'),
  ]);
  assert.match(shownValue(instance.elements, 0x00081150)!, /^2\.25\.\d+$/);
  assert.is(shownValue(instance.elements, 0x00200013), '7');
  const said = (path: string) => {
    const found = outcome.report.find((one) => one.path === path);
    return `${found?.action} ${found?.because}`;
  };
  assert.equal(['0008,1150', '0020,0013', '0008,0070'].map(said), [
    'U malformed',
    'D malformed',
    'D malformed',
  ]);
});

test('an instance without a name and an ID gets both: a PACS would put all of them under one patient', async () => {
  const file = builtFile([], { sopClass: '1.2.840.10008.5.1.4.1.1.66' });
  const { elements } = (await readyFile(file)).instance;
  for (const tag of [0x00100010, 0x00100020]) assert.match(shownValue(elements, tag)!, /^RP-/, tagName(tag));
});

/** (0040,9096) with one item, then Number of Slices, all of undefined length (PS3.5 §7.5.2). */
const UNDEFINED_LENGTHS = Uint8Array.of(
  ...[0x40, 0, 0x96, 0x90, 0x53, 0x51, 0, 0, 0xff, 0xff, 0xff, 0xff],
  ...[0xfe, 0xff, 0, 0xe0, 0xff, 0xff, 0xff, 0xff],
  ...[0x28, 0, 3, 0x30, 0x4c, 0x4f, 2, 0, 0x48, 0x55],
  ...[0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0],
  ...[0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0],
  ...[0x54, 0, 0x81, 0, 0x55, 0x53, 2, 0, 9, 0],
);

test('sequences of undefined length stay such, and the elements after them are read', async () => {
  const file = concatBytes([fileOf([]), UNDEFINED_LENGTHS]);
  const { bytes, instance } = await readyFile(file);
  assert.ok(Buffer.from(bytes).includes(UNDEFINED_LENGTHS.subarray(0, 54)));
  assert.is(shownValue(first(instance, 0x00409096), 0x00283003), 'HU');
  assert.equal(findElement(instance.elements, 0x00540081)?.bytes, Uint8Array.of(9, 0));
});

test('Pixel Data in an item that describes no image holds nothing afterwards', async () => {
  const value = textValue('LO', 'CANARY\0\x01');
  const { bytes, instance } = await deidentified([
    sequence(0x00082218, [{ tag: 0x7fe00010, vr: 'OW', value }]),
  ]);
  assert.not.ok(holds(bytes, 'CANARY'));
  const left = findElement(first(instance, 0x00082218), 0x7fe00010)?.bytes;
  assert.equal(left, new Uint8Array(value.length));
});

test('compressed pixel data stays, fragment by fragment', async () => {
  const padding = new Uint8Array(CODED.jpegBaseline.length % 2);
  const fragments = [
    CODED.jpegBaseline.subarray(0, 100),
    concatBytes([CODED.jpegBaseline.subarray(100), padding]),
  ];
  const image = { rows: CODED_ROWS, columns: CODED_COLUMNS, bitsAllocated: 8, pixels: fragments } as const;
  const { bytes } = await readyFile(builtFile([[0x00280301, 'CS', 'NO']], { image, syntax: JPEG_BASELINE }));
  const pixels = encodeFragments(0x7fe00010, fragments, encodingOf(JPEG_BASELINE)!);
  assert.equal(bytes.subarray(-pixels.length), pixels);
});

test('a deflated instance is de-identified and deflated again, with its bulk data', async () => {
  const { bytes, instance } = await deidentified(
    [text(0x00080090, 'PN', 'CANARY'), { tag: 0x00281408, vr: 'OW', value: new Uint8Array(100_000).fill(7) }],
    [],
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  );
  assert.ok(bytes.length < 10_000);
  assert.is(instance.encoding.deflated, true);
  assert.is(shownValue(instance.elements, 0x00080090), '');
  const bulk = findElement(instance.elements, 0x00281408)!;
  const value = await instance.dataSet.read(bulk.valueOffset, bulk.valueLength);
  assert.is(value.length, 100_000);
  assert.ok(value.every((byte) => byte === 7));
});

test('free text that is in no table becomes a dummy of the same VR', async () => {
  const { instance } = await deidentified([
    text(0x00700006, 'ST', 'JANE DOE'),
    text(0x00281351, 'ST', 'JANE'),
    text(0x00081190, 'UR', 'http://pacs.hospital/1'),
  ]);
  assert.is(shownValue(instance.elements, 0x00700006), 'REMOVED');
  assert.is(shownValue(instance.elements, 0x00081190), 'about:blank');
});

const POINTS = numberValue('FL', [10, 20, 30, 40], { bigEndian: false });

test('a drawing keeps its form and loses its points, unless the policy cleans graphics', async () => {
  const drawing = [
    sequence(0x00700009, [
      { tag: 0x00700020, vr: 'US', value: Uint8Array.of(2, 0) },
      { tag: 0x00700022, vr: 'FL', value: POINTS },
      text(0x00700023, 'CS', 'POLYLINE'),
    ]),
  ];
  const drawn = async (...options: string[]) => {
    const { instance } = await deidentified([sequence(0x00700001, drawing)], options);
    const { elements } = findElement(first(instance, 0x00700001), 0x00700009)!.items![0]!;
    return [0x00700020, 0x00700022, 0x00700023].map((tag) => findElement(elements, tag)?.bytes);
  };
  const dimensions = Uint8Array.of(2, 0);
  const form = textValue('CS', 'POLYLINE');
  assert.equal(await drawn(), [dimensions, new Uint8Array(POINTS.length), form]);
  assert.equal(await drawn('clean-graphics'), [dimensions, POINTS, form]);
});

/** The instance under rules that a policy refines. */
async function underSettings(elements: readonly NewElement[], settings: RulesSettings) {
  const made = createRules([], settings);
  if (made.kind === 'refused') throw new Error(made.because);
  const { rules } = made;
  const result = await deidentifyBytes(fileOf(elements), rules, await pseudonymsOf(1));
  if (result.kind !== 'ready') return { because: wordOf(result), rules, bytes: null, instance: null };
  return { because: null, rules, bytes: result.bytes, instance: await parsed(result.bytes) };
}

const patientIn = ({ instance }: { readonly instance: ParsedInstance }) =>
  shownValue(instance.elements, 0x00100020);

test('one patient has one pseudonym and one offset of dates, whoever issued the Patient ID; without one the study is the patient', async () => {
  const modified = 'retain-longitudinal-modified-dates';
  const as = async (...elements: NewElement[]) => {
    const { instance } = await deidentified([text(0x00080020, 'DA', '20240314'), ...elements], [modified]);
    return [patientIn({ instance }), shownValue(instance.elements, 0x00080020)].join(' ');
  };
  const none = (study: string) => as(text(0x00100020, 'LO', ''), text(0x0020000d, 'UI', study));
  const patients = [
    await none('1.2.3.1'),
    await none('1.2.3.2'),
    await as(),
    await as(text(0x00100020, 'LO', 'PAT-2')),
  ];
  assert.is(new Set(patients).size, patients.length);
  for (const same of [
    text(0x00100021, 'LO', 'A'),
    text(0x00100021, 'LO', 'B'),
    text(0x00100020, 'LO', ' PAT-1 '),
  ])
    assert.is(await as(same), await as());
});

test('a patient has the same pseudonym wherever a Patient ID names them', async () => {
  // Group of Patients Identification Sequence (PS3.3 §C.7.1.1): kept by a rule of the policy, its items as usual.
  const group = (...elements: NewElement[]): NewElement => ({ tag: 0x00100027, vr: 'SQ', value: [elements] });
  const { instance } = await underSettings(
    [text(0x00100020, 'LO', 'PAT-2'), group(text(0x00100020, 'LO', 'PAT-1'), text(0x00100021, 'LO', 'B'))],
    { attributes: { '00100027': 'keep' } },
  );
  const [item] = findElement(instance!.elements, 0x00100027)!.items!;
  assert.is(shownValue(item!.elements, 0x00100020), patientIn(await deidentified([])));
  const alone = await deidentified([text(0x00100020, 'LO', 'PAT-2')]);
  assert.is(patientIn({ instance: instance! }), patientIn(alone));
});

test('a policy may tell patients apart by the issuer: then one without is held by name, and not once it is de-identified', async () => {
  const of = (...issuer: string[]) =>
    underSettings(
      issuer.map((value) => text(0x00100021, 'LO', value)),
      { patientDomain: 'id-and-issuer' },
    );
  const a = await of('A');
  const b = await of('B');
  assert.is.not(patientIn({ instance: a.instance! }), patientIn({ instance: b.instance! }));
  assert.is((await of()).because, 'issuer-missing');
  const pseudonyms = await pseudonymsOf(1);
  const again = await deidentifyBytes(a.bytes!, a.rules, pseudonyms);
  if (again.kind !== 'ready') throw new Error(again.because);
  assert.equal(again.bytes, a.bytes);
  assert.equal(await checkResidue(a.instance!, a.rules, pseudonyms), []);
});

test('the same Patient ID is the same patient in every character set', async () => {
  const latin = { tag: 0x00100020, vr: 'LO', value: Uint8Array.of(0x4d, 0xfc) };
  const utf8 = text(0x00100020, 'LO', 'Mü');
  const one = await deidentified([text(0x00080005, 'CS', 'ISO_IR 100'), latin]);
  const two = await deidentified([text(0x00080005, 'CS', 'ISO_IR 192'), utf8]);
  assert.is(shownValue(one.instance.elements, 0x00100020), shownValue(two.instance.elements, 0x00100020));
});

test('the instance says that and how it was de-identified', async () => {
  const { instance, bytes } = await deidentified(
    [text(0x00120063, 'LO', 'CANARY by hand'), text(0x00120062, 'CS', 'NO')],
    ['retain-uids'],
  );
  assert.is(shownValue(instance.elements, 0x00120062), 'YES');
  assert.is(
    shownValue(instance.elements, 0x00120063),
    'RelayPACS, PS3.15 Basic Profile, DICOM 2024e\\retain-uids',
  );
  const codes = findElement(instance.elements, 0x00120064)?.items?.map((item) =>
    shownValue(item.elements, 0x00080100),
  );
  assert.equal(codes, ['113100', '113110']);
  assert.is(shownValue(instance.elements, 0x00280303), 'REMOVED');
  assert.not.ok(holds(bytes, 'CANARY'));
});

test('the report names every change by its path and holds no value', async () => {
  const { outcome } = await deidentified([
    text(0x00081030, 'LO', 'CANARY'),
    sequence(0x00082112, [text(0x00081155, 'UI', '1.2.3.9')]),
  ]);
  const said = Object.fromEntries(outcome.report.map(({ path, action }) => [path, action]));
  assert.is(said['0008,1030'], 'X');
  assert.is(said['0008,2112[1]>0008,1155'], 'U');
  assert.is(said['0012,0062'], 'added');
  const report = createReport([], outcome.report);
  assert.equal([report.edition, report.methods], ['DICOM 2024e', ['113100']]);
  assert.not.ok(JSON.stringify(report).includes('CANARY'));
});

test('a de-identified instance has no residue, and one identifying value put back is found', async () => {
  const rules = rulesOf('retain-longitudinal-modified-dates');
  const pseudonyms = await pseudonymsOf(1);
  const clean = await deidentified(
    [text(0x00080020, 'DA', '20240301'), text(0x00080090, 'PN', 'ROE')],
    ['retain-longitudinal-modified-dates'],
  );
  assert.equal(await checkResidue(clean.instance, rules, pseudonyms), []);
  const names = async (elements: NewElement[]) =>
    (await checkResidue(await parsed(fileOf(elements)), rules, pseudonyms)).map(({ tag }) => tag);
  const before = await names([]);
  for (const tag of ['0010,0010', '0010,0020', '0020,000d', '0012,0062', '0012,0064'])
    assert.ok(before.includes(tag), tag);
  assert.ok((await names([sequence(0x00082218, [text(0x00080090, 'PN', 'ROE')])])).includes('0008,0090'));
  assert.ok((await checkResidue(clean.instance, rulesOf(), pseudonyms)).length > 0, 'another policy');
  assert.ok((await checkResidue(clean.instance, rules, await pseudonymsOf(2))).length > 0, 'another key');
});

test('for any text or sequence, de-identifying twice equals de-identifying once', async () => {
  const rules = rulesOf(
    'retain-longitudinal-modified-dates',
    'retain-device-identity',
    'clean-graphics',
    'clean-structured-content',
  );
  const pseudonyms = await pseudonymsOf(1);
  const tags = [...decidingRows().keys()].filter(
    (tag) => tag >>> 16 > 6 && tag >>> 16 < 0xfff0 && tag !== 0x00420011 && dictionaryVR(tag) !== 'SQ',
  );
  const ascii = fc.string({ maxLength: 20 }).map((value) => value.replaceAll('\\', ''));
  const leaf = fc.tuple(
    fc.constantFrom(...tags, 0x00080100, 0x00080102, 0x00080104, 0x0040a160),
    fc.oneof(ascii, fc.constantFrom('20240301', '1.2.3', '077Y', '')),
  );
  const leaves = fc.uniqueArray(leaf, { selector: ([tag]) => tag, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(
      leaves,
      leaves,
      fc.constantFrom(0x0040a730, 0x00700001, 0x0040a073, 0x00082112, 0x0040b020),
      async (top, inside, parent) => {
        const elementsOf = (all: readonly (readonly [number, string])[]) =>
          all.map(([tag, value]) => text(tag, dictionaryVR(tag), value)).sort(byTag);
        const identifiers = new Set([0x00080018, 0x0020000d, 0x0020000e, parent]);
        const file = fileOf([
          ...elementsOf(top).filter(({ tag }) => !identifiers.has(tag)),
          sequence(parent, elementsOf(inside)),
        ]);
        const once = await deidentifyBytes(file, rules, pseudonyms);
        if (once.kind !== 'ready') return;
        const twice = await deidentifyBytes(once.bytes, rules, pseudonyms);
        assert.ok(twice.kind === 'ready' && Buffer.compare(once.bytes, twice.bytes) === 0);
        assert.equal(await checkResidue(await parsed(once.bytes), rules, pseudonyms), []);
      },
    ),
    { numRuns: 100 },
  );
});

test.run();
