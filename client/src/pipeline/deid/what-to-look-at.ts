/** Decides what a person must have seen of an instance that is held back, and which statement releases it. */
import { isHeldForPixels } from '#shared/protocol/reason-kinds.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import type { FoundFile } from '../ingest/group-studies.ts';
import type { ComparisonStore } from './comparison.store.ts';
import { deidWords } from './deid-words.ts';

/** Its pages are drawn nowhere in this app: a person reads them in another program. */
export const isDocument = ({ held }: Pick<FoundFile, 'held'>): boolean => held.includes('document');

/** `reasons`: under the policy in force. */
export function needsPicture(reasons: readonly ReasonCode[], found: Pick<FoundFile, 'held'>): boolean {
  return reasons.some(isHeldForPixels) && !isDocument(found);
}

/** The texts stand next to the choice; a picture has to be drawn first. */
export function wasSeen(
  { looked }: Pick<ComparisonStore, 'looked'>,
  reasons: readonly ReasonCode[],
  found: FoundFile,
): boolean {
  return !needsPicture(reasons, found) || looked.value.has(found.ordinal);
}

export function statementFor(reasons: readonly ReasonCode[], found: FoundFile): string {
  const { look, lookFrames, read, lookAndRead, readDocument, odd } = deidWords.held;
  if (isDocument(found)) return readDocument;
  if (found.naming.length > 0) return reasons.some(isHeldForPixels) ? lookAndRead : read;
  if (!reasons.some(isHeldForPixels)) return odd;
  return found.frames > 1 ? lookFrames(found.frames) : look;
}
