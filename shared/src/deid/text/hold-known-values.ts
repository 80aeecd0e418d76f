/**
 * Compares the values that the policy keeps with those that the header names: a name, a number, a place or a day of
 * this patient must not leave in an attribute where nobody expects it, whatever its VR. A value that holds one of
 * these is not kept.
 *
 * Numbers (IS, DS) are compared as a whole, text in all its parts. A look at the bytes is enough to pass nearly all
 * values (screen-bytes.ts). The result of a search is cached for the next instance with the same header, which changes
 * no answer.
 */
import { BoundedMemo, bytesOfTexts } from '../../bounded-memo.ts';
import { textReader } from '../../dicom/character-sets.ts';
import type { DicomElement, ParsedInstance } from '../../dicom/data-set.ts';
import { dictionaryEntry } from '../../dicom/dictionary.ts';
import { withoutPadding } from '../../dicom/padding.ts';
import { asciiText, isText } from '../../dicom/values.ts';
import { dayNumberOf } from '../dates.ts';
import { isKeptUid } from '../kept-uids.ts';
import type { DeidRules } from '../rules.ts';
import { findDates } from './dates-in-text.ts';
import { beginningsOf, createFinder, type Finder } from './find-known-values.ts';
import { fold } from './fold.ts';
import { findNames } from './names-in-text.ts';
import { headerValuesOf, keyOfSources, namedValuesOf, sourcesIn } from './header-values.ts';
import type { HeaderSource, HeaderValues } from './header-values.ts';
import { knownValuesOf, type KnownValues } from './known-values.ts';
import { otherReadings } from './other-readings.ts';
import { plainOf } from './plain-text.ts';
import { createScreen, mayHoldKnown, mayHoldWhole, type Screen } from './screen-bytes.ts';
import type { Budget } from './search-sources.ts';
import { findInitials, UIDS } from './text-patterns.ts';

/** The values that a header names, and the search for them. */
export interface Known {
  readonly header: HeaderValues;
  /** The dates of the instance are not the original ones. */
  readonly wereMoved: boolean;
  readonly values: KnownValues;
  readonly find: Finder;
  readonly screen: Screen;
  /** The days that a kept value must not contain. */
  readonly days: readonly ReadonlySet<number>[];
  readonly retainsUids: boolean;
  /** Results for values that were searched, by their bytes and how these are read. */
  readonly verdicts: BoundedMemo<string, Verdict>;
  /** Cleaned texts (clean-text.ts). */
  readonly cleaned: BoundedMemo<string, Cleaned>;
}

interface Verdict {
  readonly holds: boolean;
  /**
   * Steps of the search. A cached result costs the same steps again, so that the order of values does not change the
   * answers.
   */
  readonly steps: number;
}

export interface Cleaned {
  /** Null: nothing of the value may stay. */
  readonly bytes: Uint8Array | null;
  /** Steps of the search, as in `Verdict`. */
  readonly steps: number;
}

/** What a VR holds: words, numbers (which are compared as a whole), or anything. */
const HOLDS = new Map<string, 'words' | 'number' | 'anything'>([
  ...['AE', 'CS', 'LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UR', 'UT'].map((vr) => [vr, 'words'] as const),
  ...['DS', 'IS'].map((vr) => [vr, 'number'] as const),
  ...['OB', 'UN'].map((vr) => [vr, 'anything'] as const),
]);

/** Manufacturers, models and software, also those of secondary capture devices and coils. */
const PRODUCTS = new Set([
  0x00080070, 0x00081090, 0x00181016, 0x00181018, 0x00181019, 0x0018101a, 0x0018101b, 0x00181020, 0x00181250,
  0x00181251, 0x00189005,
]);

/**
 * Results are cached only for values up to this length. Longer values are few, and rarely the same in two instances.
 */
export const REMEMBERED_BYTES = 256;

/**
 * The cache of compiled headers, with the cached results for their values. There is one per policy, and one for the
 * companions of a study. A study read by one worker has one or two headers; some 14 fit.
 */
