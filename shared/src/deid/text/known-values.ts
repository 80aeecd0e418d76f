/**
 * Collects the names, identifiers, places and dates of the patient and of the people around them from the
 * header of an instance. Text that is kept is searched for these. Only this instance counts, not its study:
 * the result must not depend on which other instances were chosen with it.
 */
import type { DicomElement, ParsedInstance } from '../../dicom/data-set.ts';
import { dictionaryVR } from '../../dicom/dictionary.ts';
import { characterSetsOf, textsOf, type ValueContext } from '../../dicom/values.ts';
import { IDENTIFIERS } from '../attribute-lists.ts';
import { dayNumberOf } from '../dates.ts';
import { isDummy } from '../dummies.ts';
import { asciiOf } from '../element-text.ts';
import { profileRows, type ProfileRow } from '../profile.ts';
import type { DeidRules } from '../rules.ts';
import { spellingsOf, WITHOUT_SPACES } from './fold.ts';
import { PARTICLES, VOCABULARY } from './vocabulary.ts';

export interface KnownValues {
  /**
   * Sources of regular expressions over folded text; whole words, except in scripts without spaces.
   */
  readonly words: ReadonlySet<string>;
  /**
   * Identifiers, folded, with a space wherever letters and digits meet or are separated: a text may write the
   * separator differently, or leave it out.
   */
  readonly identifiers: ReadonlySet<string>;
  /** Two folded letters each: the initials of given and family name, in both orders. */
  readonly initials: ReadonlySet<string>;
  /** Days (since 1970-01-01) that the policy removes everywhere, above all the patient's birth. */
  readonly removedDays: ReadonlySet<number>;
  /** Days that the header names. They tell the day from the month in an ambiguous date. */
  readonly namedDays: ReadonlySet<number>;
}

/** No real header has more. Beyond it nothing is searched, and text is treated as under the plain profile. */
export const KNOWN_LIMIT = 5_000;
/** For all sources together. The corpus stays below 3 500. */
export const KNOWN_CHARACTERS_LIMIT = 200_000;
/** Of the distinct values that are looked at: a header may repeat a name for each of its frames. */
const VALUES_CHARACTERS_LIMIT = 256 * 1024;
/** PS3.5 §6.2: ST, the longest VR of a place or an identifier. */
const PHRASE_LIMIT = 1024;
/**
 * PS3.5 §6.2: 64 characters a group. A name of more words than fit there has swallowed its neighbours; its
 * words count one by one.
 */
const WORDS_OF_A_NAME = 16;

const LETTERS_LEAST = 3;
const IDENTIFIER_LEAST = 4;
const NUMBER_LEAST = 5;
const PLACE_WORD_LEAST = 4;
const IDENTIFIER_WORDS = 3;
/** Placeholder words that are not a name. */
const NOBODY_BY_NAME = new Set(
  'patient test phantom unknown none self referral admin service system tech physician doctor room emergency clinic hospital chest mri ct qa'.split(
    ' ',
  ),
);
/** VRs whose values identify if the table removes them. LT and UT hold prose. */
const SOURCES = new Set(['LO', 'SH', 'ST', 'UC', 'AE']);
/** Places that institution identity does not cover: addresses, wards, services, issuers and organisations. */
const PLACES = new Set([
  0x00100021, 0x00101040, 0x00102299, 0x00321033, 0x00380300, 0x00380400, 0x0040a027, 0x00080092, 0x00080081,
]);
const PERSON_IDENTIFICATION_CODE_SEQUENCE = 0x00401101;
const CODE_VALUE = 0x00080100;
const CODE_MEANING = 0x00080104;
/** A name and nothing else: a few words with capitals. */
const NAME_ALONE = /^\p{Lu}[\p{L}\p{M}.'’-]*(?:,?\s\p{Lu}[\p{L}\p{M}.'’-]*){0,4}$/u;
/** Written behind a family name of one character. */
const ADDRESSES = '(?=先生|女士|小姐|医生|様|さん|サン|氏)';
/** Titles and degrees (PN prefix and suffix), which are not names. */
const TITLES = new Set(
  'dr prof mr mrs ms miss md phd rn rt jr sr ii iii iv herr frau dipl med msc bsc do'.split(' '),
);
const BETWEEN = '[^\\p{L}\\p{N}]{0,3}';
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

