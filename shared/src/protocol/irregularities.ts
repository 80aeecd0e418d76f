/**
 * Oddities of an instance that are harmless, and that a PACS would store. The device, the command line and the gateway
 * all judge by this table; the policy decides whether an odd instance is sent with a warning or held for a person. An
 * instance that cannot be parsed, is hostile or has no identity is not judged here: reading it already refuses it.
 */
import type { ReasonCode, WarningCode } from './reasons.ts';

/** A code that is both a warning and a reason why a person must decide. */
type Code = ReasonCode & WarningCode;

/** How a policy treats instances, according to its `deidentify` and `strict`. */
type Treatment = 'unchanged' | 'strict' | 'deidentified';
type Answer = 'warning' | 'held';
type Answers = Readonly<Record<Treatment, Answer>>;

/**
 * Held under policies that remove names, too: a reader of the result has no original to compare it with, so a person
 * first checks what the odd part could hide.
 */
const SENT_UNCHANGED: Answers = { unchanged: 'warning', strict: 'held', deidentified: 'held' };

/** Removing names also removes the odd part, so nobody has to check it. */
const REMOVED_WITH_NAMES: Answers = { ...SENT_UNCHANGED, deidentified: 'warning' };

const ANSWERS = {
  /** An image without Pixel Data, or without a fragment in it. */
  'pixel-data-missing': SENT_UNCHANGED,
  /** Pixel Data with fewer or more bytes, or fewer fragments, than rows, columns and frames need. */
  'pixel-data-length': SENT_UNCHANGED,
  /** Compressed Pixel Data that none of our decoders reads. */
  'pixel-data-not-decodable': SENT_UNCHANGED,
  /** A UID with a leading zero, hexadecimal digits, or 65 to 80 characters. */
  'uid-form': SENT_UNCHANGED,
  'odd-length': SENT_UNCHANGED,
  /** A private transfer syntax. Its encoding is known only from the header. */
  'transfer-syntax-unknown': SENT_UNCHANGED,
  /** File Meta Information twice in a row. */
  'file-meta-twice': REMOVED_WITH_NAMES,
  /** An element of VR UN that should hold items, but holds something else. */
  'sequence-unreadable': REMOVED_WITH_NAMES,
} as const satisfies Partial<Record<Code, Answers>>;

export type Irregularity = keyof typeof ANSWERS;
export const IRREGULARITIES = Object.keys(ANSWERS) as readonly Irregularity[];

export function isIrregularity(code: string | null): code is Irregularity {
  return (IRREGULARITIES as readonly (string | null)[]).includes(code);
}

/** The irregularities among an instance's warnings, in the order of the table. */
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

/** The irregularities in `found` for which an instance is held. Empty: it is sent, with a warning. */
export function heldFor(found: readonly string[], treatment: Treatment): readonly Irregularity[] {
  return irregularitiesIn(found).filter((each) => ANSWERS[each][treatment] === 'held');
}