export const KNOWN_LIMIT_BYTES = 16 * 1024 ** 2;
/** For the cached results of one header, and the same again for its cleaned texts: some 2 000 of each. */
const VALUES_LIMIT_BYTES = 512 * 1024;
/** The table of the byte screen. */
const SCREEN_BYTES = 50_000;
/** Memory per character searched for, in sources, tries and the index of near words (measured: 25 to 65). */
const SOURCE_CHARACTER_BYTES = 64;

/** The memory that it takes at most. */
export function bytesOfKnown(known: Known): number {
  const { words, placeWords, identifiers } = known.values;
  const sources = [words, placeWords, identifiers].flatMap((some) => [...some]);
  const characters = sources.reduce((sum, source) => sum + source.length, 0);
  return SCREEN_BYTES + characters * SOURCE_CHARACTER_BYTES + 2 * VALUES_LIMIT_BYTES;
}

/** A whole number of six digits or more, as IS and DS may write it. */
const WHOLE = /^\+?(?<number>\d{6,})(?:\.0*)?$/;

type Headers = BoundedMemo<string, Known | null>;

const REMEMBERED = new WeakMap<DeidRules, Headers>();

const headersMemo = (): Headers =>
  new BoundedMemo(
    KNOWN_LIMIT_BYTES,
    // A header's values are in its key and again in what is known of it.
    (key, known) => bytesOfTexts(key, key) + (known === null ? 0 : bytesOfKnown(known)),
  );

/** Null if the header names more values than can be searched for. `wereMoved`: its dates are not the original ones. */
export function knownIn(instance: ParsedInstance, rules: DeidRules, wereMoved: boolean): Known | null {
  const sources = sourcesIn(instance);
  const key = keyOfSources(sources);
  if (key === null) return compile(sources, rules, wereMoved);
  const remembered = REMEMBERED.get(rules) ?? headersMemo();
  REMEMBERED.set(rules, remembered);
  const named = `${wereMoved}${key}`;
  const before = remembered.get(named);
  if (before !== undefined) return before;
  const known = compile(sources, rules, wereMoved);
  remembered.set(named, known);
  return known;
}

function compile(sources: readonly HeaderSource[], rules: DeidRules, wereMoved: boolean): Known | null {
  const { values, areTooMany } = namedValuesOf(sources);
  return areTooMany ? null : compileKnown(headerValuesOf(values, rules), rules, wereMoved);
}

/** Null if there are more values than can be searched for. */
export function compileKnown(header: HeaderValues, rules: DeidRules, wereMoved: boolean): Known | null {
  const values = knownValuesOf(header);
  if (values === null) return null;
  const movesDays = rules.dates === 'modified' && !wereMoved;
  return {
    header,
    wereMoved,
    values,
    find: createFinder(values),
    screen: createScreen(beginningsOf(values), values),
    days: movesDays ? [values.removedDays, values.namedDays] : [values.removedDays],
    retainsUids: rules.options.includes('retain-uids'),
    verdicts: new BoundedMemo(VALUES_LIMIT_BYTES, (key) => bytesOfTexts(key)),
    cleaned: new BoundedMemo(
      VALUES_LIMIT_BYTES,
      (key, { bytes }) => bytesOfTexts(key, '') + (bytes?.length ?? 0),
    ),
  };
}

/** An element with its effective VR and the character sets that apply to it. */
interface KeptValue {
  readonly element: DicomElement;
  readonly vr: string;
  readonly characterSets: readonly string[];
}

/** Whether a value that is to be kept holds a known value. Also true if the search budget is used up. */
export function holdsKnown(known: Known, { element, vr, characterSets }: KeptValue, budget: Budget): boolean {
  const { bytes } = element;
  if (bytes === null || bytes.length === 0) return false;
  const holds = HOLDS.get(vr);
  if (holds === undefined) return false;
  if (holds === 'number') return mayHoldWhole(bytes) && holdsNumber(known, bytes);
  const isUnknown = holds === 'anything';
  if (isUnknown && dictionaryEntry(element.tag) !== null) return false;
  if (!mayHoldKnown(known.screen, bytes)) return false;
  const reading: Reading = {
    bytes,
    characterSets: isText(vr) || isUnknown ? characterSets : null,
    isProduct: PRODUCTS.has(element.tag),
  };
  const verdict = verdictOf(known, reading, budget.left);
  budget.left -= verdict.steps;
  return verdict.holds || budget.left < 0;
}

