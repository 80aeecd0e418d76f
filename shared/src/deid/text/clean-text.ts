/**
 * Cleans a text of what identifies and keeps the rest of the sentence (PS3.15 E.3.5, E.3.4; in structured content and
 * graphics too): it removes values from the instance's own header, and text that identifies by its form. Dates move
 * with the patient's other dates if the policy modifies dates, stay if it keeps them, and are removed otherwise. A
 * mark replaces removed text, so that nobody takes the rest for the whole sentence.
 *
 * Cleaning is idempotent: the gateway cleans the text again and compares, so cleaned text must come out unchanged.
 */
import { asciiPieces, textReader, type TextPiece } from '../../dicom/character-sets.ts';
import { asciiText } from '../../dicom/values.ts';
import type { Prose } from '../plan.ts';
import type { DeidRules } from '../rules.ts';
import { findAges, type FoundAge } from './ages-in-text.ts';
import { findBirths } from './births-in-text.ts';
import { findDates, type FoundDate } from './dates-in-text.ts';
import { fold } from './fold.ts';
import { holdsInOtherReading, REMEMBERED_BYTES, type Cleaned, type Known } from './hold-known-values.ts';
import { findNames } from './names-in-text.ts';
import { findNationalNumbers } from './national-numbers.ts';
import { plainOf } from './plain-text.ts';
import type { Budget } from './search-sources.ts';
import { findTelephones } from './telephones.ts';
import { findPatterns, type Span } from './text-patterns.ts';

/** The age that replaces all ages above 89, because these single a person out (45 CFR 164.514(b)(2)(i)(C)). */
export const AGE_CAP_YEARS = 90;
/**
 * The marks for removed text, in ASCII, which every Specific Character Set contains. The short mark is used if the
 * value would become longer than its VR allows (PS3.5 §6.2).
 */
const MARKS = ['[removed]', '[-]'];
const LENGTH_LIMITS: Readonly<Record<string, number>> = { SH: 16, LO: 64, ST: 1024, LT: 10_240 };
/**
 * Text between two removed parts that carries no meaning and is removed with them, such as an initial between two
 * names.
 */
