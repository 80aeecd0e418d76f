import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deidentified, sequence, text } from '#testing/deidentified-elements.ts';
import { sopClassKind } from '../dicom/registry.ts';
import { asciiText, findElement } from '../dicom/values.ts';
import { isKeptUid, mayNameClass } from './kept-uids.ts';

const test = suite('UIDs that stay');
const FRAME_OF_REFERENCE_UID = 0x00200052;

test('a UID that the standard registers stays, one that only begins like it does not', () => {
  // PS3.6 Tables: a SOP Class, a transfer syntax, the frame of an atlas; an empty value of a list
  for (const uid of ['1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.4.1.1', ''])
    assert.ok(isKeptUid(uid), uid);
  for (const uid of [
    '1.2.840.10008.5.1.4.1.1.2.19610502',
    '1.2.840.10008.9.445566',
    '1.2.840.10008',
    '1.2.3',
  ])
    assert.not.ok(isKeptUid(uid), uid);
  for (const uid of ['1.2.840.10008.5.1.4.1.1.88.33', '1.2.840.10008.5.1.4.34.7'])
    assert.ok(isKeptUid(uid) && sopClassKind(uid) !== 'unknown', uid);
});

test("an instance's own UID below the standard's root is replaced, the frame of an atlas is not", async () => {
  const of = async (uid: string) => {
    const { instance } = await deidentified([text(FRAME_OF_REFERENCE_UID, 'UI', uid)]);
    return asciiText(findElement(instance.elements, FRAME_OF_REFERENCE_UID)!.bytes!).replaceAll('\0', '');
  };
  assert.match(await of('1.2.840.10008.1.2.3.445566'), /^2\.25\./);
  assert.is(await of('1.2.840.10008.1.4.1.1'), '1.2.840.10008.1.4.1.1');
});

test('the UID of a class stays unless its numbers are too long for one', async () => {
  // of the standard, now and later; of Siemens, OFFIS and SNOMED CT
  for (const uid of [
    '1.2.840.10008.5.1.4.1.1.2',
    '1.2.840.10008.5.1.4.1.1.999.3',
    '1.3.12.2.1107.5.9.1',
    '1.2.276.0.7230010.3.1.0.1',
    '2.16.840.1.113883.6.96',
  ])
    assert.ok(mayNameClass(uid), uid);
  for (const uid of ['1.2.840.10008.5.1.4.9.19005311.7', '1.2.840.10008.5.1.19610', '1.2.3.10584932'])
    assert.not.ok(mayNameClass(uid), uid);
  for (const [tag, uid, kept] of [
    [0x00081150, '1.2.840.10008.5.1.4.9.19005311.7', false],
    [0x00081150, '1.3.12.2.1107.5.9.1', true],
    [0x0008010d, '1.2.3.10584932', false],
    [0x0008010d, '1.2.276.0.7230010.3.1', true],
  ] as const) {
    const { instance } = await deidentified([sequence(0x00081140, [text(tag, 'UI', uid)])]);
    const [item] = findElement(instance.elements, 0x00081140)!.items!;
    const left = asciiText(findElement(item!.elements, tag)!.bytes!).replaceAll('\0', '');
    assert.is(left === uid, kept, `${uid}: ${left}`);
    assert.match(left, kept ? uid : /^2\.25\./);
  }
});

test.run();
