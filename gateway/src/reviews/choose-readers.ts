/** Chooses readers: in turn, or by load. */
import { sql } from 'kysely';
import { REVIEWERS, type Assignment } from '#shared/protocol/reviews.ts';
import { isSampleAccount, isSampleCase, sampleAccountIds, sampleCaseIds } from '../cases/sample-mark.ts';
import type { Db, Trx } from '../database/database.ts';
import type { Caller } from '../http/route.ts';
import type { ReviewRow } from '../findings/review.store.ts';

export type Candidate = {
  readonly id: string;
  /** The number of places that wait for this account. */
  readonly load: number;
  /** The number of all places that the account holds, in any state. */
  readonly places: number;
  /** When the account was last given a place; null: never. */
  readonly assignedAt: Date | null;
};
/** Accounts that may read a case. */
type Candidates = {
  /** Accounts that a person may name. */
  readonly byHand: readonly Candidate[];
  /** Accounts that may be chosen automatically: sample accounts for a sample case, the others for any other case. */
  readonly byTurn: readonly Candidate[];
};

/** An arbitrary lock number that nothing else in this database uses: "turn" in ASCII. */
const TURN_LOCK = 0x7475726en.toString();

/** Returns fewer than `count` accounts if there are too few candidates, and none if readers are assigned by hand. */
export function chooseReaders(candidates: readonly Candidate[], how: Assignment, count: number): string[] {
  if (how === 'hand') return [];
  const lastAt = ({ assignedAt }: Candidate): number => assignedAt?.getTime() ?? 0;
  const load = (one: Candidate): number => (how === 'load' ? one.load : 0);
  return candidates
    .toSorted(
      // Times can be equal, because several places of a review may be given at the same moment.
      (a, b) => load(a) - load(b) || lastAt(a) - lastAt(b) || a.places - b.places || (a.id < b.id ? -1 : 1),
    )
    .slice(0, count)
    .map(({ id }) => id);
}

/** The accounts that may read the case. For real cases, readings of sample cases do not count as load. */
export async function candidatesFor(
  db: Db,
  { site_id: siteId, case_id: caseId }: Pick<ReviewRow, 'site_id' | 'case_id'>,
): Promise<Candidates> {
  const ofSample = await isSampleCase(db, siteId, caseId);
  const isCounted = ofSample
    ? sql`true`
    : sql`p.review_id not in (select id from review where case_id in ${sampleCaseIds(siteId)})`;
  const all = await selectReaders(db, siteId)
    .leftJoin('review_place as p', (join) =>
      join.onRef('p.account_id', '=', 'account.id').on(sql<boolean>`${isCounted}`),
    )
    .select('account.id')
    .select(sql<number>`count(*) filter (where p.state in ('assigned', 'decided'))::int`.as('load'))
    .select(sql<number>`count(p.place)::int`.as('places'))
    .select(sql<Date | null>`max(p.assigned_at)`.as('assignedAt'))
    .select(sql<boolean>`account.id in ${sampleAccountIds(siteId)}`.as('isSample'))
    .groupBy('account.id')
    .execute();
  const byTurn = all.filter(({ isSample }) => isSample === ofSample);
  return { byTurn, byHand: ofSample ? all : byTurn };
}

const selectReaders = (db: Db, siteId: string) =>
  db
    .selectFrom('account')
    .where('account.site_id', '=', siteId)
    .where('account.disabled_at', 'is', null)
    .where(sql<boolean>`account.roles && ${[...REVIEWERS]}::text[]`);

/** The accounts that the caller may name, ordered by name. Only sample accounts are offered other sample accounts. */
export async function listReaders(
  db: Db,
  { id, siteId }: Pick<Caller, 'id' | 'siteId'>,
): Promise<{ readonly id: string; readonly username: string }[]> {
  const mayBeSample = await isSampleAccount(db, id);
  return selectReaders(db, siteId)
    .where(mayBeSample ? sql<boolean>`true` : sql<boolean>`account.id not in ${sampleAccountIds(siteId)}`)
    .select(['account.id', 'account.username'])
    .orderBy('account.username')
    .execute();
}

/**
 * Until the transaction ends, no other review can choose readers, so two reviews opened at the same time do not both
 * pick the same reader.
 */
export async function lockTurn(trx: Trx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${TURN_LOCK}::bigint)`.execute(trx);
}
