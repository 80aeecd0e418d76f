/** ICC profiles lose their prose and keep their numbers, at the top level and in the items of a slide. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { IDENTIFIERS } from '#testing/built-file.ts';
import { parsed, residueOf, settledFile } from '#testing/deidentified-file.ts';
import { concatBytes, encodeElements, encodeFileMeta, type NewElement } from '../../dicom/encode.ts';
import { encodingOf } from '../../dicom/registry.ts';
import { parseUid } from '../../dicom/uid.ts';
import { findElement } from '../../dicom/values.ts';
import { describing } from '#testing/sample-image.ts';
import { clearedProfile } from './clear-profile.ts';

const NAME = 'CANARY JANE';
const latin = (text: string): Uint8Array => new TextEncoder().encode(text);
const number = (value: number): Uint8Array => Uint8Array.of(value >> 24, value >> 16, value >> 8, value);

/** A profile of these tags, with a name in its header and behind its end. */
function profile(tags: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const header = new Uint8Array(128);
  header.set(latin('acsp'), 36);
  header.set(latin('RGB XYZ '), 16);
  for (const [at, text] of [
    [24, NAME],
    [48, 'JANEJANE'],
    [84, `${NAME}${NAME}`],
  ] as const)
    header.set(latin(text), at);
  const names = Object.keys(tags);
  let at = 132 + 12 * names.length;
  const entries = names.map((name) => {
    const entry = concatBytes([latin(name), number(at), number(tags[name]!.length)]);
    at += tags[name]!.length;
    return entry;
  });
  return concatBytes([
    header,
    number(names.length),
    ...entries,
    ...Object.values(tags),
    latin(NAME.padEnd(12)),
  ]);
}

const NUMBERS = {
  wtpt: concatBytes([latin('XYZ '), number(0), number(65536), number(65536), number(65536)]),
  rTRC: concatBytes([latin('curv'), number(0), number(2), number(0x4a414e45)]),
};
const PROSE = {
  desc: concatBytes([latin('desc'), number(0), number(12), latin(NAME), new Uint8Array(90)]),
  cprt: concatBytes([latin('text'), number(0), latin(`${NAME} `)]),
  dmnd: concatBytes([
    latin('mluc'),
    number(0),
    number(1),
    number(12),
    latin('enUS'),
    number(22),
    number(28),
    latin([...NAME].join('\0')),
  ]),
  priv: concatBytes([latin('JANE'), latin(NAME)]),
  gTRC: concatBytes([latin('curv'), number(0), number(1), Uint8Array.of(2, 0), latin(NAME)]),
};

const elementOf = (value: Uint8Array): NewElement => ({
  tag: 0x00282000,
  vr: 'OB',
  value: concatBytes([value, new Uint8Array(value.length % 2)]),
});

test('a profile keeps its numbers and nothing else', () => {
  const whole = profile({ ...NUMBERS, ...PROSE });
  const numbers = profile(NUMBERS);
  const cleared = clearedProfile(whole);
  assert.is(cleared.length, whole.length);
  assert.not.ok(Buffer.from(cleared).includes('JANE\0') || Buffer.from(cleared).includes('CANARY'));
  assert.not.ok(Buffer.from(cleared.subarray(0, 128)).includes('JANE'));
  for (const data of Object.values(NUMBERS)) assert.ok(Buffer.from(cleared).includes(data));
  assert.equal(clearedProfile(cleared), cleared);
  assert.equal(cleared.subarray(0, 128), clearedProfile(numbers).subarray(0, 128));
});

test('something that is no profile is blank', () => {
  for (const value of [latin(NAME), new Uint8Array(200).fill(65), profile({})])
    assert.equal(clearedProfile(value), new Uint8Array(value.length));
});

test('no prose of a profile leaves, and the gateway would see it', async () => {
  const encoding = encodingOf('1.2.840.10008.1.2.1')!;
  const described = describing({ rows: 2, columns: 2, bitsAllocated: 8 }, encoding);
  const pixels: NewElement = { tag: 0x7fe00010, vr: 'OB', value: Uint8Array.of(1, 2, 3, 4) };
  for (const size of [0, 100_000]) {
    const given = elementOf(
      concatBytes([profile({ ...NUMBERS, ...PROSE }), new Uint8Array(size).fill(0x4a)]),
    );
    const optical: NewElement = { tag: 0x00480105, vr: 'SQ', value: [[given]] };
    const elements = [...described, given, optical, pixels];
    const meta = encodeFileMeta(IDENTIFIERS, parseUid('TransferSyntaxUID', '1.2.840.10008.1.2.1'));
    const file = concatBytes([meta, encodeElements(elements, encoding)]);
    assert.ok((await residueOf(await parsed(file))).includes('0028,2000'));
    const { bytes, instance, outcome } = await settledFile(file);
    assert.not.ok(Buffer.from(bytes).includes('CANARY'));
    assert.not.ok(Buffer.from(bytes).includes('JJJJ'));
    assert.is(findElement(instance.elements, 0x00282000)?.valueLength, (given.value as Uint8Array).length);
    assert.equal(
      outcome.report.filter(({ because }) => because === 'unseen-bytes').map(({ path }) => path),
      ['0028,2000', '0048,0105[1]>0028,2000'],
    );
  }
});

test.run();