const JOINT = /^[\s,.^'’_-]{0,2}$|^[\s,^]\p{Lu}\.?[\s,^]{1,2}$/u;
/** Removing text can join separate parts into a new match. No text has needed more rounds than this. */
const ROUNDS = 4;

/**
 * The most steps of the search for header values in all texts of an instance, some two seconds. The longest report of
 * the corpus takes 150 000.
 */
export const SEARCH_STEPS_LIMIT = 20_000_000;

/** VRs whose values are separated by a backslash. */
const MULTIPLE = new Set(['LO', 'SH', 'UC']);

interface Edit {
  readonly start: number;
  readonly end: number;
  /** Null: the mark replaces the text. */
  readonly text: string | null;
}

export interface TextCleaner {
  /** The cleaned value; null if none of it may stay. `vr` must be a text VR. */
  clean(prose: Prose, vr: string): Uint8Array | null;
}

/** `rules`: the rules under which `known` was found. `days`: the shift of this patient's dates (0: already moved). */
export function createTextCleaner(known: Known, rules: DeidRules, days: number): TextCleaner {
  const budget = { left: SEARCH_STEPS_LIMIT };
  return {
    clean(prose, vr) {
      const cleaning: Cleaning = { known, budget: { left: budget.left }, rules, days };
      const { bytes, steps } = outcomeOf(cleaning, prose, vr);
      budget.left -= steps;
      return budget.left < 0 ? null : bytes;
    },
  };
}

/** The cleaned text, either made now or cached from an earlier instance with the same header. */
function outcomeOf(cleaning: Cleaning, prose: Prose, vr: string): Cleaned {
  const { known, budget, days } = cleaning;
  const { left } = budget;
  const { bytes, characterSets } = prose;
  const isShort = bytes.length <= REMEMBERED_BYTES;
  const key = isShort ? JSON.stringify([days, vr, characterSets, asciiText(bytes)]) : null;
  const before = key === null ? undefined : known.cleaned.get(key);
  if (before !== undefined) return before;
  const cleaned = cleanValue(cleaning, prose, vr);
  const outcome = { bytes: cleaned, steps: left - budget.left };
  // A search that ran out of budget is incomplete, so it is not cached.
  if (key !== null && outcome.steps <= left) known.cleaned.set(key, outcome);
  return outcome;
}

function cleanValue(cleaning: Cleaning, { bytes, characterSets }: Prose, vr: string): Uint8Array | null {
  const reader = textReader(characterSets);
  const pieces = reader.split(bytes);
  if (pieces === null) return null;
  for (const mark of MARKS) {
    const values = splitValues(pieces, vr).map((value) => cleanOne(cleaning, value, mark));
    if (values.some((value) => value === null)) return null;
    const isLong = values.some((value) => value!.length > (LENGTH_LIMITS[vr] ?? Infinity));
    if (isLong) continue;
    const cleaned = padded(
      reader.join(values.flatMap((value, at) => (at === 0 ? value! : [...asciiPieces('\\'), ...value!]))),
    );
    return holdsInOtherReading(cleaning.known, cleaned, cleaning.budget) ? null : cleaned;
  }
  return null;
}

/** Everything that is needed to clean the texts of one instance. */
interface Cleaning {
  readonly known: Known;
  /** The search budget for all texts of the instance together. */
  readonly budget: Budget;
  readonly rules: DeidRules;
  /** The shift of the instance's dates, in days. */
  readonly days: number;
}

/** Null if the text does not become stable, or the search budget is used up. */
function cleanOne(
  cleaning: Cleaning,
  pieces: readonly TextPiece[],
  mark: string,
): readonly TextPiece[] | null {
  let current = pieces;
  for (let round = 0; round < ROUNDS; round += 1) {
    const edits = editsOf(cleaning, current.map(({ text }) => text).join(''), round > 0);
    if (cleaning.budget.left < 0) return null;
    if (edits.length === 0) return current;
    current = apply(current, edits, mark);
  }
  return null;
}

/**
 * Searches the plain form of the text and returns edits of the text as written. `isAgain`: its dates have been moved
 * already, so they stay.
 */
function editsOf(cleaning: Cleaning, written: string, isAgain: boolean): Edit[] {
  const { known, budget, rules } = cleaning;
  const { text, rangeOf } = plainOf(written);
  const folded = fold(text);
  const dates = findDates(text, folded, known.values);
  const births = findBirths(folded);
  const undated = withoutDates(text, dates);
  const patterns = findPatterns(undated, {
    retainsUids: rules.options.includes('retain-uids'),
    initials: known.values.initials,
  });
  const spans = [
    ...known.find(folded, budget),
    ...findNames(text),
    ...births.years,
    ...dates.filter(({ start }) => births.places.has(start)).map(({ start, end }): Span => [start, end]),
    ...findNationalNumbers(text),
    ...findTelephones(undated),
    ...patterns,
  ];
  const edits = [
    ...dates.map((date) => editOfDate(cleaning, date, isAgain)).filter((edit) => edit !== null),
    ...findAges(text, folded).flatMap((age) => editsOfAge(age, rules)),
    ...spans.map(([start, end]) => ({ start, end, text: null })),
  ];
  return merge(text, edits).map((edit) => {
    const [start, end] = rangeOf(edit.start, edit.end);
    return { ...edit, start, end };
  });
}

/** Replaces dates by a character that no pattern matches, so that a date is not also found as a number. */
function withoutDates(text: string, dates: readonly FoundDate[]): string {
  let left = '';
  let at = 0;
  for (const { start, end } of dates) {
    left += text.slice(at, start) + '\ufffc'.repeat(end - start);
    at = end;
  }
  return left + text.slice(at);
}

/** Null: the date stays as it is. */
function editOfDate(
  { known, rules, days }: Cleaning,
  { start, end, days: meant, isOfAProgram, moved: write }: FoundDate,
  isAgain: boolean,
): Edit | null {
  if (isOfAProgram) return null;
  const shift = isAgain ? 0 : days;
  const isRemoved =
    rules.dates === 'removed' ||
    (meant.length === 0 && rules.dates !== 'full') ||
    (!isAgain && meant.some((day) => known.values.removedDays.has(day)));
  if (isRemoved) return { start, end, text: null };
  return rules.dates === 'full' || shift === 0 ? null : { start, end, text: write(meant[0]! + shift) };
}

function editsOfAge({ start, end, years }: FoundAge, rules: DeidRules): Edit[] {
  if (!rules.retainsPatientCharacteristics) return [{ start, end, text: null }];
  return years > AGE_CAP_YEARS ? [{ start, end, text: String(AGE_CAP_YEARS) }] : [];
}

function padded(bytes: Uint8Array): Uint8Array {
  if (bytes.length % 2 === 0) return bytes;
  const even = new Uint8Array(bytes.length + 1).fill(0x20);
  even.set(bytes);
  return even;
}

function splitValues(pieces: readonly TextPiece[], vr: string): TextPiece[][] {
  const values: TextPiece[][] = [[]];
  for (const piece of pieces) {
    if (MULTIPLE.has(vr) && piece.text === '\\' && piece.bytes.length === 1) values.push([]);
    else values.at(-1)!.push(piece);
  }
  return values;
}

/** Merges overlapping or adjacent edits. Removing a date overrides moving it. */
function merge(text: string, edits: readonly Edit[]): Edit[] {
  const merged: Edit[] = [];
  for (const edit of edits.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = merged.at(-1);
    const isOver = last !== undefined && edit.start < last.end;
    const isBeside =
      last?.text === null && edit.text === null && JOINT.test(text.slice(last.end, edit.start));
    if (isOver || isBeside)
      merged[merged.length - 1] = { start: last!.start, end: Math.max(last!.end, edit.end), text: null };
    else merged.push(edit);
  }
  return merged;
}

function apply(pieces: readonly TextPiece[], edits: readonly Edit[], mark: string): TextPiece[] {
  const out: TextPiece[] = [];
  let at = 0;
  let next = 0;
  for (const piece of pieces) {
    while (next < edits.length && edits[next]!.end <= at) next += 1;
    const edit = edits[next];
    const isInside = edit !== undefined && at >= edit.start;
    if (edit !== undefined && at === edit.start) out.push(...asciiPieces(edit.text ?? mark));
    if (!isInside) out.push(piece);
    at += piece.text.length;
  }
  return out;
}
