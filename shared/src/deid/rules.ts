/**
 * What is done with an attribute, given its tag and what the policy asks for: the Basic Profile of PS3.15
 * Annex E with its options.
 *
 * Rules know nothing of values: whether a date is a date or a UID is ours is found out later
 * (`plan-instance.ts`). Options whose cleaning does not exist yet are refused by name; none is accepted and
 * then not obeyed. Where an option asks to clean (C) a value that only a person could clean, the profile's
 * own action is taken, which is never less.
 */
import { dictionaryEntry, isPrivate } from '../dicom/dictionary.ts';
import {
  CONTENT_SEQUENCES,
  EMPTIED_BESIDES,
  IDENTIFIERS,
  REMOVED_BESIDES,
  REMOVED_CHOICES,
  STRUCTURAL_UIDS,
  TERMS,
} from './attribute-lists.ts';
import { OPTIONS, profileRows } from './profile.ts';
import type { BasicChoice, OptionName, ProfileRow } from './profile.ts';

/** The action codes of Table E.1-1a; `added`: not in the original. */
export type ActionCode = 'X' | 'Z' | 'D' | 'K' | 'C' | 'U' | 'added';

/** Why: the part of the policy that decided. */
export type Because =
  | 'profile' // Table E.1-1, Basic Profile
  | 'option' // Table E.1-1, a column of an option
  | 'policy' // a rule that an administrator made for this very attribute
  | 'pseudonym' // a keyed pseudonym where the table asks for an empty value or a dummy
  | 'private' // a private attribute, or one in a private group
  | 'safe-private'
  | 'overlay' // belongs to an overlay or curve whose data the profile removes
  | 'unknown-attribute' // neither in the table nor in PS3.6
  | 'free-text' // not in the table, but its VR or its encoding holds prose, a name or an address
  | 'by-vr' // not in the table, but a date or the UID of an instance
  | 'beside-the-table' // a list of `attribute-lists.ts`
  | 'inside-sequence' // inside a sequence whose whole content is to be replaced
  | 'malformed' // what was to be retained is not a value of its VR
  | 'outdated' // true of the original's bytes only (group lengths)
  | 'marker' // PS3.15 E.1.1: says that and how this was de-identified
  | 'released' // a person looked at the pixels and found that nothing in them names anybody
  | 'not-needed'; // kept without a rule: says nothing about a person

/** What is done to the value. */
export type How =
  | 'keep'
  | 'remove'
  | 'empty'
  | 'dummy'
  | 'uid'
  | 'identifier'
  | 'patient-id'
  | 'patient-name'
  | 'shift-date' // by whole days
  | 'keep-temporal' // kept if it is a date or time at all
  | 'keep-uid' // kept if it is a UID at all
  | 'cap-age' // kept below 90 years
  | 'zero' // as many zero bytes
  | 'leading-number' // a number's place that holds more than a number
  | 'clean-text' // prose: what identifies goes, the rest of the sentence stays
  | 'literal' // the value stands in the plan
  | 'items'; // a sequence: each item by these rules

/**
 * How strict the inside of a sequence is; `plain`: as everywhere. `cleaned`: as `structured`, but its prose
 * is cleaned and not replaced; `descriptors`: its codes too.
 */
export type Mode = 'plain' | 'structured' | 'cleaned' | 'descriptors' | 'graphics' | 'strict';

export interface Decision {
  readonly how: How;
  readonly code: ActionCode;
  readonly because: Because;
  /** For `items`: the mode inside. */
  readonly mode: Mode;
  /** What is done where the value is not what `how` expects. */
  readonly otherwise: Decision | null;
}

export interface DeidRules {
  readonly options: readonly OptionName[];
  readonly retainsPatientCharacteristics: boolean;
  readonly retainsSafePrivate: boolean;
  readonly cleansGraphics: boolean;
  /** Some option keeps prose that is cleaned. */
  readonly cleansText: boolean;
  /** The policy says what becomes of what is quarantined otherwise. */
  readonly keepsDocuments: boolean;
  readonly cleansWaveformAnnotations: boolean;
  readonly dates: 'removed' | 'modified' | 'full';
  /** `vr` is the dictionary's where that knows the tag, else the file's. */
  decide(tag: number, vr: string): Decision;
}

