/**
 * Decides what happens to an attribute, given its tag and the policy: the Basic Profile of PS3.15 Annex E with its
 * options.
 *
 * Rules do not look at values; `decide-in-place.ts` checks later whether a date is a date or a UID is ours. Options
 * that are not implemented yet are refused by name, so that no option is accepted and then ignored. Where an option
 * asks to clean (C) a value that only a person could clean, the profile's own action applies, which never keeps more.
 */
import { dictionaryEntry, isPrivate } from '../dicom/dictionary.ts';
import { CONTENT_SEQUENCES, IDENTIFIERS, STRUCTURAL_UIDS, TERMS } from './attribute-lists.ts';
import { decision, orElse, type Because, type Decision } from './decision.ts';
import { exceptionsOf, type Exceptions, type UndeclaredText } from './hold-causes.ts';
import type { PatientDomain } from './patient-key.ts';
import { decidingRows, OPTIONS } from './profile.ts';
import type { OptionName, ProfileRow } from './profile.ts';

export interface DeidRules extends Exceptions {
  readonly options: readonly OptionName[];
  readonly retainsPatientCharacteristics: boolean;
  readonly retainsSafePrivate: boolean;
  readonly cleansGraphics: boolean;
  /** Some option keeps prose, which is then cleaned. */
  readonly cleansText: boolean;
  readonly dates: 'removed' | 'modified' | 'full';
  readonly patientDomain: PatientDomain;
  /** `vr`: the dictionary's VR if it knows the tag, otherwise the file's. */
  readonly decide: (tag: number, vr: string) => Decision;
}

type RulesOutcome =
  | { readonly kind: 'ready'; readonly rules: DeidRules }
  /** `option`: the option's name, or the tag of an attribute that no rule may change. */
  | {
      readonly kind: 'refused';
      readonly because: 'unknown-option' | 'option-not-available' | 'attribute-not-allowed';
      readonly option: string;
    };

/**
 * Not implemented yet, because they require changing pixels. Accepting one would put a false statement in the file.
 */
const NOT_AVAILABLE: ReadonlySet<OptionName> = new Set([
  'clean-pixel-data',
  'clean-recognizable-visual-features',
]);

/**
 * Attributes that identify, decode or mark an instance, such as Specific Character Set and the identifiers of instance
 * and patient. No rule for a single attribute may change them.
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
/**
 * Signed bytes, which name the signer and hold a digest of the original. It is not possible to keep only their date.
 */
const CERTIFIED_TIMESTAMP = 0x04000310;
const FREE_TEXT = new Set(['PN', 'LT', 'ST', 'UT', 'UR']);
/**
 * VRs that can be cleaned word by word. PN and UR are not among them, because cleaning a name or an address would
 * leave nothing.
 */
export const PROSE: ReadonlySet<string> = new Set(['LO', 'LT', 'SH', 'ST', 'UC', 'UT']);
const TEMPORAL = new Set(['DA', 'DT', 'TM']);

type AttributeRule = 'keep' | 'remove' | 'empty' | 'replace';

export interface RulesSettings {
  /**
   * Attributes that neither the table nor PS3.6 names. They are removed unless a policy says otherwise, because their
   * content is unknown.
   */
  readonly unknownAttributes?: 'remove' | 'keep' | undefined;
  /** By exact tag, `ggggeeee` in lower-case hexadecimal. */
  readonly attributes?: Readonly<Record<string, AttributeRule>> | undefined;
  /** Encapsulated documents. Quarantined unless a policy says otherwise. */
  readonly documents?: 'quarantine' | 'keep' | undefined;
  readonly waveformAnnotations?: 'quarantine' | 'clean' | undefined;
  /** Held for a person unless a policy says otherwise. */
  readonly undeclaredText?: UndeclaredText | undefined;
  /** `id` unless a policy says otherwise. */
  readonly patientDomain?: PatientDomain | undefined;
}

/** The settings of a policy (protocol/policy.ts). */
export function settingsOf(policy: {
  readonly rules?: Omit<RulesSettings, 'patientDomain'> | undefined;
  readonly patientDomain?: PatientDomain | undefined;
}): RulesSettings {
  return { ...policy.rules, patientDomain: policy.patientDomain };
}

const KEEP = decision('keep', 'K', 'not-needed');
const KEEP_ITEMS = decision('items', 'K', 'not-needed');
const REMOVE = decision('remove', 'X', 'profile');

/**
 * Rows of our own table that clean prose count as free text, so that a content tree around them treats them like other
 * prose.
 */