/** Bytes that can separate a cue from a name, or begin a letter of another script. */
const APART = new Set([...' :.=^_@'].map((sign) => sign.charCodeAt(0)));

/** Whether a text that is to be kept names anybody behind a cue, such as a label, a title or a caret. */
export function holdsCuedName(known: Known, { element, vr, characterSets }: KeptValue): boolean {
  const { bytes, tag } = element;
  if (bytes === null || HOLDS.get(vr) !== 'words' || vr === 'CS' || PRODUCTS.has(tag)) return false;
  if (!bytes.some((byte) => APART.has(byte) || byte >= 0x80)) return false;
  const isShort = bytes.length <= REMEMBERED_BYTES;
  const key = isShort ? `cue ${JSON.stringify([characterSets, asciiText(bytes)])}` : null;
  const before = key === null ? undefined : known.verdicts.get(key);
  if (before !== undefined) return before.holds;
  const holds = findNames(plainOf(textReader(characterSets).decode(bytes).text).text).length > 0;
  if (key !== null) known.verdicts.set(key, { holds, steps: 0 });
  return holds;
}

/** The most steps of the search in the texts of one binary value. */
const BINARY_STEPS_LIMIT = 20_000_000;

/** Whether a text from a binary value holds a value of the header, or its phrases hold a name behind a cue. */
export function namesSomebody(known: Known, text: string, phrases: string): boolean {
  const budget = { left: BINARY_STEPS_LIMIT };
  return known.find(fold(text), budget).length > 0 || budget.left < 0 || findNames(phrases).length > 0;
}

/** The bytes of a value, with everything that decides how they are read. */
interface Reading {
  readonly bytes: Uint8Array;
  /** Null: ASCII, whatever the instance declares. */
  readonly characterSets: readonly string[] | null;
  readonly isProduct: boolean;
}

function verdictOf(known: Known, reading: Reading, left: number): Verdict {
  const { verdicts } = known;
  const { bytes, characterSets, isProduct } = reading;
  if (bytes.length > REMEMBERED_BYTES) return search(known, reading, left);
  const key = JSON.stringify([isProduct, characterSets, asciiText(bytes)]);
  const before = verdicts.get(key);
  if (before !== undefined) return before;
  const verdict = search(known, reading, left);
  // A search that ran out of budget is incomplete, so it is not cached.
  if (verdict.steps > left) return verdict;
  verdicts.set(key, verdict);
  return verdict;
}

function search(known: Known, { bytes, characterSets, isProduct }: Reading, left: number): Verdict {
  const budget = { left };
  const written = characterSets === null ? asciiText(bytes) : textReader(characterSets).decode(bytes).text;
  const { text } = plainOf(written);
  const holds = namesKnown(known, text, isProduct, budget) || holdsInOtherReading(known, bytes, budget);
  return { holds, steps: left - budget.left };
}

/** Whether bytes in another encoding than the declared one hold a name of the header. */
export function holdsInOtherReading({ find }: Known, bytes: Uint8Array, budget: Budget): boolean {
  return otherReadings(bytes).some((text) => find(fold(text), budget).length > 0);
}

function namesKnown(
  { values, find, days, retainsUids }: Known,
  text: string,
  isProduct: boolean,
  budget: Budget,
): boolean {
  const folded = fold(text);
  if (find(folded, budget, isProduct).length > 0) return true;
  const isKnownDay = (day: number): boolean => days.some((known) => known.has(day));
  if (findDates(text, folded, values).some((date) => date.days.some(isKnownDay))) return true;
  if (!retainsUids && [...text.matchAll(UIDS)].some(([uid]) => !isKeptUid(uid))) return true;
  return findInitials(text, values.initials).length > 0;
}

function holdsNumber({ values, days }: Known, bytes: Uint8Array): boolean {
  return asciiText(bytes)
    .split('\\')
    .some((value) => {
      const number = WHOLE.exec(withoutPadding(value.replace(/^[\0 ]+/, '')))?.groups?.['number'];
      if (number === undefined) return false;
      const day = number.length === 8 ? dayNumberOf(number) : null;
      return values.identifiers.has(number) || (day !== null && days.some((known) => known.has(day)));
    });
}
