/**
 * The accounts that may have seen what a blinded reading of a case is to be made without, for the person who names its
 * readers. One who reads the case blinded, or may come to, is told of nobody: it would tell that something is there.
 */
import { sql } from 'kysely';
import { Problem } from '#shared/protocol/problem.ts';
import type { CaseReader } from '../cases/case-rights.ts';
import { isBlindTo } from './blinding.ts';
import { listReaders } from './choose-readers.ts';
import { findListed } from './list-reviews.ts';
import type { ReviewTools } from './review-tools.ts';
import { hasSeenHidden, whoSawFinding } from './who-saw.ts';

type Reading = { readonly caseId: string; readonly reviewId: string | undefined };

/** @throws Problem not-found: no such review of the case. */
export async function whoMayHaveSeen(
  { db, now }: Pick<ReviewTools, 'db' | 'now'>,
  caller: CaseReader,
  { caseId, reviewId }: Reading,
): Promise<ReadonlySet<string>> {
  const found = reviewId === undefined ? null : await findListed(db, caller, reviewId);
  if (found === undefined || (found !== null && found.review.case_id !== caseId))
    throw new Problem('not-found');
  const isBlind = isBlindTo(caller, sql`s.study_instance_uid`);
  const { rows } = await sql<{ is: boolean }>`select exists (select 1 from case_study s
    where s.case_id = ${caseId} and ${isBlind}) as is`.execute(db);
  if (rows[0]!.is) return new Set();
  const ids = (await listReaders(db, caller)).map(({ id }) => id);
  if (found === null) return whoSawFinding(db, { caseId, since: now() }, ids);
  const seen = new Set<string>();
  for (const id of ids) if (await hasSeenHidden(db, found.review, id)) seen.add(id);
  return seen;
}