const becauseOfOurs = ({ options }: ProfileRow): Because =>
  options.includes('T') ? 'free-text' : 'beside-the-table';

/**
 * Chooses among the actions of a row: a dummy if D is one of them, otherwise an empty value. So no valid object
 * becomes invalid, and no table of attribute types is needed. An empty value stays empty.
 */
function basicDecision(tag: number, vr: string, row: ProfileRow): Decision {
  const { basic } = row;
  const because = row.isListed ? 'profile' : becauseOfOurs(row);
  if (tag === 0x00100020) return decision('patient-id', 'D', 'pseudonym');
  if (tag === 0x00100010) return decision('patient-name', 'Z', 'pseudonym');
  if (basic === 'X') return decision('remove', 'X', because);
  if (basic === 'Z' || basic === 'XZ') return decision('empty', 'Z', because);
  // X/Z/U*: "replacement of contained instance UIDs"; prose next to the references is removed, the coded purpose of
  // reference stays.
  if (basic === 'XZU*') return decision('items', 'U', because, 'structured');
  if (basic === 'U' || vr === 'UI') return decision('uid', 'U', because);
  if (vr === 'SQ') return decision('items', 'D', because, CONTENT_SEQUENCES.get(tag) ?? 'strict');
  return IDENTIFIERS.has(tag) ? decision('identifier', 'D', 'pseudonym') : decision('dummy', 'D', because);
}

/**
 * PS3.15 E.1.1: "A requirement for an Option, when implemented, overrides any requirement for the underlying Profile."
 * C takes precedence over K.
 */
function optionDecision(tag: number, vr: string, row: ProfileRow, letters: string): Decision | null {
  const basic = basicDecision(tag, vr, row);
  const because = row.isListed ? 'option' : becauseOfOurs(row);
  const cleaned = (letter: string) => letters.includes(letter) && row.options.includes(letter.toUpperCase());
  // PS3.15 E.3.6: modified dates. Times of day stay; only DA, DT and TM can be shifted.
  if (cleaned('m') && TEMPORAL.has(vr))
    return orElse(decision(vr === 'TM' ? 'keep-temporal' : 'shift-date', 'C', because), basic);
  // E.3.6: an offset from UTC is part of a time of day; it is not a date, and reveals less than a place.
  if (tag === TIMEZONE_OFFSET_FROM_UTC && (cleaned('m') || letters.includes('f')))
    return orElse(decision('keep-temporal', cleaned('m') ? 'C' : 'K', because), basic);
  // E.3.8: an AE title often names the site. The dummy shows that there was a title.
  if (cleaned('d') && vr === 'AE') return decision('dummy', 'C', because);
  if (cleaned('s') || cleaned('g')) {
    const mode = CONTENT_SEQUENCES.get(tag) ?? 'structured';
    return vr === 'SQ' ? decision('items', 'C', because, mode === 'structured' ? 'cleaned' : mode) : null;
  }
  if (cleaned('t') || cleaned('p')) {
    if (PROSE.has(vr)) return orElse(decision('clean-text', 'C', because), basic);
    if (vr === 'SQ') return decision('items', 'C', because, 'descriptors');
  }
  const isRetained = [...letters].some((letter) => row.options.includes(letter));
  if (!isRetained || tag === CERTIFIED_TIMESTAMP) return null;
  if (TEMPORAL.has(vr)) return orElse(decision('keep-temporal', 'K', because), basic);
  if (vr === 'UI') return orElse(decision('keep-uid', 'K', because), basic);
  // "Keeping a Sequence requires recursively applying the profile rules to each Dataset in each Item" (E.1.1), so
  // prose next to a reference is removed too.
  if (vr === 'SQ') return decision('items', 'K', because, row.basic === 'XZU*' ? 'structured' : 'plain');
  return orElse(decision(vr === 'AS' ? 'cap-age' : 'keep', 'K', because), basic);
}

/**
 * Attributes without a row in either table are kept if PS3.6 knows them and their VR cannot hold prose. Dates and UIDs
 * are treated by their VR (E.1.1 note 4).
 */
