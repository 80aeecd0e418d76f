/**
 * Finds the values of the header (known-values.ts) in folded text.
 */
import { WITHOUT_SPACES, type Folded } from './fold.ts';
import type { KnownValues } from './known-values.ts';
import { createNearFinder, nearBeginningsOf } from './near-words.ts';
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

/** The sources of two searches: whole words, and words that count within others too. */
function sourcesOfWords(words: ReadonlySet<string>): readonly Sources[] {
  const all = longestFirst([...words]);
  const isFound = (word: string): boolean => WITHOUT_SPACES.test(word) || LONG_NAME.test(word);
  return [
    {
      sources: all.filter((word) => !WITHOUT_SPACES.test(word)),
      before: NOT_WITHIN_A_WORD,
      after: END_OF_A_WORD,
    },
    { sources: all.filter(isFound), before: null, after: null },
  ];
}

/** The sources of all searches, those for words that may name a product last. */
export function sourcesOf({ words, placeWords, identifiers }: KnownValues): readonly Sources[] {
  return [
    ...sourcesOfWords(words),
    { sources: longestFirst([...identifiers].map(identifierSource)), before: null, after: null },
    ...sourcesOfWords(placeWords),
  ];
}
const SEARCHES_FOR_PLACE_WORDS = 2;

/**
 * The ranges of the original text that hold a value of the header. `isProduct`: the text names a product, so
 * single words that may be one do not count.
 */
export type Finder = (folded: Folded, budget: Budget, isProduct?: boolean) => Span[];

/** One search for all values of the header. */
export function createFinder(known: KnownValues): Finder {
  const searches = sourcesOf(known).map((sources) => createSearch(sources));
  const near = createNearFinder(known.parts);
  const strict = [...searches.slice(0, -SEARCHES_FOR_PLACE_WORDS), near];
  const all = [...searches, near];
  return ({ text, rangeOf }, budget, isProduct = false) =>
    (isProduct ? strict : all).flatMap((search) =>
      search(text, budget).map(([start, end]) => rangeOf(start, end)),
    );
}

/** The letters and digits with which a source begins, as many as a screen of bytes looks at. */
export function beginningsOf({ words, placeWords, identifiers, parts }: KnownValues): string[] {
  const sources = [...words, ...placeWords, ...identifiers];
  return [...sources.map((source) => lettersOf(source).slice(0, 3)), ...nearBeginningsOf(parts)];
}

/** A source without its pieces (search-sources.ts). */
const lettersOf = (source: string): string =>
  source.replace(/\[[^\]]*\](?:\{[\d,]+\}|\?)?|\\[a-z]\??|\(\?.*?\)|[^\p{L}\p{N}]/gsu, '');
