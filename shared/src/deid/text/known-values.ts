/**
 * The forms in which the values of a header (header-values.ts) are written in texts: names in every order, with
 * initials, in parts; identifiers with and without their separators; places and their words. find-known-values.ts
 * searches texts for these forms.
 */
import { dayNumberOf } from '../dates.ts';
import { spellingsOf, WITHOUT_SPACES } from './fold.ts';
import { PHRASE_LIMIT, type HeaderValues } from './header-values.ts';
import { PIECES } from './search-sources.ts';
import { transliterationsOf } from './transliterations.ts';
import { PARTICLES, VOCABULARY } from './vocabulary.ts';

export interface KnownValues {
  /** Sources of regular expressions that match folded text: whole words, except in scripts without spaces. */
  readonly words: ReadonlySet<string>;
  /**
   * Likewise for single words that may name a product as well as a place or a device: "Prisma" is a hospital and a
   * scanner.
   */
  readonly placeWords: ReadonlySet<string>;
  /**
   * Identifiers, folded, with a space wherever letters and digits meet or are separated, because a text may use a
   * different separator or none.
   */
  readonly identifiers: ReadonlySet<string>;
  /** Single words of names, folded, that may be inflected or misspelt (near-words.ts). */
  readonly parts: ReadonlySet<string>;
  /**
   * Two or three folded letters: the initials of given, middle and family name, with the family name last or first.
   */
  readonly initials: ReadonlySet<string>;
  /** Days (since 1970-01-01) that the policy removes everywhere, above all the patient's birth date. */
  readonly removedDays: ReadonlySet<number>;
  /** Days that the header names. They help to tell the day from the month in an ambiguous date. */
  readonly namedDays: ReadonlySet<number>;
}

/**
 * The most values; no real header has more. Beyond this limit nothing is searched, and text is treated as under the
 * plain profile.
 */
export const KNOWN_LIMIT = 5_000;
/** The most characters of all sources together. The corpus stays below 3 500. */
export const KNOWN_CHARACTERS_LIMIT = 200_000;
/**
 * PS3.5 §6.2: 64 characters a group. A longer name contains other text as well, so its words count only one by one.
 */
const WORDS_OF_A_NAME = 16;

const LETTERS_LEAST = 3;
const IDENTIFIER_LEAST = 4;
const NUMBER_LEAST = 5;
const PLACE_WORD_LEAST = 4;
const IDENTIFIER_WORDS = 3;
/** Titles and degrees (PN prefix and suffix), which are not names. */
const TITLES = new Set(
  'dr prof mr mrs ms miss md phd rn rt jr sr ii iii iv herr frau dipl med msc bsc do'.split(' '),
);
const BEFORE_A_NAME = ['mr', 'mrs', 'ms', 'miss', 'dr', 'prof', 'herr', 'frau', 'mme'];
const BETWEEN = PIECES.between.source;
const SPACE = PIECES.space.source;
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

interface Collected {
  readonly words: Set<string>;
  readonly placeWords: Set<string>;
  readonly identifiers: Set<string>;
  readonly parts: Set<string>;
  readonly initials: Set<string>;
  readonly removedDays: ReadonlySet<number>;
  readonly namedDays: ReadonlySet<number>;
}

/** Null if there are more values than can be searched for. */
export function knownValuesOf({ removedDays, namedDays, ...header }: HeaderValues): KnownValues | null {
  const collected: Collected = {
    words: new Set(),
    placeWords: new Set(),
    identifiers: new Set(header.numbers),
    parts: new Set(),
    initials: new Set(),
    removedDays,
    namedDays,
  };
  const notes: readonly [ReadonlySet<string>, (value: string) => void][] = [
    [header.names, (value) => noteName(value, collected)],
    [header.phrases, (value) => notePhrase(value, false, collected)],
    [header.devices, (value) => noteDevice(value, collected)],
    [header.places, (value) => notePhrase(value, true, collected)],
  ];
  for (const [values, note] of notes) {
    for (const value of values) {
      // A value that the policy keeps in one attribute may stay in others too.
      if (!header.kept.has(value)) note(value);
      if (countOf(collected) > KNOWN_LIMIT) return null;
    }
  }
  const characters = sourcesOf(collected).reduce((sum, source) => sum + source.length, 0);
  return characters <= KNOWN_CHARACTERS_LIMIT ? collected : null;
}

const countOf = ({ words, placeWords, identifiers }: Collected): number =>
  words.size + placeWords.size + identifiers.size;

const sourcesOf = ({ words, placeWords, identifiers }: Collected): string[] => [
  ...words,
  ...placeWords,
  ...identifiers,
];

const wordsOf = (text: string): string[] => text.split(/[^\p{L}\p{M}\p{N}]+/u).filter((word) => word !== '');

