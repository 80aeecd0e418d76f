/**
 * De-identification remembers what it found out about earlier instances. That saves time and changes nothing:
 * what an instance becomes depends on the instance, the policy and the key alone.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileOf, sequence, text } from '#testing/deidentified-elements.ts';
import { deidentifyBytes, pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import { IS_WHOLE_PROOF } from '#testing/environment.ts';
import type { NewElement } from '../dicom/encode.ts';
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
} from '../dicom/registry.ts';
import { createRequests, type Pseudonyms } from './pseudonyms.ts';
import type { DeidRules } from './rules.ts';

const test = suite('memory of de-identification');

const OPTION_SETS: readonly (readonly string[])[] = [
  [],
  ['clean-descriptors', 'clean-structured-content', 'clean-graphics'],
  ['clean-descriptors', 'retain-longitudinal-modified-dates', 'retain-patient-characteristics'],
  ['retain-longitudinal-full-dates', 'retain-device-identity', 'retain-safe-private', 'retain-uids'],
];

const raw = (tag: number, vr: string, bytes: Uint8Array): NewElement => ({
  tag,
  vr,
  value: bytes.length % 2 === 0 ? bytes : Uint8Array.of(...bytes, 0x20),
});

/** Cyrillic as windows-1251 writes it. */
const inWindows1251 = (said: string): Uint8Array =>
  Uint8Array.from(said, (letter) => (letter >= 'А' ? letter.charCodeAt(0) - 0x350 : letter.charCodeAt(0)));

/** The bytes and the report that a file leaves with, or the reason why it does not. */
async function leaving(file: Uint8Array, rules: DeidRules, pseudonyms: Pseudonyms): Promise<string> {
  const result = await deidentifyBytes(file, rules, pseudonyms);
  return result.kind === 'ready'
    ? `${Buffer.from(result.bytes).toString('latin1')} ${JSON.stringify(result.outcome.report)}`
    : result.because;
}

/** Under rules that remember nothing yet. */
const coldly = async (file: Uint8Array, options: readonly string[]): Promise<string> =>
  leaving(file, rulesOf(...options), await pseudonymsOf(1));

const PEOPLE = ['Quillfeather^Ann', 'Иванова^Анна', 'Müller^Jürgen', 'Doe^Jane', 'Long^Chest', '山田^太郎'];
const NUMBERS = ['MRN445566', 'PAT-1', '7731', 'RP-0123456789ABCDEFGHJKMNPQRS', ''];
const DAYS = ['20240314', '19610502', '19000101', '', '2024031', '20240229\\20240301'];
const SENTENCES = [
  'Liver of Quillfeather, 14.03.2024',
  'seg of 20240314',
  'Иванову осмотрел врач',
  'Befund für Mueller, Tel. 030 901820',
  'AX T1 post 7731',
  'Ann says: PAT-1 is 95 years old',
  'CHEST LONG axis 1.2.3.777.1.5',
  '山田先生',
  'nothing',
];
const NAMES_OF_OTHER_ENCODINGS = ['Иванова', 'Петрова', 'Сидоров'];
const CHARACTER_SETS = ['ISO_IR 192', 'ISO_IR 100', 'ISO_IR 144', 'ISO 2022 IR 6\\ISO 2022 IR 87', 'NONE'];
const SYNTAXES = [
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
];

const person = (name: string): NewElement[] => [
  text(0x00080080, 'LO', 'St. Marien Hospital'),
  sequence(0x00401101, [text(0x00080100, 'SH', 'P7'), text(0x00080104, 'LO', name)]),
];

const elementsOf: fc.Arbitrary<NewElement[]> = fc
  .record({
    characterSet: fc.constantFrom(...CHARACTER_SETS),
    patient: fc.constantFrom(...PEOPLE),
    physician: fc.constantFrom(...PEOPLE),
    operator: fc.constantFrom('Ann Quillfeather', 'Long Chest'),
    number: fc.constantFrom(...NUMBERS),
    birth: fc.constantFrom(...DAYS),
    study: fc.constantFrom(...DAYS),
    acquired: fc.constantFrom('20240314101112', '20240315101112.5', ' 20240314', '190001011200', ''),
    said: fc.array(fc.constantFrom(...SENTENCES), { minLength: 6, maxLength: 6 }),
    foreign: fc.constantFrom(...NAMES_OF_OTHER_ENCODINGS),
    modified: fc.boolean(),
    uid: fc.constantFrom('1.2.3.777.9', '1.2.840.10008.1.2.1', '1.2.3.777.1'),
  })
  .map((of) => [
    text(0x00080005, 'CS', of.characterSet),
    text(0x00080020, 'DA', of.study),
    text(0x0008002a, 'DT', of.acquired),
    text(0x00080090, 'PN', of.physician),
    text(0x00081030, 'LO', of.said[0]!),
    text(0x0008103e, 'LO', of.said[1]!),
    text(0x00081090, 'LO', of.said[2]!),
    sequence(0x00081072, person(of.operator)),
    text(0x00100010, 'PN', of.patient),
    text(0x00100020, 'LO', of.number),
    text(0x00100030, 'DA', of.birth),
    text(0x00104000, 'LT', of.said.slice(3).join('. ')),
    raw(0x00181020, 'LO', inWindows1251(of.foreign)),
    text(0x00200011, 'IS', of.birth.slice(0, 8)),
    text(0x00281055, 'LO', of.said[3]!),
    ...(of.modified ? [text(0x00280303, 'CS', 'MODIFIED')] : []),
    text(0x00281199, 'UI', of.uid),
    sequence(0x0040a730, [
      text(0x0040a040, 'CS', 'TEXT'),
      sequence(0x0040a043, [text(0x00080104, 'LO', of.said[4]!)]),
      text(0x0040a160, 'UT', of.said[5]!),
    ]),
  ]);

