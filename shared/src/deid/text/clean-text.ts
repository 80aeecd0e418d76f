/**
 * Cleans a text of what identifies and keeps the rest of the sentence (PS3.15 E.3.5, E.3.4; in structured
 * content and graphics too): values from the instance's own header, and text that identifies by its form.
 * Dates move with the patient's other dates where the policy modifies dates, stay where it keeps them, and go
 * otherwise. Removed text is replaced by a mark, so that nobody takes the rest for the whole sentence.
 *
 * A fixed point: cleaned text comes out unchanged, because the gateway cleans again and compares.
 */
import { asciiPieces, textReader, type TextPiece } from '../../dicom/character-sets.ts';
import type { DeidRules } from '../rules.ts';
import { findDates, type FoundDate } from './dates-in-text.ts';
import { createFinder } from './find-known-values.ts';
import { fold, type Folded } from './fold.ts';
import type { KnownValues } from './known-values.ts';
import type { Budget } from './search-sources.ts';
import { findAges, findPatterns, type Span } from './text-patterns.ts';

/**
 * As much of an age as may be told: those above 89 single a person out (45 CFR 164.514(b)(2)(i)(C)), so they
 * are written as 90.
 */
export const AGE_CAP_YEARS = 90;
/**
 * ASCII: every Specific Character Set has it. The short one where the value would become longer than its VR
 * allows (PS3.5 §6.2).
 */
const MARKS = ['[removed]', '[-]'];
const LENGTH_LIMITS: Readonly<Record<string, number>> = { SH: 16, LO: 64, ST: 1024, LT: 10_240 };
/** Between two removed parts these carry no meaning; an initial between two names is one of them. */
const JOINT = /^[\s,.^'’_-]{0,2}$|^[\s,^]\p{Lu}\.?[\s,^]{1,2}$/u;
/** Removing can join separate parts into a new match; no text has needed more rounds than this. */
const ROUNDS = 4;

/**
 * Steps of the search for the header's values in all texts of an instance, some two seconds. The longest
 * report of the corpus takes 150 000.
 */
export const SEARCH_STEPS_LIMIT = 20_000_000;

/** VRs whose values are separated by a backslash. */
const MULTIPLE = new Set(['LO', 'SH', 'UC']);

interface Edit {
  readonly start: number;
  readonly end: number;
  /** Null: the mark. */
  readonly text: string | null;
}

export interface TextCleaner {
  /**
   * The cleaned value; null if nothing of it may stay. `pieces`: `TextReader.split` of a value of a text VR.
   */
  clean(pieces: readonly TextPiece[], vr: string, characterSets: readonly string[]): Uint8Array | null;
}

/**
 * `days`: the shift of this patient's dates (0: they were already moved); `known`: null if the header could
 * not be searched.
 */
export function createTextCleaner(known: KnownValues | null, rules: DeidRules, days: number): TextCleaner {
  if (known === null) return { clean: () => null };
  const budget = { left: SEARCH_STEPS_LIMIT };
  const cleaning: Cleaning = { known, budget, search: createFinder(known, budget), rules, days };
  return {
    clean(pieces, vr, characterSets) {
      for (const mark of MARKS) {
        const values = splitValues(pieces, vr).map((value) => cleanOne(cleaning, value, mark));
        if (values.some((value) => value === null)) return null;
        const isLong = values.some((value) => value!.length > (LENGTH_LIMITS[vr] ?? Infinity));
        if (!isLong)
          return padded(
            textReader(characterSets).join(
              values.flatMap((value, at) => (at === 0 ? value! : [...asciiPieces('\\'), ...value!])),
            ),
          );
      }
      return null;
    },
  };
}

/** By what one instance is cleaned. */
interface Cleaning {
  readonly known: KnownValues;
  /** Of the search, for all texts of the instance together. */
  readonly budget: Budget;
  readonly search: (folded: Folded) => Span[];
  readonly rules: DeidRules;
  /** The shift of its dates. */
  readonly days: number;
}

/** Null where it does not come to rest, or the search has used its budget. */
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

/** `isAgain`: its dates have been moved already, so they stay. */
function editsOf(cleaning: Cleaning, text: string, isAgain: boolean): Edit[] {
  const { known, search, rules } = cleaning;
  const folded = fold(text);
  const dates = findDates(text, folded, known);
  // A number that is a date is treated as a date.
  const isDate = ([start, end]: Span): boolean => {
    const date = dates[lastNotAfter(dates, start)];
    return date !== undefined && end <= date.end;
  };
  const patterns = findPatterns(text, {
    retainsUids: rules.options.includes('retain-uids'),
    initials: known.initials,
  });
  const spans = [...search(folded), ...patterns.filter((span) => !isDate(span))];
  return merge(text, [
    ...dates.map((date) => editOfDate(cleaning, date, isAgain)).filter((edit) => edit !== null),
    ...editsOfAges(text, rules),
    ...spans.map(([start, end]) => ({ start, end, text: null })),
  ]);
}

/** Null: the date stays as it is. */
function editOfDate(
  { known, rules, days }: Cleaning,
  { start, end, days: meant, moved: write }: FoundDate,
  isAgain: boolean,
): Edit | null {
  const shift = isAgain ? 0 : days;
  const isRemoved =
    rules.dates === 'removed' ||
    (meant.length === 0 && rules.dates !== 'full') ||
    (!isAgain && meant.some((day) => known.removedDays.has(day)));
  if (isRemoved) return { start, end, text: null };
  return rules.dates === 'full' || shift === 0 ? null : { start, end, text: write(meant[0]! + shift) };
}

function editsOfAges(text: string, rules: DeidRules): Edit[] {
  return findAges(text).flatMap(({ start, end, years }): Edit[] => {
    if (!rules.retainsPatientCharacteristics) return [{ start, end, text: null }];
    return years > AGE_CAP_YEARS ? [{ start, end, text: String(AGE_CAP_YEARS) }] : [];
  });
}

/** The place of the last one that begins at `start` or before it, by halving; -1: none does. */
function lastNotAfter(sorted: readonly { readonly start: number }[], start: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]!.start <= start) low = middle + 1;
    else high = middle;
  }
  return low - 1;
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

/** Overlapping or adjacent ones become one; removing a date overrides moving it. */
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
