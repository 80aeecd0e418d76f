/** A decision about one attribute: the change to its value, the action code, and the reason. */

/** The action codes of Table E.1-1a. `added`: the attribute was not in the original. */
export type ActionCode = 'X' | 'Z' | 'D' | 'K' | 'C' | 'U' | 'added';

/** Why the decision was made: the part of the policy that decided. */
export type Because =
  | 'profile' // Table E.1-1, Basic Profile
  | 'option' // Table E.1-1, a column of an option
  | 'policy' // a rule that an administrator made for this attribute
  | 'pseudonym' // a keyed pseudonym where the table asks for an empty value or a dummy
  | 'private' // a private attribute, or one in a private group
  | 'safe-private'
  | 'overlay' // belongs to an overlay or curve whose data the profile removes
  | 'unknown-attribute' // neither in the table nor in PS3.6
  | 'free-text' // not in the table, but its VR or encoding can hold prose, a name or an address
  | 'by-vr' // not in the table, but its VR is a date's, or it holds the UID of an instance
  | 'beside-the-table' // our second table (scripts/tables/naming-attributes.tsv)
  | 'inside-sequence' // inside a sequence whose whole content is to be replaced
  | 'malformed' // the value to be retained is not a value of its VR
  | 'outdated' // describes the original's bytes only (group lengths)
  | 'marker' // PS3.15 E.1.1: states that, and how, the instance was de-identified
  | 'released' // a person looked at the pixels, or the text, and found that nothing in them names anybody
  | 'covered' // a person covered names in the pixels with boxes, which are now blank
  | 'known-value' // would be kept, but holds a name, number, place or day of this header, or a name behind a cue
  | 'unseen-bytes' // bits and bytes of bulk data that no image shows
  | 'not-needed'; // kept without a rule: it tells nothing about a person

/** The treatment of the value. */
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
  | 'keep-temporal' // kept if it is a valid date or time
  | 'keep-uid' // kept if it is a valid UID
  | 'cap-age' // kept below 90 years
  | 'zero' // zero bytes of the same length
  | 'leading-number' // only the number at the start of the value
  | 'clean-text' // prose: identifying words are removed, the rest of the sentence stays
  | 'literal' // the value is in the plan
  | 'items'; // a sequence: these rules apply to each item

/**
 * How strictly the content of a sequence is treated. `plain`: as outside a sequence. `cleaned`: like `structured`, but
 * prose is cleaned instead of replaced. `descriptors`: codes are cleaned too.
 */
export type Mode = 'plain' | 'structured' | 'cleaned' | 'descriptors' | 'graphics' | 'strict';

export interface Decision {
  readonly how: How;
  readonly code: ActionCode;
  readonly because: Because;
  /** For `items`: the mode inside. */
  readonly mode: Mode;
  /** The decision for a value that is not of the kind `how` expects. */
  readonly otherwise: Decision | null;
}

export function decision(how: How, code: ActionCode, because: Because, mode: Mode = 'plain'): Decision {
  return { how, code, because, mode, otherwise: null };
}

/** The same decision, with an alternative for unexpected values. */
export function orElse(first: Decision, otherwise: Decision): Decision {
  return { ...first, otherwise };
}
