/**
 * Every object that was valid stays valid: an attribute that a module requires with a value (Type 1) gets a dummy where
 * its value must go, under every set of options. scripts/tables/required-attributes.txt says which those are, and from
 * where that is known.
 */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dictionaryVR, tagName } from '../dicom/dictionary.ts';
import { OPTIONS } from './profile.ts';
import { createRules } from './rules.ts';

const TABLE = readFileSync(
  new URL('../../../scripts/tables/required-attributes.txt', import.meta.url),
  'utf8',
);
const REQUIRED = TABLE.split('\n')
  .filter((line) => !line.startsWith('#'))
  .flatMap((line) => line.split(' ').filter((word) => word !== ''))
  .map((word) => Number.parseInt(word, 16));

/** Required inside a sequence or beside an attribute that goes by the same rules, and is required nowhere itself. */
const GOES_WITH: Readonly<Record<string, number>> = {
  '0012,0081': 0x00120082, // Ethics Committee Name: Ethics Committee Approval Number
  '0018,1009': 0x0018100a, // Unique Device Identifier: UDI Sequence
  '0400,0120': 0xfffafffa, // Signature: Digital Signatures Sequence
  '0400,0404': 0x04000403, // MAC: Referenced SOP Instance MAC Sequence
  '0400,0520': 0x04000500, // Encrypted Content: Encrypted Attributes Sequence
  '0400,0550': 0x04000561, // Modified Attributes Sequence: Original Attributes Sequence
};
/** 1C: "Required if application level confidentiality is needed" (PS3.3 §C.12.1), which it no longer is. */
const NO_LONGER_NEEDED = new Set(['0400,0500']);
/** Whole groups go (PS3.15 Table E.1-1): curves, sound and overlays. */
const goesWithGroup = (tag: number): boolean => tag >>> 24 === 0x50 || tag >>> 24 === 0x60;

const alone = Object.keys(OPTIONS)
  .map((option) => [option])
  .filter((options) => createRules(options).kind === 'ready');
const SETS: readonly (readonly string[])[] = [[], ...alone, alone.flat()];

const isGone = (how: string | undefined): boolean => how === 'remove' || how === 'empty';

test('no attribute of Type 1 is removed or emptied, unless all that requires it goes too', () => {
  assert.ok(REQUIRED.length > 1200, `${REQUIRED.length}`);
  assert.ok(SETS.length > 10, `${SETS.length}`);
  const lost = new Set<string>();
  for (const options of SETS) {
    const made = createRules(options);
    if (made.kind === 'refused') throw new Error(made.option);
    const goes = (tag: number): boolean => isGone(made.rules.decide(tag, dictionaryVR(tag)).how);
    for (const tag of REQUIRED) {
      const name = tagName(tag);
      if (!goes(tag) || goesWithGroup(tag) || NO_LONGER_NEEDED.has(name)) continue;
      const sequence = GOES_WITH[name];
      if (sequence === undefined || !goes(sequence)) lost.add(`${name} ${options.join()}`);
    }
  }
  assert.equal([...lost], []);
});

test.run();