interface Collected {
  readonly words: Set<string>;
  readonly identifiers: Set<string>;
  readonly initials: Set<string>;
  readonly removedDays: Set<number>;
  readonly namedDays: Set<number>;
}

interface Collecting {
  readonly rules: DeidRules;
  readonly rows: ReadonlyMap<number, ProfileRow>;
  readonly collected: Collected;
  /** The values that were looked at. */
  readonly seen: Set<string>;
  /** Characters that may still be looked at. */
  readonly room: { characters: number };
}

/** Null where the header names more than can be searched for. */
export function collectKnownValues(instance: ParsedInstance, rules: DeidRules): KnownValues | null {
  const collected: Collected = {
    words: new Set(),
    identifiers: new Set(),
    initials: new Set(),
    removedDays: new Set(),
    namedDays: new Set(),
  };
  const collecting: Collecting = {
    rules,
    rows: profileRows(),
    collected,
    seen: new Set(),
    room: { characters: VALUES_CHARACTERS_LIMIT },
  };
  const visit = (elements: readonly DicomElement[], context: ValueContext): boolean => {
    const within = {
      characterSets: characterSetsOf(elements, context.characterSets),
      encoding: context.encoding,
    };
    for (const element of elements) {
      for (const item of element.items ?? []) {
        if (element.tag === PERSON_IDENTIFICATION_CODE_SEQUENCE)
          collectPerson(item.elements, within, collecting);
        if (!visit(item.elements, { ...within, encoding: item.encoding })) return false;
      }
      collect(element, within, collecting);
      if (collected.words.size + collected.identifiers.size > KNOWN_LIMIT) return false;
      if (collecting.room.characters < 0) return false;
    }
    return true;
  };
  return visit(instance.elements, instance) && charactersOf(collected) <= KNOWN_CHARACTERS_LIMIT
    ? collected
    : null;
}

function charactersOf({ words, identifiers }: Collected): number {
  let sum = 0;
  for (const known of [words, identifiers]) for (const source of known) sum += source.length;
  return sum;
}

/** PS3.3 Table 10-1: a person as a code, whose meaning is the name. */
function collectPerson(
  elements: readonly DicomElement[],
  context: ValueContext,
  collecting: Collecting,
): void {
  const { collected } = collecting;
  for (const element of elements) {
    const values =
      element.tag === CODE_MEANING || element.tag === CODE_VALUE
        ? textsOf(element, context).filter((value) => !isDummy(value) && isNew(`code ${value}`, collecting))
        : [];
    for (const value of values) {
      if (element.tag === CODE_VALUE) notePhrase(value, false, collected);
      else if (NAME_ALONE.test(value)) noteName(value.replace(/,\s*/, '^'), collected);
    }
  }
}

/** Whether the value was not looked at before; takes the room for it. */
function isNew(value: string, { seen, room }: Collecting): boolean {
  if (room.characters < 0 || seen.has(value)) return false;
  seen.add(value);
  room.characters -= value.length;
  return true;
}

