/**
 * The sentences about an instance or a file that did not end as `stored`. Some twenty structural faults share one
 * sentence; `precise` then names the fault, for the details.
 */
import { isDamaged } from '#shared/protocol/reason-kinds.ts';
import { REASONS, type ReasonCode } from '#shared/protocol/reasons.ts';
import { kitWords } from './kit-words.ts';

type ReasonSentences = {
  /** Says what happened. */
  readonly title: string;
  /** Says what to do next. */
  readonly next: string;
  readonly precise: string | null;
};

/** Sentences about instances that the first destination has, but a further, required one did not take. */
export function sentencesAt(code: string, destination: string): Pick<ReasonSentences, 'title' | 'next'> {
  const { elsewhere } = kitWords;
  if (code === 'conflicting-instance') return elsewhere.conflict(destination);
  const said = sentencesOfReason(code);
  return { title: elsewhere.title(destination, said?.title ?? ''), next: said?.next ?? '' };
}

/** Null for an unknown code, which a newer gateway may send. */
export function sentencesOfReason(code: ReasonCode): ReasonSentences;
export function sentencesOfReason(code: string): ReasonSentences | null;
export function sentencesOfReason(code: string): ReasonSentences | null {
  if (!(code in REASONS)) return null;
  const { title, next } = REASONS[code as ReasonCode];
  return isDamaged(code) ? { ...kitWords.damaged, precise: title } : { title, next, precise: null };
}
