/**
 * Finds the values of the header (known-values.ts) in folded text.
 */
import { WITHOUT_SPACES, type Folded } from './fold.ts';
import type { KnownValues } from './known-values.ts';
import { createSearch, type Budget, type Sources } from './search-sources.ts';
import type { Span } from './text-patterns.ts';

/** The separators between the parts of an identifier; a short identifier allows fewer. */
const APART = '[\\s./_:-]{0,2}';
const LITTLE_APART = '[_-]?';
const ANYWHERE = '[\\s/_-]?';
const SHORT_IDENTIFIER = 6;
const LONG_IDENTIFIER = 6;

/**
 * The source of a regular expression for an identifier in parts (known-values.ts): neither side is part of a
 * longer word or number.
 */
function identifierSource(identifier: string): string {
  const parts = identifier.split(' ');
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const within = length >= LONG_IDENTIFIER ? ANYWHERE : '';
  const written = parts
    .map((part) => (/\p{N}/u.test(part) ? [...part].join(within) : part))
    .join(length < SHORT_IDENTIFIER ? LITTLE_APART : APART);
  const startsWithNumber = /^\p{N}/u.test(identifier);
  const endsWithNumber = /\p{N}$/u.test(identifier);
  return `${startsWithNumber ? '(?<!\\p{N}|\\p{N}[.,])' : '(?<!\\p{L})'}${written}${endsWithNumber ? '(?!\\p{N}|[.,]\\p{N})' : '(?!\\p{L})'}`;
}

/**
 * A letter of a script that puts spaces between words: next to a letter of any other script, a name can begin
 * without a space.
 */
const SPACED =
  '[\\p{L}--[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Thai}]]';

/** A name of this length does not occur by chance: it counts even inside a longer word. */
const LONG_NAME = /^\p{L}{8,}$/u;

const NOT_WITHIN_A_WORD = new RegExp(`(?<!${SPACED})`, 'vy');
/** "Annas Knie", "Luke's"; Cyrillic names are declined. */
const END_OF_A_WORD = new RegExp(
  `(?:'?s|(?<=\\p{Script=Cyrillic})\\p{Script=Cyrillic}{1,3})?(?!${SPACED})`,
  'vy',
);

const longestFirst = (sources: readonly string[]): string[] =>
  sources.toSorted((a, b) => b.length - a.length);

/** The sources of three searches: whole words, words that count within others too, and identifiers. */
export function sourcesOf({ words, identifiers }: KnownValues): readonly Sources[] {
  const all = longestFirst([...words]);
  const before = NOT_WITHIN_A_WORD;
  const after = END_OF_A_WORD;
  return [
    { sources: all.filter((word) => !WITHOUT_SPACES.test(word)), before, after },
    {
      sources: all.filter((word) => WITHOUT_SPACES.test(word) || LONG_NAME.test(word)),
      before: null,
      after: null,
    },
    { sources: longestFirst([...identifiers].map(identifierSource)), before: null, after: null },
  ];
}

/** One search for all values of the header; all its texts share the budget. */
export function createFinder(known: KnownValues, budget: Budget): (folded: Folded) => Span[] {
  const searches = sourcesOf(known).map((sources) => createSearch(sources, budget));
  return ({ text, rangeOf }) =>
    searches.flatMap((search) => search(text).map(([start, end]) => rangeOf(start, end)));
}
