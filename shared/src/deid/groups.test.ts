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
  const expected: Readonly<Record<(typeof GROUPS)[number], readonly number[]>> = {
    identity: [0x00100010, 0x00100020, 0x00101010, 0x00080050, 0x00080090, 0x21000160, 0x00120040],
    dates: [0x00100030, 0x00080020, 0x00080030, 0x00181200, 0x00080201],
    places: [0x00080080, 0x00080081, 0x00101040, 0x00160072, 0x00081040, 0x00080116],
    devices: [0x00181803, 0x00181000, 0x00081010, 0x00020016],
    text: [0x00440011, 0x00081030, 0x00104000, 0x00204000, 0x0040a730, 0x00181030, 0x00120051],
    uids: [0x0020000d, 0x00080018, 0x00181002, 0x00081140],
    pictures: [0x00880200, 0x60003000, 0x60020010, 0x00700001, 0x00280301],
    private: [0x00291010, 0x60013000, 0x00089ffe],
    method: [0x00120062, 0x00020013, 0x00080000, 0x00120064],
  };
  for (const [group, tags] of Object.entries(expected))
    for (const tag of tags) assert.is(groupOf(tag, dictionaryVR(tag)), group, tagName(tag));
});

test.run();