function collect(element: DicomElement, context: ValueContext, collecting: Collecting): void {
  const { rules, rows, collected } = collecting;
  if (element.items !== null || element.bytes === null || element.bytes.length === 0) return;
  const vr = element.vr === 'UN' ? dictionaryVR(element.tag) : element.vr;
  const { how } = rules.decide(element.tag, vr);
  const row = rows.get(element.tag);
  if (vr === 'DA' || vr === 'DT') {
    for (const value of asciiOf(element).split('\\'))
      noteDay(value.trim(), how === 'shift-date' || how === 'keep-temporal', collected);
    return;
  }
  // A value that the policy keeps may also stay in a text.
  if (how === 'keep') return;
  const values = textsOf({ ...element, vr: vr === 'AE' ? 'LO' : vr }, context).filter(
    (value) => !isDummy(value) && isNew(`${element.tag} ${value}`, collecting),
  );
  if (vr === 'PN') for (const value of values) noteName(value, collected);
  else if (
    SOURCES.has(vr) &&
    (IDENTIFIERS.has(element.tag) || (row !== undefined && !/[tpgsTPGS]/.test(row.options)))
  ) {
    if (values.some((value) => value.length > PHRASE_LIMIT)) collecting.room.characters = -1;
    else
      for (const value of values)
        notePhrase(
          value,
          vr === 'ST' || PLACES.has(element.tag) || row?.options.includes('i') === true,
          collected,
        );
  }
}

function noteDay(value: string, isKept: boolean, { namedDays, removedDays }: Collected): void {
  const day = isDummy(value) ? null : dayNumberOf(value.slice(0, 8));
  if (day !== null) (isKept ? namedDays : removedDays).add(day);
}

const wordsOf = (text: string): string[] => text.split(/[^\p{L}\p{M}\p{N}]+/u).filter((word) => word !== '');

/** PS3.5 §6.2.1: groups by "=", components by "^": family, given, middle, prefix, suffix. */
function noteName(value: string, { words, initials }: Collected): void {
  for (const group of value.split('=')) {
    const [family = [], given = [], middle = []] = group
      .split('^')
      .map((component) => nameWordsOf(component));
    // Many names are written without components: the words may come in any order.
    const whole = given.length > 0 ? [] : family;
    const all = [...family, ...given, ...middle];
    for (const word of all) noteWord(word, words);
    if (all.length > WORDS_OF_A_NAME || group.length > PHRASE_LIMIT) continue;
    for (let at = 1; at < whole.length; at += 1) {
      notePair(whole.slice(0, at), whole.slice(at), words);
      notePair(whole.slice(at), whole.slice(0, at), words);
    }
    notePair(family, [...given, ...middle], words);
    const a = spellingsOf(given[0] ?? '')[0]?.[0];
    const b = spellingsOf(family[0] ?? '')[0]?.[0];
    if (a !== undefined && b !== undefined) initials.add(a + b).add(b + a);
    for (const part of [family, given, [...given, ...middle]])
      if (part.length > 1) addAll(words, part.join(' '), joined);
    const [only = ''] = family;
    if (WITHOUT_SPACES.test(only) && [...only].length === 1) words.add(escaped(only) + ADDRESSES);
  }
}

/** A title counts as a name only if there is nothing else. */
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

function noteWord(word: string, words: Set<string>): void {
  const [lower = ''] = spellingsOf(word);
  if (PARTICLES.has(lower) || NOBODY_BY_NAME.has(lower)) return;
  addAll(words, word, escaped);
  // "Schmidt123" is also "Schmidt", "OBrien" also "O'Brien".
  const letters = word.replace(/\p{N}+/gu, ' ').trim();
  if (letters !== word)
    for (const part of letters.split(' ')) if (part.length > LETTERS_LEAST) addAll(words, part, escaped);
  const parts = letters.split(/(?<=\p{Ll})(?=\p{Lu})|(?<=^O)(?=\p{Lu}\p{Ll})/u);
  if (parts.length > 1) addAll(words, parts.join(' '), joined);
}

/** Words of one or two letters are too common to search for, except in scripts that write names with them. */
function isTelling(word: string): boolean {
  return WITHOUT_SPACES.test(word) ? [...word.normalize('NFC')].length >= 2 : word.length >= LETTERS_LEAST;
}