export type RulesOutcome =
  | { readonly kind: 'ready'; readonly rules: DeidRules }
  /** `option`: its name; of an attribute that no rule may change, its tag. */
  | {
      readonly kind: 'refused';
      readonly because: 'unknown-option' | 'option-not-available' | 'attribute-not-allowed';
      readonly option: string;
    };

/**
 * What cannot be done yet: it needs to look at pixels. Accepting the name would put a false word in the file.
 */
const NOT_AVAILABLE: ReadonlySet<OptionName> = new Set([
  'clean-pixel-data',
  'clean-recognizable-visual-features',
]);

/**
 * What an instance is known by, read by, or marked with: no rule for single attributes may touch it. Specific
 * Character Set and the identifiers of instance and patient.
 */
const FIXED: ReadonlySet<number> = new Set([
  0x00080005, 0x00080016, 0x00080018, 0x0020000d, 0x0020000e, 0x00100010, 0x00100020, 0x00120062, 0x00120063,
  0x00120064, 0x00280301, 0x00280303,
]);
const isFixed = (tag: number): boolean =>
  FIXED.has(tag) || tag >>> 16 <= 0x0006 || tag >>> 16 >= 0x7fe0 || (tag & 0xffff) === 0;
const ENCAPSULATED_DOCUMENT = 0x00420011;
const WAVEFORM_ANNOTATION_SEQUENCE = 0x0040b020;
const TIMEZONE_OFFSET_FROM_UTC = 0x00080201;
const FREE_TEXT = new Set(['PN', 'LT', 'ST', 'UT', 'UR']);
/** What can be cleaned word by word: names and addresses are nothing else than what would go. */
export const PROSE: ReadonlySet<string> = new Set(['LO', 'LT', 'SH', 'ST', 'UC', 'UT']);
const TEMPORAL = new Set(['DA', 'DT', 'TM']);

export interface RulesSettings {
  /**
   * Attributes that neither the table nor PS3.6 names. Removed unless a policy says otherwise: nothing is
   * known of what they hold.
   */
  readonly unknownAttributes?: 'remove' | 'keep' | undefined;
  /** By exact tag, `ggggeeee` in lower-case hexadecimal. */
  readonly attributes?: Readonly<Record<string, 'keep' | 'remove' | 'empty' | 'replace'>> | undefined;
  /** Encapsulated documents. Quarantined unless a policy says otherwise. */
  readonly documents?: 'quarantine' | 'keep' | undefined;
  readonly waveformAnnotations?: 'quarantine' | 'clean' | undefined;
}

function decision(
  how: How,
  code: ActionCode,
  because: Because,
  mode: Mode = 'plain',
  otherwise: Decision | null = null,
): Decision {
  return { how, code, because, mode, otherwise };
}

const KEEP = decision('keep', 'K', 'not-needed');
const KEEP_ITEMS = decision('items', 'K', 'not-needed');
const REMOVE = decision('remove', 'X', 'profile');

/**
 * The action among the choices of a row. A dummy where D is among them, else an empty value: so no object
 * that was valid becomes invalid and no table of attribute types is needed (../shared/standards/README.md). A
 * value that was empty stays empty.
 */
function basicDecision(tag: number, vr: string, basic: BasicChoice): Decision {
  if (tag === 0x00100020) return decision('patient-id', 'D', 'pseudonym');
  if (tag === 0x00100010) return decision('patient-name', 'Z', 'pseudonym');
  if (basic === 'X' || REMOVED_CHOICES.has(tag)) return REMOVE;
  if (basic === 'Z' || basic === 'XZ') return decision('empty', 'Z', 'profile');
  // X/Z/U*: "replacement of contained instance UIDs"; prose beside them goes, the coded purpose of reference
  // stays.
  if (basic === 'XZU*') return decision('items', 'U', 'profile', 'structured');
  if (basic === 'U' || vr === 'UI') return decision('uid', 'U', 'profile');
  if (vr === 'SQ') return decision('items', 'D', 'profile', CONTENT_SEQUENCES.get(tag) ?? 'strict');
  return IDENTIFIERS.has(tag) ? decision('identifier', 'D', 'pseudonym') : decision('dummy', 'D', 'profile');
}

/**
 * PS3.15 E.1.1: "A requirement for an Option, when implemented, overrides any requirement for the underlying
 * Profile." C goes before K.
 */
