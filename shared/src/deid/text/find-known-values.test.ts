import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileOf, text } from '#testing/deidentified-elements.ts';
import { parsed, rulesOf } from '#testing/deidentified-file.ts';
import { sourcesOf } from './find-known-values.ts';
import { fold } from './fold.ts';
import { knownIn } from './hold-known-values.ts';
import type { KnownValues } from './known-values.ts';
import { createSearch, type Sources } from './search-sources.ts';
import type { Span } from './text-patterns.ts';

const test = suite('finding known values');

const UNLIMITED = { left: Infinity };

/** The straightforward search: one alternation of all sources, tried at every place. */
function alternation({ sources, before, after }: Sources): (said: string) => Span[] {
  if (sources.length === 0) return () => [];
  const whole = `${before?.source ?? ''}(?:${sources.join('|')})${after?.source ?? ''}`;
  const expression = new RegExp(whole, before?.unicodeSets === true ? 'gv' : 'gu');
  return (said) =>
    [...said.matchAll(expression)].map((match) => [match.index, match.index + match[0].length]);
}

const WORDS =
  'Anna Annas Li Lindqvist Lindqvistson Schmidt Schmidt77 Müller-Lüdenscheidt OBrien de la Cruz J K. Иванова Иванов 山田 山 田太郎 やまだ 김 희 김희 สมชาย ⑴ Mercy'.split(
    ' ',
  );
const NUMBERS = '12 1234 445566 44-55-66 US12 CT-99 ACC-778812 7A1 A77-1 555-0187 1.5'.split(' ');
const SEPARATORS = [' ', '', '-', ', ', '. ', "'", '^', '/', '_', ' - ', '    '];
const ENDS = ['s', "'s", 'ой', 'ами', 'x', '1', '.', '様', '先生', ' b', ',5', ''];

const rowOf = (words: readonly string[], least: number, most: number): fc.Arbitrary<string> =>
  fc
    .array(fc.tuple(fc.constantFrom(...words), fc.constantFrom(...SEPARATORS)), {
      minLength: least,
      maxLength: most,
    })
    .map((parts) => parts.flat().join(''));
const NAME = rowOf(WORDS, 1, 4).map((name) => name.replaceAll('  ', '^'));
const PHRASE = rowOf([...WORDS, ...NUMBERS, 'Street', 'Hospital'], 1, 4);
const HEADER = fc.tuple(fc.array(NAME, { maxLength: 4 }), fc.array(PHRASE, { maxLength: 4 }));

async function valuesOf([names, phrases]: readonly [string[], string[]]): Promise<KnownValues> {
  const [person = 'DOE^JANE', ...others] = names;
  const [institution = 'X', ...more] = phrases;
  const file = fileOf([
    text(0x00080005, 'CS', 'ISO_IR 192'),
    text(0x00080050, 'SH', more[0] ?? ''),
    text(0x00080080, 'LO', institution),
    text(0x00081048, 'PN', ...others),
    text(0x00100010, 'PN', person),
    text(0x00101000, 'LO', ...more.slice(1)),
    text(0x00101040, 'LO', institution),
  ]);
  return knownIn(await parsed(file), rulesOf('clean-descriptors'), false)!.values;
}

/** Texts of the header's own words, cut, joined otherwise, and continued. */
const SAID = fc
  .array(
    fc.tuple(
      fc.oneof(
        fc.constantFrom(...WORDS, ...NUMBERS, 'head', 'knee'),
        fc.string({ maxLength: 3, unit: 'grapheme' }),
      ),
      fc.constantFrom(...ENDS),
      fc.constantFrom(...SEPARATORS),
    ),
    { maxLength: 14 },
  )
  .map((parts) => parts.flat().join(''));

test('finds what an alternation of all of them finds, at the same places', async () => {
  let matches = 0;
  const property = fc.asyncProperty(HEADER, fc.array(SAID, { maxLength: 8 }), async (header, texts) => {
    const own = header.flat().flatMap((value) => [value, value.toUpperCase(), value.replace(/\P{L}/gu, '')]);
    for (const sources of sourcesOf(await valuesOf(header))) {
      const search = createSearch(sources);
      const expected = alternation(sources);
      for (const said of [...texts, ...own, own.join(' '), own.join('')]) {
        const { text: folded } = fold(said);
        const found = search(folded, UNLIMITED);
        assert.equal(found, expected(folded), `${JSON.stringify(header)} in ${JSON.stringify(said)}`);
        matches += found.length;
      }
    }
  });
  await fc.assert(property, { numRuns: 40, seed: 1 });
  assert.ok(matches > 1000, `${matches} matches`);
});

/** Sources that share beginnings, end within each other, and differ in the pieces between their letters. */
const SOURCE = fc
  .array(fc.constantFrom('a', 'ab', 'b', '1', 'ba'), { minLength: 1, maxLength: 5 })
  .chain((letters) =>
    fc
      .array(fc.constantFrom('', '', '[^\\p{L}\\p{N}]{0,3}', '[_-]?', '\\.\\s?', ',\\s?', '(?!\\p{N})'), {
        minLength: letters.length,
        maxLength: letters.length,
      })
      .map((pieces) =>
        letters.map((letter, at) => letter + (at < letters.length - 1 ? pieces[at] : '')).join(''),
      ),
  );
const LETTERS_AND_GAPS = fc.string({ unit: fc.constantFrom(...'aaabbb1.,_ -s'), maxLength: 60 });

test('prefers the earlier source, however many begin alike', () => {
  const property = fc.property(
    fc.array(SOURCE, { maxLength: 30 }),
    fc.boolean(),
    LETTERS_AND_GAPS,
    (sources, isWhole, said) => {
      const [before, after] = isWhole ? [/(?<!\p{L})/uy, /(?:'?s)?(?!\p{L})/uy] : [null, null];
      const all = { sources, before, after };
      assert.equal(createSearch(all)(said, UNLIMITED), alternation(all)(said));
    },
  );
  fc.assert(property, { numRuns: 2000, seed: 1 });
});

test('takes no longer for thousands of values that begin alike', () => {
  const name = (at: number): string =>
    `quux${[...String(at)].map((digit) => 'bcdfghjklm'[Number(digit)]).join('')}`;
  const all = (count: number): Sources => ({
    sources: Array.from({ length: count }, (_, at) => `${name(at)}[^\\p{L}\\p{N}]{0,3}anna`),
    before: null,
    after: null,
  });
  const said = Array.from({ length: 4096 }, (_, at) => `${name(at % 4)} bert quux `).join('');
  const costOf = (count: number): number => {
    const search = createSearch(all(count));
    search(said, UNLIMITED);
    const begin = process.cpuUsage();
    search(said, UNLIMITED);
    return process.cpuUsage(begin).user;
  };
  costOf(5);
  const few = costOf(5);
  const many = costOf(5000);
  assert.ok(many < few * 20 + 50_000, `${many} µs of 5000 values, ${few} µs of 5`);
});

test.run();