const filesOf: fc.Arbitrary<Uint8Array> = fc
  .tuple(elementsOf, fc.constantFrom(...SYNTAXES))
  .map(([elements, syntax]) => fileOf(elements, syntax));

for (const options of OPTION_SETS)
  test(`an instance becomes the same whatever others came before (${options.join(', ') || 'plain profile'})`, async () => {
    const rules = rulesOf(...options);
    const pseudonyms = await pseudonymsOf(1);
    await fc.assert(
      fc.asyncProperty(fc.array(filesOf, { minLength: 2, maxLength: 5 }), async (files) => {
        const expected = await Promise.all(files.map((file) => coldly(file, options)));
        for (const order of [files.keys(), [...files.keys()].reverse()])
          for (const index of order)
            assert.is(await leaving(files[index]!, rules, pseudonyms), expected[index]);
      }),
      { seed: 13, numRuns: IS_WHOLE_PROOF ? 30 : 10 },
    );
  });

test('two values that cannot be decoded alike are two values', async () => {
  // In UTF-8 neither is a text; in windows-1251 the second is the patient's name.
  const file = fileOf([
    text(0x00080005, 'CS', 'ISO_IR 192'),
    raw(0x00081090, 'LO', inWindows1251('Петрова')),
    text(0x00100010, 'PN', 'Иванова^Анна'),
    raw(0x00181020, 'LO', inWindows1251('Иванова')),
  ]);
  const left = await coldly(file, []);
  assert.ok(!left.includes(Buffer.from(inWindows1251('Иванова')).toString('latin1')));
});

/** Three letters that no vocabulary has, by number. */
const wordOf = (number: number): string =>
  [...number.toString(26).padStart(5, '0')]
    .map((digit) => 'bcdfghjklmnpqrstvwxzBCDFGH'[Number.parseInt(digit, 26)])
    .join('');

/** Lines of single letters, each of which is held against every name of the header. */
const spaced = (number: number): string => `${'b c d f g 1 '.repeat(19)}${wordOf(number)}`;

for (const [options, tag, vr] of [
  [[], 0x00281055, 'LO'],
  [['clean-descriptors'], 0x00204000, 'LT'],
] as const)
  test(`a search that used up its steps stops at the same value the next time (${options.join() || 'plain profile'})`, async () => {
    const names = Array.from({ length: 1_800 }, (_, index) => `${wordOf(index + 500_000)}a`);
    const file = fileOf([
      sequence(0x00081111, ...names.map((name) => [text(0x00080090, 'PN', name)])),
      sequence(0x00620002, ...Array.from({ length: 900 }, (_, index) => [text(tag, vr, spaced(index))])),
    ]);
    const rules = rulesOf(...options);
    const pseudonyms = await pseudonymsOf(1);
    const first = await leaving(file, rules, pseudonyms);
    assert.ok(first.includes('REMOVED') && first.includes(spaced(0)));
    assert.is((await leaving(file, rules, pseudonyms)) === first, true);
  });

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Buffers that other threads have just read are given back a turn later, and what held them after that. */
const TURNS_OF_COLLECTION = 5;

/** The bytes that nothing can collect. */
async function heldBytes(): Promise<number> {
  for (let turn = 0; turn < TURNS_OF_COLLECTION; turn += 1) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The bytes that are still held once `work` is done. */
async function heldAfter(work: () => Promise<void>): Promise<number> {
  const before = await heldBytes();
  await work();
  return (await heldBytes()) - before;
}

test('however many long values a hostile file names, pseudonyms hold few of them', async () => {
  const pseudonyms = await pseudonymsOf(1);
  const letters = 'x'.repeat(64 * 1024);
  const named = 8 * 200 * letters.length;
  const held = await heldAfter(async () => {
    for (let file = 0; file < 8; file += 1) {
      const requests = createRequests('id PAT-1');
      for (let value = 0; value < 200; value += 1) requests.identifiers.add(`${file}/${value}${letters}`);
      await pseudonyms.resolve(requests);
    }
  });
  assert.ok(held < named / 4, `${held} of ${named} bytes are held`);
  // The pseudonyms are used afterwards: what is held counts as long as they live.
  assert.ok((await pseudonyms.dayOffset('id PAT-1')) < 0);
});

test('however long the character sets are that values are read with, rules hold few of them', async () => {
  const rules = rulesOf('clean-descriptors');
  const pseudonyms = await pseudonymsOf(1);
  const characterSet = Array.from({ length: 3_000 }, () => 'ISO 2022 IR 100').join('\\');
  const files = Array.from({ length: 2 }, (_, study) =>
    fileOf([
      text(0x00080005, 'CS', characterSet),
      text(0x00100010, 'PN', `Quillfeather${wordOf(study)}^Ann`),
      sequence(
        0x00620002,
        ...Array.from({ length: 250 }, (_, at) => [
          text(0x00281055, 'LO', `Quillfeather ${wordOf(at)}`),
          text(0x00204000, 'LT', `Quillfeather ${wordOf(at)} was seen`),
        ]),
      ),
    ]),
  );
  const held = await heldAfter(async () => {
    for (const file of files) assert.match(await leaving(file, rules, pseudonyms), /\[removed\] was seen/);
  });
  const read = 2 * 2 * 250 * characterSet.length;
  assert.ok(held < read / 2, `${held} bytes are held, where values are read with ${read}`);
  assert.match(await leaving(files[0]!, rules, pseudonyms), /\[removed\] was seen/);
});

test.run();
