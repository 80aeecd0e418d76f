/**
 * Everything in an instance that no rule for attributes makes safe, and the reason why it is held under a policy that
 * excepts some of it. The device and the gateway judge by this one table, and a page by the causes alone, whichever
 * policy is chosen after the file was read.
 */
import { heldFor, type Irregularity } from '../protocol/irregularities.ts';
import type { ReasonCode } from '../protocol/reasons.ts';
import type { OptionName } from './profile.ts';

/**
 * `document`: encapsulated, or of a kind that is opaque as a whole; `document-in-image`: one where nobody looks for it,
 * so that a policy that keeps documents does not mean it; `unclearable-pixels`: video and other codings that
 * nothing here can look through; `unclear-codestream`: coded pixels in which something may be hidden, so that it can
 * be sent only once boxes cover it, which writes them again; `written-annotation`: a note next to a curve; `burned-in`,
 * `undeclared-text`: the image says that text is burned in, or does not say (`undeclared-text.ts`). The others are
 * oddities of its form, which policies that keep names may hold too (protocol/irregularities.ts).
 */
export type HoldCause =
  | Irregularity
  | 'document'
  | 'document-in-image'
  | 'unclearable-pixels'
  | 'unclear-codestream'
  | 'written-annotation'
  | 'burned-in'
  | 'undeclared-text';

/** `warn` sends the images and tells the person who sends them; the rules are the same as for `send`. */
export type UndeclaredText = 'hold' | 'warn' | 'send';

/** The exceptions that a policy makes. */
export interface Exceptions {
  /** The policy keeps encapsulated documents. */
  readonly keepsDocuments: boolean;
  readonly cleansWaveformAnnotations: boolean;
  /** Images that often have names in their pixels and do not say. */
  readonly undeclaredText: UndeclaredText;
}

/** First what nobody can release: looking at the pixels does not help those. */
const CAUSES: readonly {
  cause: HoldCause;
  reason: ReasonCode;
  passes: (made: Exceptions, causes: readonly HoldCause[]) => boolean;
}[] = [
  { cause: 'document', reason: 'cannot-be-deidentified', passes: (made) => made.keepsDocuments },
  { cause: 'document-in-image', reason: 'cannot-be-deidentified', passes: () => false },
  { cause: 'unclearable-pixels', reason: 'pixel-data-not-clearable', passes: () => false },
  {
    cause: 'written-annotation',
    reason: 'cannot-be-deidentified',
    passes: (made) => made.cleansWaveformAnnotations,
  },
  { cause: 'burned-in', reason: 'burned-in-annotation', passes: () => false },
  {
    cause: 'undeclared-text',
    reason: 'undeclared-text',
    // An image that cannot be sent as it is stays a question to a person, who may cover it.
    passes: (made, causes) => made.undeclaredText !== 'hold' && isClearAsItIs(causes),
  },
  // Behind those that a person can answer by covering the image.
  { cause: 'unclear-codestream', reason: 'pixel-data-not-clearable', passes: () => false },
];

/** The reason why a person must decide about what it may name, oddities aside; null: there is none. */
export function reasonToHold(causes: readonly HoldCause[], made: Exceptions): ReasonCode | null {
  return CAUSES.find(({ cause, passes }) => causes.includes(cause) && !passes(made, causes))?.reason ?? null;
}

/** All reasons why a person must decide where names are removed. */
export function reasonsToHold(causes: readonly HoldCause[], made: Exceptions): readonly ReasonCode[] {
  const reason = reasonToHold(causes, made);
  return [...(reason === null ? [] : [reason]), ...heldFor(causes, 'deidentified')];
}

/** A person can release it as it is; otherwise only with boxes over it. */
export const isClearAsItIs = (causes: readonly HoldCause[]): boolean =>
  !causes.includes('unclear-codestream');

/** A person who looks at the pixels, or reads the document, can answer it. */
export function isForPixels(causes: readonly HoldCause[]): boolean {
  return causes.includes('burned-in') || causes.includes('undeclared-text');
}

/** Options that clean the prose next to a curve. */
const CLEANS_PROSE: readonly OptionName[] = ['clean-descriptors', 'clean-structured-content'];

/** The settings of a policy (protocol/policy.ts); what it does not say is held. */
interface Settings {
  readonly documents?: 'quarantine' | 'keep' | undefined;
  readonly waveformAnnotations?: 'quarantine' | 'clean' | undefined;
  readonly undeclaredText?: UndeclaredText | undefined;
}

export function exceptionsOf(options: readonly string[], settings: Settings = {}): Exceptions {
  const { documents, waveformAnnotations, undeclaredText = 'hold' } = settings;
  return {
    keepsDocuments: documents === 'keep',
    cleansWaveformAnnotations:
      waveformAnnotations === 'clean' || CLEANS_PROSE.some((option) => options.includes(option)),
    undeclaredText,
  };
}
