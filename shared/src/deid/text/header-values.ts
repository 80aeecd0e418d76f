/**
 * Gathers the values in an instance's header that name the patient and the people around them, with their numbers,
 * places and days. Only this instance is read, not the rest of the study, because the result must not depend on which
 * other instances were chosen with it (companions.ts).
 */
import type { DicomElement, ParsedInstance } from '../../dicom/data-set.ts';
import { dictionaryVR } from '../../dicom/dictionary.ts';
import { asciiText, characterSetsOf, textsOf, type ValueContext } from '../../dicom/values.ts';
import { IDENTIFIERS } from '../attribute-lists.ts';
import { dayNumberOf } from '../dates.ts';
import { isDummy } from '../dummies.ts';
import { asciiOf } from '../element-text.ts';
import { decidingRows, type ProfileRow } from '../profile.ts';
import type { DeidRules } from '../rules.ts';
import { fold } from './fold.ts';
import { keyOfNamed, type NamedValue } from './named-value.ts';

interface NamedValues {
  readonly values: readonly NamedValue[];
  /** The header has more such values than any real one. `values` are the first of them. */
  readonly areTooMany: boolean;
}

export interface HeaderValues {
  /** Names as in PN, with components separated by "^". */
  readonly names: Set<string>;
  /** Identifiers and other phrases. */
  readonly phrases: Set<string>;
  /** The names of devices. */
  readonly devices: Set<string>;
  readonly places: Set<string>;
  /** Numbers that are compared unchanged: short numbers of the patient and the study, and forms of the birth date. */
  readonly numbers: Set<string>;
  /** Values that the policy keeps in some attribute. None is the patient's or the study's own. */
  readonly kept: Set<string>;
  /** Days (since 1970-01-01) that the policy removes everywhere, above all the patient's birth date. */
  readonly removedDays: Set<number>;
  /** Days that the policy keeps or moves. */
  readonly namedDays: Set<number>;
}

/** The most characters of distinct values that are read. A header may repeat a name for each of its frames. */
const VALUES_CHARACTERS_LIMIT = 256 * 1024;
/** PS3.5 §6.2: ST, the longest VR of a place or an identifier. */
export const PHRASE_LIMIT = 1024;

/** VRs whose values count as identifying if the table removes them. LT and UT hold prose. */
const SOURCES = new Set(['LO', 'SH', 'ST', 'UC', 'AE']);
/** Places that institution identity does not cover: addresses, wards, services, issuers and organisations. */
const PLACES = new Set([
  0x00100021, 0x00101040, 0x00102299, 0x00321033, 0x00380300, 0x00380400, 0x0040a027, 0x00080092, 0x00080081,
]);
/**
 * Coding Scheme URL, External ID, Name and Responsible Organization: they name who maintains a vocabulary, not anybody
 * involved.
 */
const VOCABULARIES = new Set([0x0008010e, 0x00080114, 0x00080115, 0x00080116]);
const PERSON_IDENTIFICATION_CODE_SEQUENCE = 0x00401101;
const PATIENT_BIRTH_DATE = 0x00100030;
/** Patient ID, Accession Number. */
const OWN_NUMBERS = new Set([0x00100020, 0x00080050]);
/** The fewest characters of half a number that can be distinguished from other numbers. */
const HALF_LEAST = 6;
const DIGITS_OF_A_HALF = 4;
const DIGITS_ALONE = 5;
const PATIENT_GROUP = 0x0010;
const CODE_VALUE = 0x00080100;
const CODE_MEANING = 0x00080104;
/** The day in DA and DT (PS3.5 §6.2), and in the form of ACR-NEMA 2.0. */
const DAY = /^\d{4}(\.?)\d{2}\1\d{2}/;
/** The words of a value that is longer than any phrase. */
const WORDS = /(?<![\p{L}\p{N}])[\p{L}\p{N}]{1,64}(?![\p{L}\p{N}])/gu;
/** A value that is only a name: a few capitalised words. */
const NAME_ALONE = /^\p{Lu}[\p{L}\p{M}.'’-]*(?:,?\s\p{Lu}[\p{L}\p{M}.'’-]*){0,4}$/u;

