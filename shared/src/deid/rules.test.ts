import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OPTIONS } from './profile.ts';
import { createRules } from './rules.ts';
import type { DeidRules } from './rules.ts';

const rulesFor = (...options: string[]): DeidRules => {
  const outcome = createRules(options);
  if (outcome.kind === 'refused') throw new Error(outcome.because);
  return outcome.rules;
};
const said = (tag: number, vr: string, ...options: string[]) => {
  const { code, how } = rulesFor(...options).decide(tag, vr);
  return `${code} ${how}`;
};

test('an option that does not exist yet, or never did, is refused by name instead of being passed over', () => {
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

test('attributes outside the tables: known ones stay, dates and UIDs follow their VR, unknown ones the policy', () => {
  assert.is(said(0x00080070, 'LO'), 'K keep');
  assert.is(said(0x00141020, 'DA'), 'D dummy');
  assert.is(said(0x00200242, 'UI'), 'U uid');
  assert.is(said(0x00081150, 'UI'), 'K keep');
  assert.is(said(0x00187fff, 'LO'), 'X remove');
  const keeping = createRules([], { unknownAttributes: 'keep' });
  assert.is(keeping.kind === 'ready' ? keeping.rules.decide(0x00187fff, 'LO').how : '', 'keep');
});

test.run();
