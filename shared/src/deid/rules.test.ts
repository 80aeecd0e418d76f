import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dictionaryVR, tagName } from '../dicom/dictionary.ts';
import { OPTIONS, profileRows } from './profile.ts';
import { createRules } from './rules.ts';
import type { DeidRules, RulesSettings } from './rules.ts';

const rulesFor = (...options: string[]): DeidRules => {
  const outcome = createRules(options);
  if (outcome.kind === 'refused') throw new Error(outcome.because);
  return outcome.rules;
};
const said = (tag: number, vr: string, ...options: string[]) => {
  const { code, how } = rulesFor(...options).decide(tag, vr);
  return `${code} ${how}`;
};

test('an unknown option is refused by name instead of being ignored', () => {
  for (const option of ['clean-pixel-data', 'clean-recognizable-visual-features']) {
    assert.equal(createRules(['retain-uids', option]), {
      kind: 'refused',
      because: 'option-not-available',
      option,
    });
  }
  for (const option of ['retain-everything', 'toString', 'Retain-UIDs'])
    assert.is(createRules([option]).kind, 'refused', option);
});

test('every other option is taken, alone and all together', () => {
  const available = Object.keys(OPTIONS).filter((option) => createRules([option]).kind === 'ready');
  assert.is(available.length, 10);
  assert.equal(
    rulesFor(...available.toReversed()).options,
    available.filter((option) => option !== 'retain-longitudinal-full-dates'),
  );
});

test('an option overrides the profile, and cleaning goes before keeping', () => {
  assert.is(said(0x00080020, 'DA'), 'Z empty');
  assert.is(said(0x00080020, 'DA', 'retain-longitudinal-full-dates'), 'K keep-temporal');
  assert.is(said(0x00080020, 'DA', 'retain-longitudinal-modified-dates'), 'C shift-date');
  assert.is(said(0x00080030, 'TM', 'retain-longitudinal-modified-dates'), 'C keep-temporal');
  assert.is(said(0x00181200, 'DA', 'retain-device-identity'), 'K keep-temporal');
  assert.is(
    said(0x00181200, 'DA', 'retain-device-identity', 'retain-longitudinal-modified-dates'),
    'C shift-date',
  );
});

test('text is cleaned only under the option for it; other values are treated as under the profile', () => {
  assert.is(said(0x00081030, 'LO'), 'X remove');
  assert.is(said(0x00081030, 'LO', 'clean-descriptors'), 'C clean-text');
  assert.is(said(0x00081030, 'LO', 'clean-structured-content'), 'X remove');
  assert.is(said(0x00102110, 'LO', 'retain-patient-characteristics'), 'C clean-text');
  assert.is(said(0x00700006, 'ST', 'clean-descriptors'), 'C clean-text');
  assert.is(said(0x0016002b, 'OB', 'clean-descriptors'), 'X remove');
});

test('cleaned, an application keeps no title, and an offset from UTC stays as the times of day do', () => {
  assert.is(said(0x00080055, 'AE'), 'X remove');
  assert.is(said(0x00080055, 'AE', 'retain-device-identity'), 'C dummy');
  assert.is(said(0x00080201, 'SH'), 'X remove');
  assert.is(said(0x00080201, 'SH', 'retain-longitudinal-modified-dates'), 'C keep-temporal');
  assert.is(said(0x00080201, 'SH', 'retain-longitudinal-full-dates'), 'K keep-temporal');
});

test('among the choices of a row a dummy goes before an empty value, and that before removal', () => {
  assert.is(said(0x00080080, 'LO'), 'D dummy');
  assert.is(said(0x00080022, 'DA'), 'Z empty');
  assert.is(said(0x00080021, 'DA'), 'D dummy');
  assert.is(said(0x00081140, 'SQ'), 'U items');
  assert.is(said(0x00400555, 'SQ'), 'Z empty');
});

test('no option keeps what a time-stamping authority signed', () => {
  assert.is(said(0x04000310, 'OB', 'retain-longitudinal-full-dates'), 'X remove');
  assert.is(said(0x00340007, 'OB', 'retain-longitudinal-full-dates'), 'K keep');
});

test('attributes outside the tables: known ones stay, dates and UIDs follow their VR, unknown ones the policy', () => {
  assert.is(said(0x00080070, 'LO'), 'K keep');
  assert.is(said(0x00141020, 'DA'), 'D dummy');
  assert.is(said(0x00200242, 'UI'), 'U uid');
  assert.is(said(0x00081150, 'UI'), 'K keep');
  assert.is(said(0x00187fff, 'LO'), 'X remove');
  const keeping = createRules([], { unknownAttributes: 'keep' });
  assert.is(keeping.kind === 'ready' ? keeping.rules.decide(0x00187fff, 'LO').how : '', 'keep');
});

