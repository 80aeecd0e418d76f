/**
 * The time that cleaning takes grows with the length of the text, whatever it says. Patterns are judged by `npm run
 * check` (scripts/check/patterns.ts); the search for known values proves it by counting its steps.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ADDITIONAL_PATIENT_HISTORY, cleaned, saysOf } from '#testing/cleaned-text.ts';
import { fileOf, text } from '#testing/deidentified-elements.ts';
import { deidentifyBytes, pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import { PROSE_BYTES_LIMIT } from '../plan-instance.ts';
import { SEARCH_STEPS_LIMIT } from './clean-text.ts';
import { createSearch } from './search-sources.ts';

const test = suite('cleaning in linear time');

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
