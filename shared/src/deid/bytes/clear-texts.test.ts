/** Text in kept values of numbers and bytes: it leaves in none of them, and numbers stay as they are. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deidentified, holds, sequence, text } from '#testing/deidentified-elements.ts';
import { concatBytes, type NewElement } from '#shared/dicom/encode.ts';
import type { DicomElement } from '#shared/dicom/data-set.ts';
import { findElement } from '#shared/dicom/values.ts';

const LUT_SEQUENCE = 0x00283000;
const LUT_DATA = 0x00283006;
const PALETTE = 0x00281201;
const CURVE = Uint8Array.from({ length: 300 }, (_, at) => at % 256);
const bytes = (said: string): Uint8Array => new TextEncoder().encode(said);
const even = (value: Uint8Array): Uint8Array => concatBytes([value, new Uint8Array(value.length % 2)]);
const lut = (vr: string, value: Uint8Array): NewElement =>
  sequence(LUT_SEQUENCE, [text(0x00283003, 'LO', 'a curve'), { tag: LUT_DATA, vr, value: even(value) }]);
const utf16 = (said: string): Uint8Array =>
  Uint8Array.from([...said].flatMap((letter) => [letter.charCodeAt(0), 0]));

const TEXTS: Readonly<Record<string, Uint8Array>> = {
  'a sentence of a stranger': bytes('Nightjarre came for the left knee'),
  'a name of the header between numbers': concatBytes([CURVE, bytes('  Quillfeather Xavier '), CURVE]),
  'a name behind a cue between numbers': concatBytes([CURVE, bytes('  Dr. Nightjarre  '), CURVE]),
  'in UTF-16': utf16('for Quillfeather, Xavier'),
  'behind 70 kB': concatBytes([...Array<Uint8Array>(240).fill(CURVE), bytes('  of Quillfeather  '), CURVE]),
  '70 kB of text': bytes('knee of Nightjarre. '.repeat(3600)),
};
const PATIENT = text(0x00100010, 'PN', 'QUILLFEATHER^XAVIER');

test('a text becomes zeros of the same length, in LUT Data and in bytes, short and long', async () => {
  for (const [name, value] of Object.entries(TEXTS)) {
    for (const element of [lut('OW', value), { tag: PALETTE, vr: 'OW', value: even(value) }]) {
      const out = await deidentified([PATIENT, element]);
      for (const token of ['Quillfeather', 'Nightjarre', String.fromCharCode(...utf16('Quillf'))])
        assert.not.ok(holds(out.bytes, token), name);
      const items = findElement(out.instance.elements, LUT_SEQUENCE)?.items;
      const inner: readonly DicomElement[] = items?.[0]?.elements ?? out.instance.elements;
      const left = findElement(inner, items ? LUT_DATA : PALETTE);
      assert.is(left?.valueLength, even(value).length, name);
    }
  }
});

const NUMBERS: Readonly<Record<string, Uint8Array>> = {
  'a curve of bytes': CURVE,
  'a curve of 16 bits': new Uint8Array(Uint16Array.from({ length: 4096 }, (_, at) => at * 16).buffer),
  'printable samples': Uint8Array.from({ length: 4000 }, (_, at) => 78 + Math.round(40 * Math.sin(at / 9))),
  'the letters in order': Uint8Array.from({ length: 94 }, (_, at) => 33 + at),
};

test('numbers stay, also those that are letters', async () => {
  for (const [name, value] of Object.entries(NUMBERS)) {
    const out = await deidentified([PATIENT, lut('OW', value)]);
    const item = findElement(out.instance.elements, LUT_SEQUENCE)!.items![0]!;
    assert.equal(findElement(item.elements, LUT_DATA)?.bytes, value, name);
  }
});

/** More than is looked at, without an end. */
const ENDLESS = 'x'.repeat(300_000);

test('of a run without an end a part is looked at, and one of words becomes zeros as a whole', async () => {
  for (const [said, isLeft] of [
    [`${ENDLESS} Dr. Nightjarre came `, true],
    [` Dr. Nightjarre came ${ENDLESS}`, false],
    ['knee of Nightjarre. '.repeat(60_000), false],
  ] as const) {
    const out = await deidentified([PATIENT, { tag: PALETTE, vr: 'OW', value: even(bytes(said)) }]);
    assert.is(holds(out.bytes, 'Nightjarre'), isLeft);
  }
});

test.run();
