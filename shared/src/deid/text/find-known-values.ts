/**
 * Finds the values of the header (known-values.ts) in folded text.
 */
import { composePattern } from '../../compose-pattern.ts';
import { WITHOUT_SPACES, type Folded } from './fold.ts';
import type { KnownValues } from './known-values.ts';
import { createNearFinder, nearBeginningsOf } from './near-words.ts';
import { createSearch, PIECES, type Budget, type Sources } from './search-sources.ts';
import type { Span } from './text-patterns.ts';

const SHORT_IDENTIFIER = 6;
const LONG_IDENTIFIER = 6;

/**
 * The source of a regular expression for an identifier in parts (known-values.ts): neither side may be part of a
 * longer word or number.
 */
function identifierSource(identifier: string): string {
  const parts = identifier.split(' ');
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const within = length >= LONG_IDENTIFIER ? PIECES.anywhere.source : '';
  const written = parts
    .map((part) => (/\p{N}/u.test(part) ? [...part].join(within) : part))
    .join((length < SHORT_IDENTIFIER ? PIECES.littleApart : PIECES.apart).source);
  const before = /^\p{N}/u.test(identifier) ? PIECES.notBehindNumber : PIECES.notBehindLetter;
  const after = /\p{N}$/u.test(identifier) ? PIECES.notBeforeNumber : PIECES.notBeforeLetter;
  return before.source + written + after.source;
}

/**
 * A letter of a script that separates words by spaces. Next to a letter of any other script, a name can begin without
 * a space.
 */
const SPACED =
  '(?![\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Thai}])\\p{L}';

/** A name of at least this length does not occur by chance, so it counts even inside a longer word. */
const LONG_NAME = /^\p{L}{8,}$/u;

const NOT_WITHIN_A_WORD = composePattern(`(?<!${SPACED})`, 'uy');
/** Endings that may follow a name, as in "Annas Knie" and "Luke's"; Cyrillic names are declined. */
const END_OF_A_WORD = composePattern(
  `(?:'?s|(?<=\\p{Script=Cyrillic})\\p{Script=Cyrillic}{1,3})?(?!${SPACED})`,
  'uy',
);

const longestFirst = (sources: readonly string[]): string[] =>
  sources.toSorted((a, b) => b.length - a.length);

/** The sources of two searches: one for whole words, and one for words that also count inside other words. */
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

/** The sources of all searches. Those for words that may name a product come last. */
export function sourcesOf({ words, placeWords, identifiers }: KnownValues): readonly Sources[] {
  return [
    ...sourcesOfWords(words),
    { sources: longestFirst([...identifiers].map(identifierSource)), before: null, after: null },
    ...sourcesOfWords(placeWords),
  ];
}
const SEARCHES_FOR_PLACE_WORDS = 2;

/**
 * The ranges of the original text that hold a value of the header. `isProduct`: the text names a product, so single
 * words that may be a product name do not count.
 */
export type Finder = (folded: Folded, budget: Budget, isProduct?: boolean) => Span[];

/** Builds one finder for all values of the header. */
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

/** The first letters and digits of each source, as many as the byte screen looks up. */
export function beginningsOf({ words, placeWords, identifiers, parts }: KnownValues): string[] {
  const sources = [...words, ...placeWords, ...identifiers];
  return [...sources.map((source) => lettersOf(source).slice(0, 3)), ...nearBeginningsOf(parts)];
}

/** A source without its pieces (search-sources.ts). */
const lettersOf = (source: string): string =>
  source.replace(/\[[^\]]{1,32}\](?:\{\d,\d\}|\?)?|\\[a-z]\??|\(\?[^)]{1,64}\)|[^\p{L}\p{N}]/gu, '');
