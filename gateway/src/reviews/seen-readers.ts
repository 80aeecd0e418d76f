/**
 * Finds the accounts that may have seen what is hidden in a blinded reading of a case, for the person who names its
 * readers. While the case is being read, radiologists are not told, and neither are administrators who read it or may
 * do so: the answer would reveal who reads it, and that there is something to hide.
 */
import { Problem } from '#shared/protocol/problem.ts';
import type { CaseReader } from '../findings/case-rights.ts';
import { isKeptFromReaders } from '../findings/blinding.ts';
import { listReaders } from './choose-readers.ts';
import { findListed } from './list-reviews.ts';
import type { ReviewRow } from '../findings/review.store.ts';
import type { ReviewTools } from './review-tools.ts';
import { whoSawFinding, whoSawHidden } from './who-saw.ts';

type Reading = { readonly caseId: string; readonly reviewId: string | undefined };

/** Null: the caller may not know. @throws Problem not-found: the case has no such review. */
export async function whoMayHaveSeen(
  { db, now }: Pick<ReviewTools, 'db' | 'now'>,
  caller: CaseReader,
  { caseId, reviewId }: Reading,
): Promise<ReadonlySet<string> | null> {
  const found = reviewId === undefined ? null : await findListed(db, caller, reviewId);
  if (found === undefined || (found !== null && found.review.case_id !== caseId))
    throw new Problem('not-found');
  // If a review hides nothing, everybody may know that nobody saw anything hidden.
  if (found !== null && !hidesSomething(found.review)) return new Set();
  if (await isKeptFromReaders(db, caller, caseId)) return null;
  const ids = (await listReaders(db, caller)).map(({ id }) => id);
  return found === null
    ? whoSawFinding(db, { caseId, since: now() }, ids)
    : whoSawHidden(db, found.review, ids);
}

const hidesSomething = ({ state, hides_finding, definition }: ReviewRow): boolean =>
  state === 'reading' && (hides_finding || definition.readers > 1);
