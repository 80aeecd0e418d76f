/** The instances that are not in a set, each number with its reason. */
import type { LeftOut } from '#shared/protocol/exports.ts';
import { REASONS, type ReasonCode } from '#shared/protocol/reasons.ts';
import { exportWords as words } from './export-words.ts';

/** Null: none. */
export function describeLeftOut(leftOut: LeftOut): string | null {
  if (leftOut.length === 0) return null;
  return words.leftOut(leftOut.map(({ because, count }) => words.left(count, sentenceOf(because))));
}

function sentenceOf(because: string): string {
  if (because === 'read-blinded') return words.blinded;
  return Object.hasOwn(REASONS, because) ? REASONS[because as ReasonCode].title : words.gone;
}
