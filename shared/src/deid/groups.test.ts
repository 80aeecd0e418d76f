import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dictionaryVR, tagName } from '../dicom/dictionary.ts';
import { GROUPS, groupOf, listedGroup } from './groups.ts';
import { decidingRows, profileRows } from './profile.ts';

test('every row of the tables has a group: none is guessed', () => {
  const unknown = [...decidingRows().keys()].filter((tag) => listedGroup(tag, dictionaryVR(tag)) === null);
  assert.equal(unknown.map(tagName), []);
});

test('every group but that of private attributes and of our own markers has rows of the table', () => {
  const found = new Set([...profileRows().keys()].map((tag) => groupOf(tag, dictionaryVR(tag))));
  assert.equal(
    GROUPS.filter((group) => !found.has(group)),
    ['private', 'method'],
  );
});

test('an attribute is in the group where a person looks for it', () => {
  const expected: readonly (readonly [number, (typeof GROUPS)[number]])[] = [
    [0x00100010, 'identity'],
    [0x00100020, 'identity'],
    [0x00101010, 'identity'],
    [0x00080050, 'identity'],
    [0x00080090, 'identity'],
    [0x00100030, 'dates'],
    [0x00080020, 'dates'],
    [0x00080030, 'dates'],
    [0x00181200, 'dates'],
    [0x00080201, 'dates'],
    [0x00080080, 'places'],
    [0x00080081, 'places'],
    [0x00101040, 'places'],
    [0x00160072, 'places'],
    [0x00081040, 'places'],
    [0x00181803, 'devices'],
    [0x00080116, 'places'],
    [0x21000160, 'identity'],
    [0x00440011, 'text'],
    [0x00181000, 'devices'],
    [0x00081010, 'devices'],
    [0x00020016, 'devices'],
    [0x0020000d, 'uids'],
    [0x00080018, 'uids'],
    [0x00181002, 'uids'],
    [0x00081140, 'uids'],
    [0x00081030, 'text'],
    [0x00104000, 'text'],
    [0x00204000, 'text'],
    [0x0040a730, 'text'],
    [0x00181030, 'text'],
    [0x00880200, 'pictures'],
    [0x60003000, 'pictures'],
    [0x60020010, 'pictures'],
    [0x00700001, 'pictures'],
    [0x00280301, 'pictures'],
    [0x00291010, 'private'],
    [0x60013000, 'private'],
    [0x00089ffe, 'private'],
    [0x00120040, 'identity'],
    [0x00120051, 'text'],
    [0x00120062, 'method'],
    [0x00020013, 'method'],
    [0x00080000, 'method'],
    [0x00120064, 'method'],
  ];
  for (const [tag, group] of expected) assert.is(groupOf(tag, dictionaryVR(tag)), group, tagName(tag));
});

test.run();
