/**
 * The accounts that may have seen what a blinded reading of a case is to be made without, for the person who names its
 * readers. While the case is read, radiologists are told of nobody, nor are administrators who read it or may come to:
 * it would tell who reads it, and that something is there.
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

/** Null: the caller is not told. @throws Problem not-found: no such review of the case. */
export async function whoMayHaveSeen(
  { db, now }: Pick<ReviewTools, 'db' | 'now'>,
  caller: CaseReader,
  { caseId, reviewId }: Reading,
): Promise<ReadonlySet<string> | null> {
  const found = reviewId === undefined ? null : await findListed(db, caller, reviewId);
  if (found === undefined || (found !== null && found.review.case_id !== caseId))
    throw new Problem('not-found');
  // Everybody may know that nobody saw anything of a review that hides nothing.
  if (found !== null && !hidesSomething(found.review)) return new Set();
  if (await isKeptFromReaders(db, caller, caseId)) return null;
  const ids = (await listReaders(db, caller)).map(({ id }) => id);
  return found === null
    ? whoSawFinding(db, { caseId, since: now() }, ids)
    : whoSawHidden(db, found.review, ids);
}

const hidesSomething = ({ state, hides_finding, definition }: ReviewRow): boolean =>
  state === 'reading' && (hides_finding || definition.readers > 1);
