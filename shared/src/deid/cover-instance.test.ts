/** The statements of a covered instance about itself, and whose claims about covered pixels count. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builtFile } from '#testing/built-file.ts';
import { covered } from '#testing/covered-file.ts';
import { bytesOf, deidentifyBytes, parsed, pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import {
  BOXES_LIMIT,
  claimedBoxes,
  formatBox,
  parseBox,
  type Box,
  type CoveredBoxes,
} from '../dicom/boxes.ts';
import type { SimpleElement } from '../dicom/build-instance.ts';
import { SOP_CLASSES } from '../dicom/registry.ts';
import { findElement, textOf, textsOf } from '../dicom/values.ts';
import { deidentifyInstance } from './deidentify-instance.ts';
import { checkResidue } from './residue.ts';

const METHOD = 0x00120063;
const BOX: Box = { x: 1, y: 0, width: 5, height: 2, frames: null };
const OTHER: Box = { x: 0, y: 6, width: 8, height: 1, frames: [1, 1] };

const fileOf = (...elements: readonly SimpleElement[]): Uint8Array =>
  builtFile(
    [
      [0x00080008, 'CS', 'ORIGINAL', 'PRIMARY'],
      [0x00080060, 'CS', 'US'],
      [0x00100010, 'PN', 'DOE^JANE'],
      [0x00100020, 'LO', 'PAT-1'],
      ...elements,
    ],
    {
      sopClass: SOP_CLASSES.US,
      image: { rows: 8, columns: 8, bitsAllocated: 8, pixels: new Uint8Array(64).fill(77) },
    },
  );

const rules = rulesOf();
const pseudonyms = await pseudonymsOf(1);

async function sent(file: Uint8Array, boxes: readonly Box[]) {
  const made = await covered(await parsed(file), boxes);
  if (made === null) throw new Error('it cannot be covered');
  const outcome = await deidentifyInstance(made.instance, rules, pseudonyms, {
    looked: ['pixels'],
    covered: made.boxes as CoveredBoxes,
  });
  if (outcome.kind !== 'ready') throw new Error(outcome.because);
  const bytes = await bytesOf(outcome.segments, made.instance.dataSet);
  return { bytes, instance: await parsed(bytes), report: outcome.report };
}

test('a covered instance names its boxes and the option, says that nothing is burned in, and reports both', async () => {
  const { instance, report } = await sent(fileOf(), [BOX, OTHER]);
  assert.equal(textsOf(findElement(instance.elements, METHOD), instance).slice(1), [
    'covered 1,0,5,2',
    'covered 0,6,8,1@1-1',
  ]);
  assert.equal(claimedBoxes(instance.elements), [BOX, OTHER]);
  const codes = findElement(instance.elements, 0x00120064)!.items!.map(({ elements }) =>
    textOf(findElement(elements, 0x00080100), instance),
  );
  assert.equal(codes, ['113100', '113101']);
  assert.is(textOf(findElement(instance.elements, 0x00280301), instance), 'NO');
  assert.equal(
    report.filter(({ because }) => because === 'covered').map(({ path, action }) => `${path} ${action}`),
    ['0028,0301 D', '7fe0,0010 C'],
  );
  assert.equal(textsOf(findElement(instance.elements, 0x00080008), instance), ['ORIGINAL', 'PRIMARY']);
});

test('it passes the gateway’s check, and a second run changes nothing', async () => {
  const { bytes, instance } = await sent(fileOf([0x00280301, 'CS', 'YES']), [BOX]);
  assert.equal(await checkResidue(instance, rules, pseudonyms), []);
  const again = await deidentifyBytes(bytes, rules, pseudonyms);
  assert.ok(again.kind === 'ready');
  assert.equal(again.bytes, bytes);
});

test('covered once more, it names the boxes of both times, up to the limit', async () => {
  const first = await sent(fileOf(), [BOX]);
  const second = await sent(first.bytes, [BOX, OTHER]);
  assert.equal(claimedBoxes(second.instance.elements), [BOX, OTHER]);
  assert.equal(await checkResidue(second.instance, rules, pseudonyms), []);
  const many = Array.from(
    { length: BOXES_LIMIT },
    (_, at): Box => ({
      x: at % 8,
      y: Math.floor(at / 8) % 8,
      width: 1,
      height: 1,
      frames: at < 64 ? null : [1, 1],
    }),
  );
  const full = await sent(fileOf(), many);
  assert.is(claimedBoxes(full.instance.elements)!.length, BOXES_LIMIT);
  const one = await covered(full.instance, [BOX]);
  const outcome = await deidentifyInstance(one!.instance, rules, pseudonyms, {
    looked: ['pixels'],
    covered: one!.boxes as CoveredBoxes,
  });
  assert.equal(outcome, { kind: 'quarantined', because: 'cannot-be-covered' });
});

test('a foreign file that claims to be covered is not believed, and is still held for a look', async () => {
  const claims: SimpleElement = [METHOD, 'LO', 'RelayPACS, PS3.15 Basic Profile', 'covered 0,0,8,8'];
  const held = await deidentifyBytes(fileOf(claims), rules, pseudonyms);
  assert.equal(held, { kind: 'quarantined', because: 'undeclared-text' });
  const released = await parsed(fileOf(claims));
  const outcome = await deidentifyInstance(released, rules, pseudonyms, { looked: ['pixels'] });
  assert.ok(outcome.kind === 'ready');
  const instance = await parsed(await bytesOf(outcome.segments, released.dataSet));
  assert.equal(claimedBoxes(instance.elements), []);
  assert.ok(outcome.report.some(({ because }) => because === 'released'));
});

test('the gateway finds a claim that was taken out or put in afterwards', async () => {
  const { bytes } = await sent(fileOf(), [BOX]);
  const text = new TextDecoder('latin1').decode(bytes);
  const at = text.indexOf('covered 1,0,5,2');
  for (const changed of ['Covered 1,0,5,2', 'covered 9,0,5,x']) {
    const forged = bytes.slice();
    forged.set(new TextEncoder().encode(changed), at);
    const residue = await checkResidue(await parsed(forged), rules, pseudonyms);
    assert.equal(residue.map(({ tag }) => tag).includes('0012,0063'), true, changed);
  }
});

test('a box is read as it is written, and only so', () => {
  for (const box of [BOX, OTHER, { ...BOX, width: 65_534, frames: [2, 2_147_483_647] as const }])
    assert.equal(parseBox(formatBox(box)), box);
  const wrong = [
    'covered',
    'covered 1,0,5',
    'covered 01,0,5,2',
    'covered -1,0,5,2',
    'covered 1,0,0,2',
    'covered 1,0,65535,2',
    'covered 1,0,5,2@0-1',
    'covered 1,0,5,2@2-1',
    'covered 1,0,5,2@1',
    'covered NaN,0,5,2',
    'covered 1e3,0,5,2',
    'covered 99999999999,0,5,2',
  ];
  for (const text of wrong) assert.is(parseBox(text), null, text);
});

test.run();