test('a decision says by which action code and why: the report shows both to an auditor', () => {
  const reasonOf = (
    tag: number,
    vr: string,
    options: readonly string[] = [],
    settings: RulesSettings = {},
  ) => {
    const outcome = createRules(options, settings);
    if (outcome.kind === 'refused') throw new Error(outcome.because);
    const { code, because } = outcome.rules.decide(tag, vr);
    return `${code} ${because}`;
  };
  const modified = 'retain-longitudinal-modified-dates';
  const full = 'retain-longitudinal-full-dates';
  const ruled = (asked: 'keep' | 'remove' | 'empty' | 'replace') => ({ attributes: { '00081030': asked } });
  const expected: readonly (readonly [said: string, reason: string])[] = [
    [reasonOf(0x00100010, 'PN'), 'Z pseudonym'],
    [reasonOf(0x00100020, 'LO'), 'D pseudonym'],
    [reasonOf(0x00081030, 'LO'), 'X profile'],
    [reasonOf(0x00080020, 'DA'), 'Z profile'],
    [reasonOf(0x00080021, 'DA'), 'D profile'],
    [reasonOf(0x00081140, 'SQ'), 'U profile'],
    [reasonOf(0x0020000d, 'UI'), 'U profile'],
    [reasonOf(0x00080020, 'DA', [modified]), 'C option'],
    [reasonOf(0x00080020, 'DA', [full]), 'K option'],
    [reasonOf(0x00080201, 'SH', [full]), 'K option'],
    [reasonOf(0x00100040, 'CS', ['retain-patient-characteristics']), 'K option'],
    [reasonOf(0x00101010, 'AS', ['retain-patient-characteristics']), 'K option'],
    [reasonOf(0x0020000d, 'UI', ['retain-uids']), 'K option'],
    [reasonOf(0x00081030, 'LO', ['clean-descriptors']), 'C option'],
    [reasonOf(0x00141020, 'DA'), 'D by-vr'],
    [reasonOf(0x00141020, 'DA', [modified]), 'C by-vr'],
    [reasonOf(0x00141020, 'DA', [full]), 'K by-vr'],
    [reasonOf(0x00200242, 'UI'), 'U by-vr'],
    [reasonOf(0x00200242, 'UI', ['retain-uids']), 'K by-vr'],
    [reasonOf(0x00700006, 'ST'), 'D free-text'],
    [reasonOf(0x00700006, 'ST', ['clean-descriptors']), 'C free-text'],
    [reasonOf(0x00080070, 'LO'), 'K not-needed'],
    [reasonOf(0x00100033, 'DA'), 'Z beside-the-table'],
    [reasonOf(0x00080001, 'UL'), 'X beside-the-table'],
    [reasonOf(0x00187fff, 'LO'), 'X unknown-attribute'],
    [reasonOf(0x00180000, 'UL'), 'X outdated'],
    [reasonOf(0x00040001, 'LO'), 'X profile'],
    [reasonOf(0x00090010, 'LO'), 'X private'],
    [reasonOf(0x50001000, 'LO'), 'X profile'],
    [reasonOf(0x60000022, 'LO'), 'X overlay'],
    [reasonOf(0x00420011, 'OB', [], { documents: 'keep' }), 'K policy'],
    [reasonOf(0x00081030, 'LO', [], ruled('keep')), 'K policy'],
    [reasonOf(0x00081030, 'LO', [], ruled('remove')), 'X policy'],
    [reasonOf(0x00081030, 'LO', [], ruled('empty')), 'Z policy'],
    [reasonOf(0x00081030, 'LO', [], ruled('replace')), 'D policy'],
  ];
  for (const [at, [said, reason]] of expected.entries()) assert.is(said, reason, `${at}`);
});

test('the decision on one attribute does not depend on earlier decisions', () => {
  // Image Position (Patient), whose number ends like that of Study Verified Date.
  const tags = [...profileRows().keys(), 0x00200032];
  const decided = (order: readonly number[]) => {
    const rules = rulesFor('retain-device-identity');
    return new Map(order.map((tag) => [tag, rules.decide(tag, dictionaryVR(tag)).how]));
  };
  const forwards = decided(tags);
  const backwards = decided(tags.toReversed());
  for (const tag of tags) assert.is(backwards.get(tag), forwards.get(tag), tagName(tag));
});

test.run();
