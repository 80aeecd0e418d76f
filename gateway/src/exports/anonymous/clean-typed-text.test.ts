/** Typed text leaves only as far as a list of harmless words proves it. */
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fold } from '#shared/deid/text/fold.ts';
import { createTypedTextCleaner, HARMLESS_WORDS } from './clean-typed-text.ts';
import type { Identity } from './identity-texts.ts';

const test = suite('typed text in an anonymous row');

const LONG: Identity = {
  names: ['Long^Ana'],
  numbers: ['PAT-4711'],
  birthDates: ['19580304'],
  uids: ['2.25.3298007356'],
};
const clean = createTypedTextCleaner(LONG);

test('keeps what names nobody', () => {
  for (const text of [
    'Chest view without contrast',
    'fracture of the left wrist, 12 mm',
    'L5 normal, no pain',
    'Left lower zone opacity',
    'Retrocardiac airspace consolidation',
  ])
    assert.is(clean(text), text);
});

test('loses names, numbers and days of the case, and names that no rule knows', () => {
  assert.is(
    clean('fracture of the left wrist, seen with Zorbrax in the clinic'),
    'fracture of the left wrist, seen with [removed] in the clinic',
  );
  const text = 'Known pain in the left knee of PAT-4711, Ana, since 4 March 1958: no fracture, no effusion';
  assert.not.match(clean(text), /4711|ana|march|1958/i);
  assert.match(clean(text), /^Known pain in the left knee of .*no fracture, no effusion$/);
});

test('loses an ordinary word where it is the patient’s name', () => {
  assert.not.match(clean('Mr Long has a fracture of the left wrist'), /long/i);
  assert.match(
    createTypedTextCleaner({ ...LONG, names: [] })('the long axis of the left wrist'),
    /long axis/,
  );
});

test('loses what columns tell in groups: sex, age and month', () => {
  const text = clean(
    'In May this 54 year old woman had pain in her left knee and a fracture of the right hip',
  );
  assert.not.match(text, /may|54|woman|her\b/i);
  assert.match(text, /fracture of the right hip/);
});

test('loses organs of one sex, and words for ages', () => {
  const text = clean(
    'Child with pain in the left knee, enlarged prostate, cyst of the left ovary and the uterus',
  );
  assert.not.match(text, /child|prostate|ovary|uterus/i);
  assert.match(text, /pain in the left knee/);
});

test('leaves out a text of which little is left, and one that is too long', () => {
  assert.is(clean('Zorbrax called Quennel about Vexil'), '');
  assert.is(clean('pain '.repeat(1000)), '');
  assert.is(clean(''), '');
});

test('whatever is typed, only harmless words and short numbers come out', async () => {
  const words = fc.constantFrom(
    'Zorbrax',
    'pain',
    'left',
    '4711',
    '12',
    '5 8 1 2 9',
    'Ана',
    '山田',
    "O'Neil",
    'knee',
    'a\u0301na',
  );
  const texts = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 80 }),
    fc.array(words).map((some) => some.join(' ')),
  );
  const property = fc.property(texts, (text) => {
    const shown = clean(text).replaceAll('[removed]', '|');
    for (const token of shown.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [])
      assert.ok(
        HARMLESS_WORDS.has(fold(token).text) || /^(\d{1,3}\p{L}{0,2}|\p{L}{1,2}\d{1,2})$/u.test(token),
        token,
      );
    assert.not.match(shown, /\d[\s.,/_-]{0,3}\d[\s.,/_-]{0,3}\d[\s.,/_-]{0,3}\d[\s.,/_-]{0,3}\d/);
  });
  await fc.assert(property, { seed: 8, numRuns: 300 });
});

test.run();