function optionDecision(
  tag: number,
  vr: string,
  row: ProfileRow,
  letters: string,
  basic: Decision,
): Decision | null {
  const cleaned = (letter: string) => letters.includes(letter) && row.options.includes(letter.toUpperCase());
  // PS3.15 E.3.6: modified dates. Times of day stay; what is neither DA, DT nor TM cannot be shifted.
  if (cleaned('m') && TEMPORAL.has(vr))
    return decision(vr === 'TM' ? 'keep-temporal' : 'shift-date', 'C', 'option', 'plain', basic);
  // E.3.6: an offset from UTC is part of a time of day; it is no date, and tells less than the place does.
  if (tag === TIMEZONE_OFFSET_FROM_UTC && (cleaned('m') || letters.includes('f')))
    return decision('keep-temporal', cleaned('m') ? 'C' : 'K', 'option', 'plain', basic);
  // E.3.8: an application's title often names the site; cleaned it says that there was one.
  if (cleaned('d') && vr === 'AE') return decision('dummy', 'C', 'option');
  if (cleaned('s') || cleaned('g')) {
    const mode = CONTENT_SEQUENCES.get(tag) ?? 'structured';
    return vr === 'SQ' ? decision('items', 'C', 'option', mode === 'structured' ? 'cleaned' : mode) : null;
  }
  if (cleaned('t') || cleaned('p')) {
    if (PROSE.has(vr)) return decision('clean-text', 'C', 'option', 'plain', basic);
    if (vr === 'SQ') return decision('items', 'C', 'option', 'descriptors');
  }
  if (![...letters].some((letter) => row.options.includes(letter))) return null;
  if (TEMPORAL.has(vr)) return decision('keep-temporal', 'K', 'option', 'plain', basic);
  if (vr === 'UI') return decision('keep-uid', 'K', 'option', 'plain', basic);
  // "Keeping a Sequence requires recursively applying the profile rules to each Dataset in each Item"
  // (E.1.1): prose beside a reference goes then too.
  if (vr === 'SQ') return decision('items', 'K', 'option', row.basic === 'XZU*' ? 'structured' : 'plain');
  return decision(vr === 'AS' ? 'cap-age' : 'keep', 'K', 'option', 'plain', basic);
}

/**
 * Attributes without a row: kept if PS3.6 knows them and their VR cannot hold prose; dates and UIDs by their
 * VR (E.1.1 note 4).
 */
function unlistedDecision(
  tag: number,
  vr: string,
  letters: string,
  settings: RulesSettings,
  cleansAnnotations: boolean,
): Decision {
  if (!dictionaryEntry(tag) && settings.unknownAttributes !== 'keep')
    return decision('remove', 'X', 'unknown-attribute');
  if (EMPTIED_BESIDES.has(tag)) return decision('empty', 'Z', 'beside-the-table');
  if (IDENTIFIERS.has(tag)) return decision('identifier', 'D', 'pseudonym');
  if (tag === WAVEFORM_ANNOTATION_SEQUENCE && cleansAnnotations)
    return decision('items', 'C', 'beside-the-table', 'cleaned');
  const content = CONTENT_SEQUENCES.get(tag);
  if (vr === 'SQ')
    return content === undefined ? KEEP_ITEMS : decision('items', 'D', 'beside-the-table', content);
  if (TEMPORAL.has(vr)) {
    const dummy = decision('dummy', 'D', 'by-vr');
    if (letters.includes('m'))
      return decision(vr === 'TM' ? 'keep-temporal' : 'shift-date', 'C', 'by-vr', 'plain', dummy);
    return letters.includes('f') ? decision('keep-temporal', 'K', 'by-vr', 'plain', dummy) : dummy;
  }
  if (vr === 'UI' && !STRUCTURAL_UIDS.has(tag)) {
    const replaced = decision('uid', 'U', 'by-vr');
    return letters.includes('u') ? decision('keep-uid', 'K', 'by-vr', 'plain', replaced) : replaced;
  }
  if (!FREE_TEXT.has(vr) || TERMS.has(tag)) return KEEP;
  const dummy = decision('dummy', 'D', 'free-text');
  return letters.includes('t') && PROSE.has(vr)
    ? decision('clean-text', 'C', 'free-text', 'plain', dummy)
    : dummy;
}

