/**
 * The time that cleaning takes grows with the length of the text, whatever it says. A pattern proves that by
 * its form; the search for known values by counting its steps.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ADDITIONAL_PATIENT_HISTORY, cleaned, saysOf } from '#testing/cleaned-text.ts';
import { fileOf, text } from '#testing/deidentified-elements.ts';
import { deidentifyBytes, pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import { PROSE_BYTES_LIMIT } from '../plan-instance.ts';
import { SEARCH_STEPS_LIMIT } from './clean-text.ts';
import { AGE } from './ages-in-text.ts';
import { FORMS } from './date-forms.ts';
import { NAME_FORMS } from './names-in-text.ts';
import { NUMBER_FORMS } from './national-numbers.ts';
import { createSearch } from './search-sources.ts';
import { TELEPHONES } from './telephones.ts';
import { INITIALS, PATTERNS, UIDS } from './text-patterns.ts';

const test = suite('cleaning in linear time');

/** The source with escapes and classes as single letters: what is left is groups and quantifiers. */
function skeleton(source: string): string {
  let plain = source.replace(/\\p\{[^}]*\}|\\k<\w+>|\\./g, 'e');
  for (let before = ''; before !== plain; ) {
    before = plain;
    plain = plain.replace(/\[[^[\]]*\]/g, 'c');
  }
  return plain;
}

/**
 * Places of quantifiers without an upper bound that are not at the end of an alternative of the whole, outside
 * of every lookaround: what they take is looked at again from each place before it.
 */
function unboundedInside(source: string): string[] {
  const plain = skeleton(source);
  const open: string[] = [];
  const found: string[] = [];
  for (let at = 0; at < plain.length; at += 1) {
    const rest = plain.slice(at);
    if (rest.startsWith('(')) open.push(/^\((?:\?(?:[=!]|<[=!]))?/.exec(rest)![0]);
    else if (rest.startsWith(')')) open.pop();
    const [quantifier] = /^(?:[*+]|\{\d+,\})/.exec(rest) ?? [];
    if (quantifier === undefined) continue;
    const closers = ')'.repeat(open.length);
    const behind = rest.slice(quantifier.length);
    const isAtEnd =
      open.every((group) => group === '(') &&
      (behind === closers || behind.startsWith(`${closers}|`)) &&
      behind.startsWith(closers);
    if (!isAtEnd) found.push(rest.slice(0, 30));
  }
  return found;
}

test('no pattern looks further than a fixed number of characters from where it begins', () => {
  assert.equal(unboundedInside('a(?=b+)'), ['+)']);
  assert.equal(unboundedInside(String.raw`(?<x>\d+)\s`), ['+)e']);
  assert.equal(unboundedInside(String.raw`(?:a|b)[x+]{2,}|c(?<x>\d+)`), []);
  const patterns = [
    ...PATTERNS,
    ...NAME_FORMS,
    ...TELEPHONES,
    ...NUMBER_FORMS.map(({ form }) => form),
    UIDS,
    INITIALS,
    AGE,
    ...Object.values(FORMS),
  ];
  assert.ok(patterns.length > 30);
  for (const { source } of patterns) assert.equal(unboundedInside(source), [], source);
});

/** Steps that the search takes for a text. */
function stepsFor(sources: readonly string[], said: string): number {
  const budget = { left: Number.MAX_SAFE_INTEGER };
  createSearch({ sources, before: null, after: null })(said, budget);
  return Number.MAX_SAFE_INTEGER - budget.left;
}

test('a text that is twice as long takes twice the steps, also where it repeats what is searched for', () => {
  const between = '[^\\p{L}\\p{N}]{0,3}';
  const sources = [`${Array(500).fill('a').join(between)}${between}b`, 'a'.repeat(1_000)];
  for (const unit of ['a ', 'a', 'x-a']) {
    const once = stepsFor(sources, unit.repeat(2_000));
    const twice = stepsFor(sources, unit.repeat(4_000));
    const four = stepsFor(sources, unit.repeat(8_000));
    assert.ok(four - twice <= 2.1 * (twice - once), `${unit}: ${once}, ${twice}, ${four}`);
  }
});

test('the search stops when it has taken the steps that an instance may take', () => {
  const budget = { left: 1_000 };
  const search = createSearch({ sources: ['anna'], before: null, after: null });
  assert.equal(search(`anna ${'x'.repeat(5_000)} anna`, budget), [[0, 4]]);
  assert.ok(budget.left < 0);
});

test('a text whose search would not end in time is replaced as under the plain profile', async () => {
  // A place of 500 words in the header, and a text that says each of them thousands of times.
  const place = Array(500).fill('a1').join(' ');
  const said = 'a1 '.repeat(20_000);
  assert.ok(500 * 20_000 * 2 > SEARCH_STEPS_LIMIT / 2);
  const elements = [text(0x00101040, 'LO', `${place.slice(0, 1_000)} b`)];
  const history = Array.from({ length: 3 }, (_, at) =>
    text([ADDITIONAL_PATIENT_HISTORY, 0x00104000, 0x00204000][at]!, 'LT', said),
  );
  const { of } = await cleaned([...elements, ...history], 'clean-descriptors');
  assert.not.match(of(0x00204000) ?? '', 'a1');
});

test('a run of letters that no language has goes as a whole', async () => {
  assert.is(await saysOf(`head ${'Q'.repeat(60_000)} axial`), 'head [removed] axial');
  assert.is(await saysOf(`no ${'1'.repeat(200)} here`), 'no [removed] here');
  assert.is(await saysOf(`a ${'b'.repeat(64)} c`), `a ${'b'.repeat(64)} c`);
  const sentence = '胸部正面像異常所見'.repeat(10);
  assert.is(await saysOf(sentence), sentence);
});

test('an instance with more text than the largest report is held by name', async () => {
  const long = 'head '.repeat(13_000);
  const count = Math.ceil(PROSE_BYTES_LIMIT / long.length) + 1;
  // Additional Patient History in each item of a sequence that is kept.
  const items = Array.from({ length: count }, () => [text(ADDITIONAL_PATIENT_HISTORY, 'LT', long)]);
  const bytes = fileOf([{ tag: 0x00081140, vr: 'SQ', value: items }]);
  const outcome = await deidentifyBytes(bytes, rulesOf('clean-descriptors'), await pseudonymsOf(1));
  assert.is(outcome.kind === 'ready' ? 'ready' : outcome.because, 'too-much-to-deidentify');
  const plain = await deidentifyBytes(bytes, rulesOf(), await pseudonymsOf(1));
  assert.is(plain.kind, 'ready', 'text that is not cleaned costs nothing');
});

test.run();
