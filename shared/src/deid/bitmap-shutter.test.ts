/** A shutter that an overlay draws goes with the overlay; any other one stays. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deidentified, sequence, shownValue, text } from '#testing/deidentified-elements.ts';
import { parsed, pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import type { NewElement } from '../dicom/encode.ts';
import { findElement } from '../dicom/values.ts';
import { checkResidue } from './residue.ts';

const test = suite('shutters that an overlay draws');
const word = (tag: number, ...values: number[]): NewElement => ({
  tag,
  vr: 'US',
  value: new Uint8Array(Uint16Array.from(values).buffer),
});
const SHAPE = 0x00181600;
const shutter = (...shapes: string[]): NewElement[] => [
  text(SHAPE, 'CS', ...shapes),
  text(0x00181602, 'IS', '4'),
  word(0x00181622, 0),
  word(0x00181623, 0x6002),
  word(0x00181624, 0, 0, 0),
];
const overlay: NewElement[] = [
  word(0x60020010, 2),
  { tag: 0x60023000, vr: 'OW', value: Uint8Array.of(1, 2) },
];
const OF_SHUTTERS = [SHAPE, 0x00181602, 0x00181622, 0x00181623, 0x00181624];

async function left(...elements: NewElement[]) {
  const { instance } = await deidentified(elements);
  assert.equal(
    await checkResidue(await parsed((await deidentified(elements)).bytes), rulesOf(), await pseudonymsOf(1)),
    [],
  );
  return instance;
}
const tagsOf = (elements: Parameters<typeof findElement>[0]) =>
  OF_SHUTTERS.filter((tag) => findElement(elements, tag) !== null);

test('no reference to an overlay is left behind', async () => {
  assert.equal(tagsOf((await left(...shutter('BITMAP'), ...overlay)).elements), [0x00181602]);
  const nested = await left(sequence(0x00082218, shutter('BITMAP')));
  assert.equal(tagsOf(findElement(nested.elements, 0x00082218)!.items![0]!.elements), [0x00181602]);
});

test('the other shapes of the same shutter stay, with its colours', async () => {
  const { elements } = await left(...shutter('RECTANGULAR', 'BITMAP'), ...overlay);
  assert.is(shownValue(elements, SHAPE), 'RECTANGULAR');
  assert.equal(tagsOf(elements), [SHAPE, 0x00181602, 0x00181622, 0x00181624]);
});

test('a shutter that no overlay draws stays as it is', async () => {
  const { elements } = await left(text(SHAPE, 'CS', 'CIRCULAR'), word(0x00181622, 0));
  assert.equal([shownValue(elements, SHAPE), tagsOf(elements)], ['CIRCULAR', [SHAPE, 0x00181622]]);
});

test.run();
