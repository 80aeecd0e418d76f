/** The generated dictionary says what PS3.6 says. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { dictionaryEntry, dictionaryVR, isExpectedVR, loadKeywords, tagName } from './dictionary.ts';

const test = suite('data dictionary');

test('implicit VR elements get the VR of the standard', () => {
  const expected: [number, string][] = [
    [0x00100010, 'PN'],
    [0x0020000d, 'UI'],
    [0x00280010, 'US'],
    [0x7fe00010, 'OW'],
    [0x00281101, 'US'],
    [0x00081140, 'SQ'],
    [0x60020010, 'US'],
    [0x50060010, 'US'],
    [0x00080000, 'UL'],
    [0x00290010, 'LO'],
    [0x00291010, 'UN'],
    [0x00099999, 'UN'],
  ];
  for (const [tag, vr] of expected) assert.is(dictionaryVR(tag), vr, tagName(tag));
});

test('either VR of a choice is expected, another is not', () => {
  assert.is(isExpectedVR(0x00280106, 'SS'), true);
  assert.is(isExpectedVR(0x7fe00010, 'OB'), true);
  assert.is(isExpectedVR(0x00100010, 'UN'), true);
  assert.is(isExpectedVR(0x00100010, 'SQ'), false);
});

test('multiplicity and keyword are available', async () => {
  assert.equal(dictionaryEntry(0x00080005), { vr: 'CS', vm: '1-n' });
  assert.is(dictionaryEntry(0x00291010), null);
  const keywords = await loadKeywords();
  assert.is(keywords.get(0x00100010), 'PatientName');
  assert.ok(keywords.size > 5000);
});

test.run();