/** A value of the header that names something, with everything that decides how it is read. */
export interface HeaderSource {
  readonly element: DicomElement;
  /** The dictionary's VR if the file has UN. */
  readonly vr: string;
  readonly context: ValueContext;
  /** The value is in an item that codes a person. */
  readonly isOfPerson: boolean;
}

interface Gathering {
  readonly values: Map<string, NamedValue>;
  /** The number of characters that may still be read. */
  room: number;
}

/** The rows by tag. */
const ROWS: ReadonlyMap<number, ProfileRow> = decidingRows();
const IDENTIFYING: ReadonlySet<number> = new Set(
  [
    ...IDENTIFIERS,
    ...[...ROWS].filter(([, { options }]) => !/[tpgs]/i.test(options)).map(([tag]) => tag),
  ].filter((tag) => !VOCABULARIES.has(tag)),
);

/** The sources in the order of the header, at any depth. */
export function sourcesIn(instance: ParsedInstance): HeaderSource[] {
  const found: HeaderSource[] = [];
  visit({ elements: instance.elements, around: instance, isOfPerson: false }, found);
  return found;
}

type Visited = {
  readonly elements: readonly DicomElement[];
  readonly around: ValueContext;
  readonly isOfPerson: boolean;
};

function visit({ elements, around, isOfPerson }: Visited, found: HeaderSource[]): void {
  const characterSets = characterSetsOf(elements, around.characterSets);
  const context = { characterSets, encoding: around.encoding };
  for (const element of elements) {
    const { tag, items } = element;
    const vr = element.vr === 'UN' ? dictionaryVR(tag) : element.vr;
    if (
      element.valueLength > 0 &&
      items === null &&
      element.fragments === null &&
      isSource(tag, vr, isOfPerson)
    )
      found.push({ element, vr, context, isOfPerson });
    for (const item of items ?? [])
      visit(
        {
          elements: item.elements,
          around: { characterSets, encoding: item.encoding },
          isOfPerson: tag === PERSON_IDENTIFICATION_CODE_SEQUENCE,
        },
        found,
      );
  }
}

const isSource = (tag: number, vr: string, isOfPerson: boolean): boolean =>
  vr === 'DA' ||
  vr === 'DT' ||
  vr === 'PN' ||
  (SOURCES.has(vr) && IDENTIFYING.has(tag)) ||
  (isOfPerson && (tag === CODE_MEANING || tag === CODE_VALUE));

/** The most characters of a key. Comparing longer keys is not worthwhile. */
const KEY_CHARACTERS_LIMIT = 256 * 1024;

/**
 * A key that is the same for two headers only if their sources have the same values, compared as encoded bytes. For a
 * Date Time only its day counts, because its time differs in every instance. Null if the key would be too long.
 */
export function keyOfSources(sources: readonly HeaderSource[]): string | null {
  let key = '';
  let before: readonly string[] | null = null;
  for (const { element, vr, context, isOfPerson } of sources) {
    if (element.bytes === null) return null;
    const value = vr === 'DT' ? daysOf(element).join('\\') : asciiText(element.bytes);
    const { characterSets } = context;
    if (characterSets !== before) key += JSON.stringify(characterSets);
    before = characterSets;
    key += `${isOfPerson ? '!' : ' '}${element.tag} ${element.vr}/${vr}${value.length} ${value}`;
    if (key.length > KEY_CHARACTERS_LIMIT) return null;
  }
  return key;
}

/** Each distinct value once, in the order of the header. */
export function namedValuesOf(sources: readonly HeaderSource[]): NamedValues {
  const gathering: Gathering = { values: new Map(), room: VALUES_CHARACTERS_LIMIT };
  for (const source of sources)
    if (gathering.room >= 0 && source.element.bytes !== null) gather(source, gathering);
  // A value that the reader did not keep may name anybody. Dates are exempt, since no valid one is that long.
  const isUnread = sources.some(({ element, vr }) => element.bytes === null && vr !== 'DA' && vr !== 'DT');
  return { values: [...gathering.values.values()], areTooMany: gathering.room < 0 || isUnread };
}