function unlistedDecision(tag: number, vr: string, { letters, settings, exceptions }: Asked): Decision {
  if (!dictionaryEntry(tag) && settings.unknownAttributes !== 'keep')
    return decision('remove', 'X', 'unknown-attribute');
  if (tag === WAVEFORM_ANNOTATION_SEQUENCE && exceptions.cleansWaveformAnnotations)
    return decision('items', 'C', 'beside-the-table', 'cleaned');
  const content = CONTENT_SEQUENCES.get(tag);
  if (vr === 'SQ')
    return content === undefined ? KEEP_ITEMS : decision('items', 'D', 'beside-the-table', content);
  if (TEMPORAL.has(vr)) {
    const dummy = decision('dummy', 'D', 'by-vr');
    if (letters.includes('m'))
      return orElse(decision(vr === 'TM' ? 'keep-temporal' : 'shift-date', 'C', 'by-vr'), dummy);
    return letters.includes('f') ? orElse(decision('keep-temporal', 'K', 'by-vr'), dummy) : dummy;
  }
  if (vr === 'UI' && (letters.includes('u') || !STRUCTURAL_UIDS.has(tag))) {
    const replaced = decision('uid', 'U', 'by-vr');
    return letters.includes('u') ? orElse(decision('keep-uid', 'K', 'by-vr'), replaced) : replaced;
  }
  if (!FREE_TEXT.has(vr) || TERMS.has(tag)) return KEEP;
  const dummy = decision('dummy', 'D', 'free-text');
  return letters.includes('t') && PROSE.has(vr)
    ? orElse(decision('clean-text', 'C', 'free-text'), dummy)
    : dummy;
}

/** The rule that a policy states for one attribute. */
function attributeDecision(vr: string, asked: AttributeRule): Decision {
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

/** Decisions about whole groups, which come before any row. */
function groupDecision(tag: number): Decision | null {
  // Group lengths (retired except in group 0002) count bytes, which change.
  if ((tag & 0xffff) === 0) return decision('remove', 'X', 'outdated');
  // Groups 0000 to 0006 belong to messages, files and directories; inside a Data Set they are misused (E.1.1
  // note 13).
  if (tag >>> 16 <= 0x0006) return REMOVE;
  if (isPrivate(tag)) return decision('remove', 'X', 'private');
  // The table has X for (50xx,xxxx), (60xx,3000) and (60xx,4000). An overlay plane without its data is not valid, so
  // its whole group is removed.
  const family = tag >>> 24;
  if (family === 0x50) return REMOVE;
  return family === 0x60 ? decision('remove', 'X', 'overlay') : null;
}

/**
 * The rules for a set of options (names as in `OPTIONS`; none: the plain Basic Profile). If both longitudinal options
 * are chosen, modified dates apply, because they reveal less.
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
  const exceptions = exceptionsOf(chosen, settings);
  const rules: DeidRules = {
    options: chosen,
    retainsPatientCharacteristics: letters.includes('p'),
    retainsSafePrivate: letters.includes('v'),
    cleansGraphics: letters.includes('g'),
    cleansText: /[tpsg]/.test(letters) || exceptions.cleansWaveformAnnotations,
    ...exceptions,
    dates: modified ? 'modified' : letters.includes('f') ? 'full' : 'removed',
    patientDomain: settings.patientDomain ?? 'id',
    decide: remembered({ letters, settings, exceptions, attributes, rows: decidingRows() }),
  };
  return { kind: 'ready', rules };
}

type Asked = {
  /** The letters of the chosen options. */
  readonly letters: string;
  readonly settings: RulesSettings;
  readonly exceptions: Exceptions;
  readonly attributes: ReadonlyMap<number, AttributeRule>;
  readonly rows: ReadonlyMap<number, ProfileRow>;
};

/**
 * Finds the decision in this order of precedence: a rule for this attribute, a rule for its group, its row, its VR.
 */
function findDecision(tag: number, vr: string, asked: Asked): Decision {
  const { letters, exceptions, attributes, rows } = asked;
  const rule = attributes.get(tag);
  if (rule !== undefined) return attributeDecision(vr, rule);
  if (tag === ENCAPSULATED_DOCUMENT && exceptions.keepsDocuments) return decision('keep', 'K', 'policy');
  const whole = groupDecision(tag);
  if (whole) return whole;
  const row = rows.get(tag);
  if (!row) return unlistedDecision(tag, vr, asked);
  return optionDecision(tag, vr, row, letters) ?? basicDecision(tag, vr, row);
}

/**
 * Caches decisions, but not for attributes that neither table nor dictionary knows: a hostile file could name any
 * number of them.
 */
function remembered(asked: Asked): DeidRules['decide'] {
  const known = new Map<number, { readonly vr: string; readonly decided: Decision }>();
  return (tag, vr) => {
    // Nearly all attributes occur with one VR only.
    const before = known.get(tag);
    if (before?.vr === vr) return before.decided;
    const decided = findDecision(tag, vr, asked);
    if (asked.rows.has(tag) || dictionaryEntry(tag)) known.set(tag, { vr, decided });
    return decided;
  };
}
