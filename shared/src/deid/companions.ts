/**
 * Instances of one study can reveal values of each other: a text that this instance keeps may hold a name, a number or
 * a day that only another instance's header (its companion's) names. Such an instance is held for a person to decide.
 * Its bytes never depend on which companions came with it.
 *
 * The named values of a study are originals. They stay in the memory of the code that prepares the study.
 */
import { BoundedMemo } from '../bounded-memo.ts';
import type { DicomElement, ParsedInstance } from '../dicom/data-set.ts';
import { textReader } from '../dicom/character-sets.ts';
import { tagName } from '../dicom/dictionary.ts';
import { withoutPadding } from '../dicom/padding.ts';
import { asciiText, isText } from '../dicom/values.ts';
import { characterSetsAfter, effectiveVR } from './decide-in-place.ts';
import type { PlannedElement } from './plan.ts';
import { replacementOf, type Replacements } from './rewrite-plan.ts';
import type { DeidRules } from './rules.ts';
import { SEARCH_STEPS_LIMIT } from './text/clean-text.ts';
import { headerValuesOf, type HeaderValues } from './text/header-values.ts';
import {
  bytesOfKnown,
  compileKnown,
  holdsKnown,
  KNOWN_LIMIT_BYTES,
  type Known,
} from './text/hold-known-values.ts';
import type { NamedValue } from './text/named-value.ts';
import type { Budget } from './text/search-sources.ts';

/** A text that this instance keeps although it holds a value that a companion names. */
export interface NamingText {
  /** The path as in the report: `0040,a730[1]>0040,a160`. */
  readonly path: string;
  readonly text: string;
}

/** An instance as it would be sent. */
interface Prepared {
  readonly instance: ParsedInstance;
  readonly rules: DeidRules;
  readonly elements: readonly PlannedElement[];
  readonly replacements: Replacements;
  /** The values of the instance's own header. */
  readonly known: Known;
}

/**
 * The texts of the result that hold values only companions name. Empty: none. `too-many`: the companions name more
 * values than can be searched for.
 */
export function textsNamingCompanions(
  prepared: Prepared,
  companions: readonly NamedValue[],
): readonly NamingText[] | 'too-many' {
  const { instance, rules, elements, replacements, known: own } = prepared;
  const known = knownOfCompanions(companions, own, rules);
  if (known === null || known === 'too-many') return known ?? [];
  const found: NamingText[] = [];
  const searching = { known, replacements, budget: { left: SEARCH_STEPS_LIMIT }, found };
  search(searching, elements, { path: '', characterSets: characterSetsAfter(instance.elements, []) });
  return found;
}

type OfCompanions = Known | 'too-many' | null;
type ByHeader = BoundedMemo<Known, OfCompanions>;

/** Remembered by the values of the study and those of the instance. A worker has only a few of both at a time. */
const REMEMBERED = new WeakMap<readonly NamedValue[], ByHeader>();

const byHeader = (): ByHeader =>
  new BoundedMemo(
    KNOWN_LIMIT_BYTES,
    (own, others) =>
      bytesOfKnown(own) + (others === null || others === 'too-many' ? 0 : bytesOfKnown(others)),
  );

function knownOfCompanions(companions: readonly NamedValue[], own: Known, rules: DeidRules): OfCompanions {
  const ofStudy = REMEMBERED.get(companions) ?? byHeader();
  REMEMBERED.set(companions, ofStudy);
  let known = ofStudy.get(own);
  if (known === undefined) {
    const others = withoutOwn(headerValuesOf(companions, rules), own.header);
    known = isNothing(others) ? null : (compileKnown(others, rules, own.wereMoved) ?? 'too-many');
    ofStudy.set(own, known);
  }
  return known;
}

/** A value that the policy keeps somewhere in the study may stay in the other instances too. */
function withoutOwn(study: HeaderValues, own: HeaderValues): HeaderValues {
  return {
    names: study.names.difference(own.names),
    phrases: study.phrases.difference(own.phrases),
    devices: study.devices.difference(own.devices),
    places: study.places.difference(own.places),
    numbers: study.numbers.difference(own.numbers),
    kept: study.kept,
    removedDays: study.removedDays.difference(own.removedDays),
    namedDays: study.namedDays.difference(own.namedDays),
  };
}

const isNothing = ({ kept: _, ...named }: HeaderValues): boolean =>
  Object.values(named).every((values: ReadonlySet<unknown>) => values.size === 0);

type Searching = {
  readonly known: Known;
  readonly replacements: Replacements;
  readonly budget: Budget;
  readonly found: NamingText[];
};
type Around = { readonly path: string; readonly characterSets: readonly string[] };

function search(searching: Searching, elements: readonly PlannedElement[], around: Around): void {
  for (const planned of elements) {
    const path = around.path + tagName(planned.tag);
    for (const [at, { item, elements: inside }] of (planned.items ?? []).entries())
      search(searching, inside, {
        path: `${path}[${at + 1}]>`,
        characterSets: characterSetsAfter(item.elements, around.characterSets),
      });
    const text = namingText(searching, planned, around.characterSets);
    if (text !== null) searching.found.push({ path, text });
  }
}

/** The text as it would be sent, if it holds a value that a companion names; otherwise null. */
function namingText(
  { known, replacements, budget }: Searching,
  planned: PlannedElement,
  characterSets: readonly string[],
): string | null {
  const { how, element } = planned;
  if (element === null || (how !== 'keep' && how !== 'leading-number' && how !== 'clean-text')) return null;
  const vr = effectiveVR(element);
  const holds = (value: DicomElement): boolean =>
    holdsKnown(known, { element: value, vr, characterSets }, budget);
  // Cleaning adds no names, so a text that holds none (nearly every text) need not be cleaned a second time.
  if (!holds(element)) return null;
  const bytes = replacementOf(planned, replacements) ?? element.bytes!;
  if (bytes !== element.bytes && !holds({ ...element, bytes })) return null;
  const text = isText(vr) ? textReader(characterSets).decode(bytes).text : asciiText(bytes);
  return withoutPadding(text);
}
