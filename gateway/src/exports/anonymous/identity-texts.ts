/**
 * The texts by which the identity of a case can appear in a file: names and their parts, numbers with and without their
 * separators, birth dates in the usual forms, and UIDs.
 * A name that is also a word of the file's own closed lists (`ordinary`: column names, body parts, answers) is not
 * searched for: it would be found in every file, and names nobody there. Numbers of fewer than five digits are not
 * searched for either, because they are counts and years.
 */
import { dayNumberOf, fromDayNumber } from '#shared/deid/dates.ts';
import { spellingsOf, WITHOUT_SPACES } from '#shared/deid/text/fold.ts';
import { MONTHS } from '#shared/deid/text/month-names.ts';
import { transliterationsOf } from '#shared/deid/text/transliterations.ts';
import { PARTICLES } from '#shared/deid/text/vocabulary.ts';
import { foldForSearch, TEXT_LIMIT, type SoughtTexts } from './search-file.ts';

/** Null, or an empty list: the PACS does not say. */
export type Identity = {
  /** Names in PN form (PS3.5 §6.2.1): groups by "=", components by "^". */
  readonly names: readonly string[];
  /** Patient IDs, accession numbers, pseudonyms. */
  readonly numbers: readonly string[];
  /** Dates in DA form. */
  readonly birthDates: readonly string[];
  /** UIDs of studies, and UUIDs of our own. */
  readonly uids: readonly string[];
};

export type IdentityTexts = SoughtTexts & { add(identity: Identity): void };

const LETTERS_LEAST = 3;
/** A name of this length does not occur by chance, so it counts inside a longer word too. */
const LONG_NAME = 8;
const DIGITS_LEAST = 5;
const IDENTIFIER_LEAST = 4;
const UID_LEAST = 10;
/** The last characters of a UID are unique to it; the first ones belong to its root. This finds a shortened UID too. */
const UID_END = 24;
/**
 * Full and short names. Month names in other languages occur only in typed text, which loses them anyway; 50 000 dates
 * in all languages would take gigabytes.
 */
const ENGLISH_MONTHS = MONTHS.slice(0, 2);
const SEPARATORS = ['', ' ', '-', '_', '/', '.'];

export function createIdentityTexts(ordinary: Iterable<string>): IdentityTexts {
  const anywhere = new Set<string>();
  const whole = new Set<string>();
  const dates = new Set<string>();
  const known = new Set([...ordinary].flatMap((text) => wordsOf(foldForSearch(text))));
  const addName = (text: string): void => {
    const letters = text.slice(0, TEXT_LIMIT);
    if (known.has(text) || PARTICLES.has(text)) return;
    if (WITHOUT_SPACES.test(letters) ? letters.length >= 2 : letters.length >= LONG_NAME)
      anywhere.add(letters);
    else if (letters.length >= LETTERS_LEAST) whole.add(letters);
  };
  return {
    anywhere,
    whole,
    add({ names, numbers, birthDates, uids }) {
      for (const name of names) for (const text of textsOfName(name)) addName(text);
      for (const number of numbers)
        for (const text of textsOfNumber(number)) whole.add(text.slice(0, TEXT_LIMIT));
      for (const date of birthDates) {
        if (dates.has(date)) continue;
        dates.add(date);
        for (const text of textsOfDate(date)) whole.add(text);
      }
      for (const uid of uids) if (uid.length >= UID_LEAST) anywhere.add(foldForSearch(uid).slice(-UID_END));
    },
  };
}

const wordsOf = (text: string): string[] => text.split(/[^\p{L}\p{M}\p{N}]+/u).filter((word) => word !== '');

/** Yields each part, parts divided by an apostrophe or a hyphen also as one word, and first and last name joined. */
function* textsOfName(name: string): Generator<string> {
  for (const group of name.split('=')) {
    const parts = group.split('^').slice(0, 3);
    const words = parts.flatMap((part) => wordsOf(part));
    const joined = group.match(/[\p{L}\p{M}]{1,64}(?:['’`-][\p{L}\p{M}]{1,64}){1,16}/gu) ?? [];
    const all = [...words, ...joined.map((word) => word.replace(/['’`-]/g, ''))];
    for (const word of all) yield* spelt(word);
    const [family = '', given = ''] = parts.map((part) => wordsOf(part).join(''));
    if (family !== '' && given !== '')
      for (const both of [family + given, given + family]) yield* spelt(both);
  }
}

function* spelt(word: string): Generator<string> {
  if (!/\p{L}/u.test(word)) return;
  for (const text of [...spellingsOf(word), ...transliterationsOf(word)]) yield foldForSearch(text);
}

/** The number as written, and its runs of letters and digits joined by each usual separator or by none. */
function* textsOfNumber(number: string): Generator<string> {
  const text = foldForSearch(number.trim());
  const characters = text.replace(/[^\p{L}\p{N}]/gu, '');
  const least = /^\p{N}*$/u.test(characters) ? DIGITS_LEAST : IDENTIFIER_LEAST;
  // A number without a digit is a word, which may be part of a name and would be found everywhere.
  if (characters.length < least || !/\p{N}/u.test(characters)) return;
  yield text;
  const runs = text.match(/[\p{L}\p{N}]+/gu) ?? [];
  for (const separator of SEPARATORS) yield runs.join(separator);
}

function* textsOfDate(date: string): Generator<string> {
  const number = dayNumberOf(date);
  const digits = number === null ? null : fromDayNumber(number);
  if (digits === null) return;
  const [year, month, day] = digits;
  const m = String(Number(month));
  const d = String(Number(day));
  yield `${year}${month}${day}`;
  yield `${day}${month}${year}`;
  for (const separator of ['-', '/', '.', ' ']) {
    yield [year, month, day].join(separator);
    for (const y of [year, year.slice(2)])
      for (const [one, other] of [
        [day, month],
        [month, day],
        [d, m],
        [m, d],
      ])
        yield [one, other, y].join(separator);
  }
  for (const list of ENGLISH_MONTHS) yield* textsWithMonth(list[Number(month) - 1]!, { year, day, d });
}

type WrittenDay = { readonly year: string; readonly day: string; readonly d: string };

function* textsWithMonth(name: string, { year, day, d }: WrittenDay): Generator<string> {
  for (const one of new Set([day, d])) {
    for (const text of [`${one} ${name} ${year}`, `${one}. ${name} ${year}`, `${one}-${name}-${year}`])
      yield text;
    for (const text of [`${name} ${one}, ${year}`, `${name} ${one} ${year}`]) yield text;
  }
}
