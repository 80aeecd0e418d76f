/** Decides what a person must have seen of a held-back instance, and which statement releases it. */
import { isHeldForPixels } from '#shared/protocol/reason-kinds.ts';
import type { Box } from '#shared/dicom/boxes.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import type { Policy } from '#shared/protocol/api.ts';
import type { FoundFile, SeenFile } from '../ingest/found/group-studies.ts';
import type { IngestStore } from '../ingest/found/found-study.ts';
import { decidedAs, isReleasable, reasonsUnder, staysHere } from '../ingest/found/held-back.ts';
import { deidWords } from './deid-words.ts';
import { areAllShown, framesOf, type Looked } from './looked-frames.ts';

/** A document's pages are not drawn anywhere in this app, so a person reads them in another program. */
export const isDocument = ({ held }: Pick<FoundFile, 'held'>): boolean => held.includes('document');

/** `reasons`: the reasons under the policy in force. */
function needsPicture(reasons: readonly ReasonCode[], found: Pick<FoundFile, 'held'>): boolean {
  return reasons.some(isHeldForPixels) && !isDocument(found);
}

/**
 * The instances about which a person can make a statement now. Texts are shown next to the choice; of pictures, every
 * frame has to be on the screen first.
 */
export function seenOf(
  { looked }: Pick<Looked, 'looked'>,
  policy: Policy | null,
  files: readonly FoundFile[],
): readonly SeenFile[] {
  return files.filter(
    (found): found is SeenFile =>
      !needsPicture(reasonsUnder(policy, found), found) || areAllShown(looked.value, found),
  );
}

/** Whether the instance is held for its pixels and its picture could be drawn. */
export function hasPicture(
  { drawn }: Pick<Looked, 'drawn'>,
  policy: Policy | null,
  found: FoundFile,
): boolean {
  return needsPicture(reasonsUnder(policy, found), found) && drawn.value.has(found.ordinal);
}

/** Whether the instance is held for its pixels and a person who looks at them can release it. */
export const isCoverable = (policy: Policy | null, found: FoundFile): boolean =>
  isReleasable(policy, found) && needsPicture(reasonsUnder(policy, found), found);

/**
 * The instance that a person covers, and the others of its series that may get the same boxes: undecided ones, and
 * those that were given boxes together with it.
 */
export function coveredWith(
  found: FoundFile,
  files: readonly FoundFile[],
  seen: Pick<Looked, 'drawn'>,
  { policy, released }: Pick<IngestStore, 'policy' | 'released'>,
): readonly FoundFile[] {
  const boxes = released.value.get(found.ordinal) ?? [];
  const isTogether = (other: FoundFile): boolean =>
    boxes.length > 0 && released.value.get(other.ordinal) === boxes;
  const isAlike = (other: FoundFile): boolean =>
    (staysHere(policy.value, released.value, other) || isTogether(other)) &&
    hasPicture(seen, policy.value, other) &&
    other.naming.length === 0 &&
    other.frames === found.frames;
  return files.filter((other) => other === found || isAlike(other));
}

/** The boxes over the instance in the PACS, if they are known, because its file has none. */
export function boxesInPacs(
  { policy, released }: Pick<IngestStore, 'policy' | 'released'>,
  found: FoundFile,
): readonly Box[] {
  const isThere = decidedAs(policy.value, released.value, found) === 'in-pacs';
  return (isThere && found.decided?.boxes) || [];
}

export function statementFor(reasons: readonly ReasonCode[], found: FoundFile): string {
  const { look, lookFrames, read, lookAndRead, lookFramesAndRead, readDocument, odd } = deidWords.held;
  const frames = framesOf(found);
  if (isDocument(found)) return readDocument;
  const isLooked = reasons.some(isHeldForPixels);
  if (found.naming.length > 0 && !isLooked) return read;
  if (found.naming.length > 0) return frames > 1 ? lookFramesAndRead(frames) : lookAndRead;
  if (!isLooked) return odd;
  return frames > 1 ? lookFrames(frames) : look;
}