/** PS3.3 Table 10-1: a coded person, whose code meaning is the name. */
function gatherPerson({ element, context }: HeaderSource, gathering: Gathering): void {
  const { tag } = element;
  for (const value of textsOf(element, context))
    if (tag === CODE_VALUE || NAME_ALONE.test(value)) add({ tag, vr: 'LO', value }, gathering);
}

/** Adds a value, unless de-identification itself wrote it. */
function add(named: NamedValue, gathering: Gathering): void {
  const key = keyOfNamed(named);
  if (gathering.values.has(key) || isDummy(named.value)) return;
  gathering.values.set(key, named);
  gathering.room -= named.value.length;
}

function gather(source: HeaderSource, gathering: Gathering): void {
  const { element, vr, isOfPerson } = source;
  const { tag } = element;
  if (isOfPerson && (tag === CODE_MEANING || tag === CODE_VALUE)) gatherPerson(source, gathering);
  if (vr === 'DA' || vr === 'DT') for (const value of daysOf(element)) add({ tag, vr, value }, gathering);
  else if (vr === 'PN' || (SOURCES.has(vr) && IDENTIFYING.has(tag))) gatherTexts(source, gathering);
}

function gatherTexts({ element, vr, context }: HeaderSource, gathering: Gathering): void {
  const { tag } = element;
  for (const value of textsOf({ ...element, vr: vr === 'AE' ? 'LO' : vr }, context)) {
    if (vr === 'PN' || value.length <= PHRASE_LIMIT) add({ tag, vr, value }, gathering);
    else for (const word of value.match(WORDS) ?? []) add({ tag, vr, value: word }, gathering);
  }
}

/** The dates in DA form, leaving out values that de-identification wrote. */
const daysOf = (element: DicomElement): string[] =>
  asciiOf(element)
    .split('\\')
    .map((value) => value.trim())
    .filter((value) => !isDummy(value))
    .flatMap((value) => DAY.exec(value)?.[0] ?? []);

interface Sorting {
  readonly rules: DeidRules;
  readonly values: HeaderValues;
  /** The patient's names and numbers, which no attribute keeps. */
  readonly ofPatient: Set<string>;
  /** Other identifiers, which a rule of the policy for a single attribute may keep in that attribute. */
  readonly identifiers: Set<string>;
  readonly keptByRule: Set<string>;
}

/** Sorts named values by what these rules do with them and how they are searched for. */
export function headerValuesOf(named: Iterable<NamedValue>, rules: DeidRules): HeaderValues {
  const values: HeaderValues = {
    names: new Set(),
    phrases: new Set(),
    devices: new Set(),
    places: new Set(),
    numbers: new Set(),
    kept: new Set(),
    removedDays: new Set(),
    namedDays: new Set(),
  };
  const ofPatient = new Set<string>();
  const identifiers = new Set<string>();
  const keptByRule = new Set<string>();
  for (const each of named) sortIn(each, { rules, values, ofPatient, identifiers, keptByRule });
  for (const value of identifiers) if (!keptByRule.has(value)) values.kept.delete(value);
  for (const value of ofPatient) values.kept.delete(value);
  return values;
}

function sortIn(named: NamedValue, sorting: Sorting): void {
  const { rules, values } = sorting;
  const { tag, vr, value } = named;
  if (vr === 'DA' || vr === 'DT') sortDay(named, rules, values);
  else if (tag === CODE_MEANING) values.names.add(value.replace(/,\s*/, '^'));
  else if (tag === CODE_VALUE) values.phrases.add(value);
  else sortText(named, sorting);
}