function notePair(last: readonly string[], first: readonly string[], words: Set<string>): void {
  for (const a of spellingsOf(last.join(' ')))
    for (const b of spellingsOf(first.join(' '))) noteCombinations(a.trim(), b.trim(), words);
}

function noteCombinations(last: string, first: string, words: Set<string>): void {
  // Single letters, or a modality and a patient, make no name.
  const isPlain = !WITHOUT_SPACES.test(last);
  if (
    (isPlain && last.length < 2) ||
    first === '' ||
    [...last.split(' '), ...first.split(' ')].every((word) => NOBODY_BY_NAME.has(word))
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
  // "J. Smith", "Smith, J.", "Smith JA", and either part of a double name. A short name and a letter would match
  // half of all abbreviations.
  for (const some of [initials.slice(0, 1), initials]) {
    for (const name of new Set([last, ...lasts])) {
      // Names of two letters only in the form used for people: "W. Li", "Li, W".
      if (name.length === 2 && !PARTICLES.has(name))
        words
          .add(`${escaped(some[0]!)}\\.\\s?${escaped(name)}`)
          .add(`${escaped(name)},\\s?${escaped(some[0]!)}`)
          .add(`${escaped(name)},\\s?${escaped(some[0]!)}\\.`);
      if (name.replaceAll(' ', '').length >= LETTERS_LEAST && !PARTICLES.has(name))
        words.add(joined(...some, name)).add(`${joined(name, ...some)}(?!\\p{N})`);
    }
  }
}

function notePhrase(value: string, isPlace: boolean, { words, identifiers }: Collected): void {
  const parts = isPlace ? value.split(/[,;\r\n]+/) : [value];
  for (const part of parts) {
    noteNumbers(part, identifiers);
    const said = wordsOf(part);
    const isCommon = said.every(
      (word) => isOfTheTrade(word) || word.length < LETTERS_LEAST || /^\p{N}+$/u.test(word),
    );
    if (isCommon || part.replace(/[^\p{L}\p{N}]/gu, '').length < IDENTIFIER_LEAST) continue;
    for (const spelt of spellingsOf(part)) words.add(wordsOf(spelt).map(escaped).join(BETWEEN));
    // A place's own name has a capital; the other words name nothing.
    const proper = isPlace
      ? said.filter(
          (word) => /^\p{Lu}\p{L}+$/u.test(word) && word.length >= PLACE_WORD_LEAST && !isOfTheTrade(word),
        )
      : [];
    const street = isPlace ? said.filter((word) => !/\p{N}/u.test(word)) : [];
    if (street.length > 1 && !street.every(isOfTheTrade))
      for (const spelt of spellingsOf(street.join(' '))) words.add(joined(spelt));
    for (const word of proper) for (const spelt of spellingsOf(word)) words.add(escaped(spelt));
  }
}

const isOfTheTrade = (word: string): boolean => spellingsOf(word).some((spelt) => VOCABULARY.has(spelt));

/** A value with digits: the whole of it, and each long number in it. */
function noteNumbers(part: string, identifiers: Set<string>): void {
  const [plain = ''] = spellingsOf(part);
  const letters = plain.replace(/[^\p{L}\p{N}]/gu, '');
  // A number of four digits is as likely a setting of the device.
  const least = /^\p{N}+$/u.test(letters) ? NUMBER_LEAST : IDENTIFIER_LEAST;
  if (!/\p{N}/u.test(letters) || letters.length < least) return;
  const runs = plain.match(/\p{L}+|\p{N}+/gu) ?? [];
  // A text with numbers in it is not an identifier, but its numbers are.
  if (runs.filter((run) => run.length > 1 && /\p{L}/u.test(run)).length <= IDENTIFIER_WORDS)
    identifiers.add(runs.join('\u0020'));
  // A date among other words is a date.
  for (const number of letters.match(/\p{N}+/gu) ?? [])
    if (number.length >= NUMBER_LEAST && dayNumberOf(number) === null) identifiers.add(number);
}
