import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DicomElement } from '#shared/dicom/data-set.ts';
import { EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, encodingOf } from '#shared/dicom/registry.ts';
import { SHOWN_CHARACTERS, showValue } from './show-value.ts';

const LITTLE = { characterSets: ['ISO_IR 192'], encoding: encodingOf(EXPLICIT_VR_LITTLE_ENDIAN)! };
const BIG = { characterSets: [], encoding: encodingOf(EXPLICIT_VR_BIG_ENDIAN)! };

function element(vr: string, value: string | Uint8Array, more: Partial<DicomElement> = {}): DicomElement {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  return {
    ...{ tag: 0x00081030, vr, offset: 0, valueOffset: 8, valueLength: bytes.length, bytes },
    ...{ endOffset: 8 + bytes.length, undefinedLength: false, items: null, fragments: null },
    ...more,
  };
}
const text = (shown: string, characters = shown.length) => ({ kind: 'text', text: shown, characters });

test('a text of as many characters as are shown is whole, one more is cut and counted', () => {
  const exactly = 'a'.repeat(SHOWN_CHARACTERS);
  assert.equal(showValue(element('LT', exactly), LITTLE), text(exactly));
  assert.equal(showValue(element('LT', `${exactly}b`), LITTLE), text(exactly, SHOWN_CHARACTERS + 1));
});

test('a character of two halves is not cut in the middle', () => {
  const before = 'a'.repeat(SHOWN_CHARACTERS - 1);
  assert.equal(showValue(element('LT', `${before}😀 and more`), LITTLE), text(before, SHOWN_CHARACTERS + 10));
});

test('numbers and tags are read in the byte order of the data set', () => {
  assert.equal(showValue(element('US', new Uint8Array([1, 0, 2, 0])), LITTLE), text('1\\2'));
  assert.equal(showValue(element('US', new Uint8Array([0, 1, 0, 2])), BIG), text('1\\2'));
  assert.equal(showValue(element('AT', new Uint8Array([0x00, 0x10, 0x00, 0x20])), BIG), text('(0010,0020)'));
});

test('bytes, fragments and values that the reader did not keep are shown as sizes; an empty value is always empty', () => {
  assert.equal(showValue(element('OB', new Uint8Array(6)), LITTLE), { kind: 'binary', bytes: 6 });
  assert.equal(showValue(element('UN', 'text?!'), LITTLE), { kind: 'binary', bytes: 6 });
  const fragments = [0, 40, 2].map((length) => ({ offset: 0, length }));
  const cut = (vr: string, more: Partial<DicomElement>) =>
    showValue(element(vr, '', { bytes: null, ...more }), LITTLE);
  assert.equal(cut('OB', { valueLength: 66, fragments }), { kind: 'binary', bytes: 42 });
  assert.equal(cut('UT', { valueLength: 70_000 }), { kind: 'binary', bytes: 70_000 });
  assert.equal(showValue(element('OB', ''), LITTLE), text(''));
});

test.run();