/** PS3.5 §6.2.1: groups are separated by "=", components by "^": family, given, middle, prefix, suffix. */
function noteName(value: string, collected: Collected): void {
  const { words, identifiers } = collected;
  for (const group of value.split('=')) {
    noteNumbers(group, identifiers);
    const [family = [], given = [], middle = []] = group
      .split('^')
      .map((component) => nameWordsOf(component));
    // Many names are written without components, and their words may come in any order.
    const whole = given.length > 0 ? [] : family;
    const all = [...family, ...given, ...middle];
    for (const word of all) noteWord(word, collected);
    // "O'Brien" is also "OBrien".
    for (const word of group.match(/[\p{L}\p{M}]{1,64}['’`][\p{L}\p{M}]{1,64}/gu) ?? [])
      noteWord(word.replace(/['’`]/g, ''), collected);
    if (all.length > WORDS_OF_A_NAME || group.length > PHRASE_LIMIT) continue;
    for (let at = 1; at < whole.length; at += 1) {
      notePair(whole.slice(0, at), whole.slice(at), words);
      notePair(whole.slice(at), whole.slice(0, at), words);
    }
    notePair(family, [...given, ...middle], words);
    noteInitials(family, [...given, ...middle], collected);
    for (const part of [family, given, [...given, ...middle]])
      if (part.length > 1) addAll(words, part.join(' '), joined);
    const [only = ''] = family;
    if (WITHOUT_SPACES.test(only) && [...only].length === 1)
      words.add(escaped(only) + PIECES.beforeAddress.source);
  }
}

function noteInitials(family: readonly string[], given: readonly string[], { initials }: Collected): void {
  const [first, second = ''] = given.map((word) => spellingsOf(word)[0]?.[0] ?? '');
  const last = spellingsOf(family[0] ?? '')[0]?.[0];
  if (first === undefined || last === undefined || first === '') return;
  for (const some of new Set([first, first + second])) initials.add(some + last).add(last + some);
}

/** The name words of a component. Titles count only if there is nothing else. */
function nameWordsOf(component: string): string[] {
  const all = wordsOf(component);
  const names = all.filter((word) => !TITLES.has(word.toLowerCase()));
  return names.length > 0 ? names : all;
}

const joined = (...parts: readonly string[]): string =>
  parts
    .map((part) =>
      part
        .split(/[^\p{L}\p{N}]+/u)
        .filter((word) => word !== '')
        .join(BETWEEN),
    )
    .filter((part) => part !== '')
    .join(BETWEEN);

function addAll(words: Set<string>, text: string, write: (spelt: string) => string): void {
  for (const spelt of spellingsOf(text)) if (isTelling(spelt.replaceAll(' ', ''))) words.add(write(spelt));
}

function noteWord(word: string, { words, parts }: Collected): void {
  const [lower = ''] = spellingsOf(word);
  if (PARTICLES.has(lower) || !/\p{L}/u.test(word)) return;
  // A medical or technical word counts as a name only behind a title: "Mr. Long".
  if (VOCABULARY.has(lower)) for (const title of BEFORE_A_NAME) words.add(joined(title, lower));
  else {
    addAll(words, word, escaped);
    if (!/\P{L}/u.test(lower) && !WITHOUT_SPACES.test(lower))
      for (const spelt of spellingsOf(word)) parts.add(spelt);
    for (const latin of transliterationsOf(word)) if (!VOCABULARY.has(latin)) noteLatin(latin, words, parts);
  }
  // "Schmidt123" is also searched for as "Schmidt", "OBrien" as "O'Brien".
  const letters = word.replace(/\p{N}+/gu, ' ').trim();
  if (letters !== word)
    for (const part of letters.split(' '))
      if (part.length > LETTERS_LEAST && !isOfTheTrade(part)) addAll(words, part, escaped);
  const pieces = letters.split(/(?<=\p{Ll})(?=\p{Lu})|(?<=^O)(?=\p{Lu}\p{Ll})/u);
  if (pieces.length > 1) addAll(words, pieces.join(' '), joined);
}

function noteLatin(latin: string, words: Set<string>, parts: Set<string>): void {
  addAll(words, latin, escaped);
  parts.add(latin);
}

/**
 * Whether a word is distinctive enough. Words of one or two letters are too common to search for, except in scripts
 * whose names can be that short.
 */
function isTelling(word: string): boolean {
  return WITHOUT_SPACES.test(word) ? [...word.normalize('NFC')].length >= 2 : word.length >= LETTERS_LEAST;
}

function notePair(last: readonly string[], first: readonly string[], words: Set<string>): void {
  for (const a of spellingsOf(last.join(' ')))
    for (const b of spellingsOf(first.join(' '))) noteCombinations(a.trim(), b.trim(), words);
}

function noteCombinations(last: string, first: string, words: Set<string>): void {
  // Single letters, or only medical and technical words, make no name.
  const isPlain = !WITHOUT_SPACES.test(last);
  if (
    (isPlain && last.length < 2) ||
    first === '' ||
    [...last.split(' '), ...first.split(' ')].every((word) => VOCABULARY.has(word))
  )
    return;
  const lasts = last.split(' ');
  const firsts = first.split(' ');
  if (!isPlain || first.length > 1) words.add(joined(last, first)).add(joined(first, last));
  for (const a of lasts)
    for (const b of firsts)
      if (!isPlain || (a.length > 1 && b.length > 1 && !PARTICLES.has(a)))
        words.add(joined(a, b)).add(joined(b, a));
  if (!isPlain) return;
  const initials = firsts.flatMap((word) => [...word].slice(0, 1));
  // "J. Smith", "Smith, J.", "Smith JA", and each part of a double name. A short name with a letter would match half
  // of all abbreviations.
  for (const some of [initials.slice(0, 1), initials]) {
    for (const name of new Set([last, ...lasts])) {
      // Names of two letters, and names that are medical or technical words, count only in forms used for people: "W.
      // Li", "Li, W".
      if ((name.length === 2 || VOCABULARY.has(name)) && !PARTICLES.has(name))
        words
          .add(`${escaped(some[0]!)}\\.${SPACE}${escaped(name)}`)
          .add(`${escaped(name)},${SPACE}${escaped(some[0]!)}`)
          .add(`${escaped(name)},${SPACE}${escaped(some[0]!)}\\.`);
      if (name.replaceAll(' ', '').length >= LETTERS_LEAST && !PARTICLES.has(name) && !VOCABULARY.has(name))
        words.add(joined(...some, name)).add(joined(name, ...some) + PIECES.notBeforeDigit.source);
    }
  }
}

/** Notes a device's name. Without a digit, it may just as well be the name of its kind. */
function noteDevice(value: string, collected: Collected): void {
  if (/\p{N}/u.test(value)) notePhrase(value, false, collected);
  else notePhrase(value, false, { ...collected, words: collected.placeWords });
}

function notePhrase(value: string, isPlace: boolean, { words, placeWords, identifiers }: Collected): void {
  const parts = isPlace ? value.split(/[,;\r\n]+/) : [value];
  for (const part of parts) {
    const isIdentifier = noteNumbers(part, identifiers);
    const said = wordsOf(part);
    if (isIdentifier && said.length === 1) continue;
    const isCommon = said.every(
      (word) => isOfTheTrade(word) || word.length < LETTERS_LEAST || /^\p{N}+$/u.test(word),
    );
    if (isCommon || part.replace(/[^\p{L}\p{N}]/gu, '').length < IDENTIFIER_LEAST) continue;
    for (const spelt of spellingsOf(part)) words.add(wordsOf(spelt).map(escaped).join(BETWEEN));
    // The proper name of a place is capitalised; its other words name nothing.
    const proper = isPlace
      ? said.filter(
          (word) => /^\p{Lu}\p{L}+$/u.test(word) && word.length >= PLACE_WORD_LEAST && !isOfTheTrade(word),
        )
      : [];
    const street = isPlace ? said.filter((word) => !/\p{N}/u.test(word)) : [];
    if (street.length > 1 && !street.every(isOfTheTrade))
      for (const spelt of spellingsOf(street.join(' '))) words.add(joined(spelt));
    for (const word of proper) for (const spelt of spellingsOf(word)) placeWords.add(escaped(spelt));
  }
}

const isOfTheTrade = (word: string): boolean => spellingsOf(word).some((spelt) => VOCABULARY.has(spelt));

/** Notes a value with digits: the whole of it, and each long number in it. Returns whether the whole was noted. */
function noteNumbers(part: string, identifiers: Set<string>): boolean {
  const [plain = ''] = spellingsOf(part);
  const letters = plain.replace(/[^\p{L}\p{N}]/gu, '');
  // A number of four digits may just as well be a setting of the device.
  const least = /^\p{N}+$/u.test(letters) ? NUMBER_LEAST : IDENTIFIER_LEAST;
  if (!/\p{N}/u.test(letters) || letters.length < least) return false;
  const runs = plain.match(/\p{L}+|\p{N}+/gu) ?? [];
  // A text that contains numbers is not an identifier, but its numbers are.
  const isIdentifier = runs.filter((run) => run.length > 1 && /\p{L}/u.test(run)).length <= IDENTIFIER_WORDS;
  if (isIdentifier) identifiers.add(runs.join('\u0020'));
  // A date among other words is not noted as a number.
  for (const number of letters.match(/\p{N}+/gu) ?? [])
    if (number.length >= NUMBER_LEAST && dayNumberOf(number) === null) identifiers.add(number);
  return isIdentifier;
}
