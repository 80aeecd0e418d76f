/**
 * Oddities of an instance that endanger nobody: a PACS stores it. The one table by which the device, the command
 * line and the gateway judge it: the policy decides whether it is sent with a warning, or held for a person. An
 * instance that cannot be parsed, is hostile or has no identity never gets here: reading it refuses it.
 */
import type { ReasonCode, WarningCode } from './reasons.ts';

/** A code that is a warning as well as a reason why a person must decide. */
type Code = ReasonCode & WarningCode;

/** How a policy treats instances: by its `deidentify` and `strict`. */
type Treatment = 'unchanged' | 'strict' | 'deidentified';
type Answer = 'warning' | 'held';
type Answers = Readonly<Record<Treatment, Answer>>;

/**
 * Where names are removed too: whoever reads the result has no original to compare it with, and whatever could be
 * hidden in an odd part is seen by a person first.
 */
const SENT_UNCHANGED: Answers = { unchanged: 'warning', strict: 'held', deidentified: 'held' };

/** The odd part is removed with the names, so nobody has to look. */
const REMOVED_WITH_NAMES: Answers = { ...SENT_UNCHANGED, deidentified: 'warning' };

const ANSWERS = {
  /** An image without Pixel Data, or without a fragment in it. */
  'pixel-data-missing': SENT_UNCHANGED,
  /** Fewer or more bytes, or fewer fragments, than rows, columns and frames need. */
  'pixel-data-length': SENT_UNCHANGED,
  /** Fragments that no decoder here reads. */
  'pixel-data-not-decodable': SENT_UNCHANGED,
  /** A leading zero, hexadecimal digits, or 65 to 80 characters. */
  'uid-form': SENT_UNCHANGED,
  'odd-length': SENT_UNCHANGED,
  /** A private one, by whose header alone its encoding is known. */
  'transfer-syntax-unknown': SENT_UNCHANGED,
  /** File Meta Information twice, one behind the other. */
  'file-meta-twice': REMOVED_WITH_NAMES,
  /** A UN that should hold items, and holds something else. */
  'sequence-unreadable': REMOVED_WITH_NAMES,
} as const satisfies Partial<Record<Code, Answers>>;

export type Irregularity = keyof typeof ANSWERS;
export const IRREGULARITIES = Object.keys(ANSWERS) as readonly Irregularity[];

export function isIrregularity(code: string | null): code is Irregularity {
  return (IRREGULARITIES as readonly (string | null)[]).includes(code);
}

/** The irregularities among the warnings about an instance, in the order of the table. */
export function irregularitiesIn(warnings: readonly string[]): readonly Irregularity[] {
  return IRREGULARITIES.filter((each) => warnings.includes(each));
}

export function treatmentOf(policy: {
  readonly deidentify: boolean;
  readonly strict?: boolean | undefined;
}): Treatment {
  if (policy.deidentify) return 'deidentified';
  return policy.strict === true ? 'strict' : 'unchanged';
}

/** The irregularities in `found` for which an instance is held; empty: it is sent, with a warning. */
export function heldFor(found: readonly string[], treatment: Treatment): readonly Irregularity[] {
  return irregularitiesIn(found).filter((each) => ANSWERS[each][treatment] === 'held');
}