/** What a policy asks for one attribute. */
function attributeDecision(vr: string, asked: 'keep' | 'remove' | 'empty' | 'replace'): Decision {
  switch (asked) {
    case 'keep':
      return decision(vr === 'SQ' ? 'items' : 'keep', 'K', 'policy');
    case 'remove':
      return decision('remove', 'X', 'policy');
    case 'empty':
      return decision('empty', 'Z', 'policy');
    case 'replace':
      if (vr === 'SQ') return decision('items', 'D', 'policy', 'strict');
      return vr === 'UI' ? decision('uid', 'U', 'policy') : decision('dummy', 'D', 'policy');
  }
}

/** Decisions that concern whole groups, before any row is looked up. */
function groupDecision(tag: number): Decision | null {
  // Group lengths (retired but for 0002) count bytes that change.
  if ((tag & 0xffff) === 0) return decision('remove', 'X', 'outdated');
  // Groups 0000 to 0006 belong to messages, files and directories; inside a Data Set they are misused (E.1.1
  // note 13).
  if (tag >>> 16 <= 0x0006) return REMOVE;
  if (isPrivate(tag)) return decision('remove', 'X', 'private');
  // (50xx,xxxx) and (60xx,3000), (60xx,4000) are X. An overlay plane without its data is not valid, so its
  // whole group goes.
  const family = tag >>> 24;
  if (family === 0x50) return REMOVE;
  if (family === 0x60) return decision('remove', 'X', 'overlay');
  return REMOVED_BESIDES.has(tag) ? decision('remove', 'X', 'beside-the-table') : null;
}

/**
 * The rules for a set of options (names as in `OPTIONS`; none: the plain Basic Profile). Both longitudinal
 * options together mean the modified dates: the one that tells less.
 */
export function createRules(options: readonly string[], settings: RulesSettings = {}): RulesOutcome {
  for (const option of options) {
    if (!Object.hasOwn(OPTIONS, option)) return { kind: 'refused', because: 'unknown-option', option };
    if (NOT_AVAILABLE.has(option as OptionName))
      return { kind: 'refused', because: 'option-not-available', option };
  }
  const attributes = new Map(
    Object.entries(settings.attributes ?? {}).map(([tag, asked]) => [Number.parseInt(tag, 16), asked]),
  );
  const fixed = [...attributes.keys()].find((tag) => isFixed(tag));
  if (fixed !== undefined)
    return { kind: 'refused', because: 'attribute-not-allowed', option: fixed.toString(16).padStart(8, '0') };
  const modified = options.includes('retain-longitudinal-modified-dates');
  const chosen = (Object.keys(OPTIONS) as OptionName[]).filter(
    (name) => options.includes(name) && !(modified && name === 'retain-longitudinal-full-dates'),
  );
  const letters = chosen.map((name) => OPTIONS[name].letter).join('');
  const rows = profileRows();
  const known = new Map<number, Decision>();

  const cleansAnnotations = settings.waveformAnnotations === 'clean' || /[ts]/.test(letters);
  const find = (tag: number, vr: string): Decision => {
    const asked = attributes.get(tag);
    if (asked !== undefined) return attributeDecision(vr, asked);
    if (tag === ENCAPSULATED_DOCUMENT && settings.documents === 'keep')
      return decision('keep', 'K', 'policy');
    const whole = groupDecision(tag);
    if (whole) return whole;
    const row = rows.get(tag);
    if (!row) return unlistedDecision(tag, vr, letters, settings, cleansAnnotations);
    const basic = basicDecision(tag, vr, row.basic);
    return optionDecision(tag, vr, row, letters, basic) ?? basic;
  };

  const rules: DeidRules = {
    options: chosen,
    retainsPatientCharacteristics: letters.includes('p'),
    retainsSafePrivate: letters.includes('v'),
    cleansGraphics: letters.includes('g'),
    cleansText: /[tpsg]/.test(letters) || cleansAnnotations,
    keepsDocuments: settings.documents === 'keep',
    cleansWaveformAnnotations: cleansAnnotations,
    dates: modified ? 'modified' : letters.includes('f') ? 'full' : 'removed',
    decide(tag, vr) {
      // Attributes that nothing knows are not remembered: a hostile file could name any number of them.
      if (!rows.has(tag) && !dictionaryEntry(tag)) return find(tag, vr);
      const key = tag * 0x10000 + vr.charCodeAt(0) * 0x100 + vr.charCodeAt(1);
      let decided = known.get(key);
      if (!decided) known.set(key, (decided = find(tag, vr)));
      return decided;
    },
  };
  return { kind: 'ready', rules };
}
