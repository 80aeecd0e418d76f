/**
 * The causes for holding an instance: content that no rule for attributes makes safe. Also the reason that applies
 * under a policy that makes exceptions. The device and the gateway both judge by this table; a page needs only the
 * causes, whichever policy is chosen after the file was read.
 */
import { heldFor, type Irregularity } from '../protocol/irregularities.ts';
import type { ReasonCode } from '../protocol/reasons.ts';
import type { OptionName } from './profile.ts';

/**
 * `document`: an encapsulated document, or a SOP Class that is opaque as a whole. `document-in-image`: a document
 * inside an image, where nobody looks for it, so that a policy that keeps documents does not cover it.
 * `unclearable-pixels`: video and other codings that cannot be searched here. `unclear-codestream`: coded pixels that
 * may hide something, so they can be sent only after boxes cover them, which re-encodes them. `written-annotation`: a
 * note next to a curve. `burned-in`: the image says that text is burned in. `undeclared-text`: the image does not say
 * whether text is burned in (`undeclared-text.ts`). The others are oddities of form, for which policies that keep
 * names may also hold an instance (protocol/irregularities.ts).
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

/** `warn` sends the images and tells the sender. The rules are the same as for `send`. */
export type UndeclaredText = 'hold' | 'warn' | 'send';

/** The exceptions that a policy makes. */
export interface Exceptions {
  /** The policy keeps encapsulated documents. */
  readonly keepsDocuments: boolean;
  readonly cleansWaveformAnnotations: boolean;
  /** What happens to images of kinds that often have names in their pixels and do not declare it. */
  readonly undeclaredText: UndeclaredText;
}

/** The first causes are those that nobody can release: looking at the pixels does not help. */
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
    // An image that cannot be sent as it is remains a question for a person, who may cover it.
    passes: (made, causes) => made.undeclaredText !== 'hold' && isClearAsItIs(causes),
  },
  // Placed after the causes that a person can resolve by covering the image.
  { cause: 'unclear-codestream', reason: 'pixel-data-not-clearable', passes: () => false },
];

/**
 * The reason why a person must decide about names that the instance may hold; oddities are not considered. Null: no
 * reason.
 */
export function reasonToHold(causes: readonly HoldCause[], made: Exceptions): ReasonCode | null {
  return CAUSES.find(({ cause, passes }) => causes.includes(cause) && !passes(made, causes))?.reason ?? null;
}

/** All reasons, oddities included, why a person must decide under a policy that removes names. */
export function reasonsToHold(causes: readonly HoldCause[], made: Exceptions): readonly ReasonCode[] {
  const reason = reasonToHold(causes, made);
  return [...(reason === null ? [] : [reason]), ...heldFor(causes, 'deidentified')];
}

/** Whether a person can release it as it is. Otherwise it can only be released with boxes over it. */
export const isClearAsItIs = (causes: readonly HoldCause[]): boolean =>
  !causes.includes('unclear-codestream');

/** Whether a person can resolve it by looking at the pixels or reading the document. */
export function isForPixels(causes: readonly HoldCause[]): boolean {
  return causes.includes('burned-in') || causes.includes('undeclared-text');
}

/** Options that clean the annotations next to a curve. */
const CLEANS_PROSE: readonly OptionName[] = ['clean-descriptors', 'clean-structured-content'];

/** The settings of a policy (protocol/policy.ts). Whatever they leave out is held. */
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