function sortText(
  { tag, vr, value }: NamedValue,
  { rules, values, ofPatient, identifiers, keptByRule }: Sorting,
): void {
  const { how, because } = rules.decide(tag, vr);
  if (how === 'keep') {
    values.kept.add(value);
    if (because === 'policy') keptByRule.add(value);
    return;
  }
  const kind = kindOf(tag, vr, ROWS.get(tag));
  const isPatients = tag >>> 16 === PATIENT_GROUP;
  values[kind].add(value);
  if (kind === 'phrases' || isPatients) (isPatients ? ofPatient : identifiers).add(value);
  if (!OWN_NUMBERS.has(tag)) return;
  addShortNumbers(value, values.numbers);
  addHalves(value, values.numbers);
}

function sortDay({ tag, vr, value }: NamedValue, rules: DeidRules, values: HeaderValues): void {
  const { how } = rules.decide(tag, vr);
  const days = how === 'shift-date' || how === 'keep-temporal' ? values.namedDays : values.removedDays;
  const day = dayNumberOf(value);
  if (day === null) return;
  days.add(day);
  if (tag === PATIENT_BIRTH_DATE) addBirth(value, values.numbers);
}

/** Adds the birth date in the forms in which devices and people write it as one number. */
function addBirth(value: string, numbers: Set<string>): void {
  const digits = value.replaceAll('.', '');
  const two = (at: number): string => digits.slice(at, at + 2);
  const century = two(0);
  const year = two(2);
  const month = two(4);
  const day = two(6);
  for (const form of [`${year}${month}${day}`, `${day}${month}${year}`, `${day}${month}${century}${year}`])
    numbers.add(form);
}

/**
 * Adds runs of exactly four digits in a Patient ID or an accession number, unless the number is just as likely a
 * matrix size, a year or a round number.
 */
function addShortNumbers(value: string, numbers: Set<string>): void {
  for (const [digits] of value.matchAll(/(?<!\d)\d{4}(?!\d)/g)) {
    const number = Number(digits);
    const isCommon = number % 50 === 0 || Number.isInteger(Math.log2(number)) || /^(?:19|20)/.test(digits);
    if (!isCommon) numbers.add(digits);
  }
}

/**
 * Adds the first and the last half of a Patient ID or an accession number, with its letters and without, because
 * people shorten long numbers that way. A half that is too short to be distinctive counts only where it is written
 * twice.
 */
function addHalves(value: string, numbers: Set<string>): void {
  const letters = fold(value).text.replace(/[^\p{L}\p{N}]/gu, '');
  for (const run of value.match(/\d{4,}/g) ?? []) addHalf(run, false, numbers);
  for (const whole of new Set([letters, letters.replace(/\D/g, '')])) {
    for (const half of new Set([Math.ceil(whole.length / 2), Math.floor(whole.length / 2)])) {
      const least = whole === letters ? HALF_LEAST : DIGITS_ALONE;
      for (const part of [whole.slice(0, half), whole.slice(-half)]) addHalf(part, half >= least, numbers);
    }
  }
}

function addHalf(part: string, countsAlone: boolean, numbers: Set<string>): void {
  const long = part.match(/\d{4,}/g) ?? [];
  const last = long.at(-1) ?? '';
  const digits = part.endsWith(last) ? last : long[0]!;
  const isCommon = Number(digits) % 50 === 0 || /^(?:19|20)\d/.test(digits);
  if (digits.length < DIGITS_OF_A_HALF || isCommon) return;
  const written = (part.match(/\p{L}+|\p{N}+/gu) ?? []).join(' ');
  if (countsAlone) numbers.add(written);
  numbers.add(`${written} ${written}`);
}

function kindOf(
  tag: number,
  vr: string,
  row: ProfileRow | undefined,
): 'names' | 'phrases' | 'devices' | 'places' {
  if (vr === 'PN') return 'names';
  const options = row?.options ?? '';
  if (vr === 'ST' || PLACES.has(tag) || options.includes('i')) return 'places';
  return options.includes('d') || vr === 'AE' ? 'devices' : 'phrases';
}
