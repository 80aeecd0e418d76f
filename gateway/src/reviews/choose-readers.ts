/** The choice of readers: in turn, or by load. */
import { sql } from 'kysely';
import { REVIEWERS, type Assignment } from '#shared/protocol/reviews.ts';
import { isSampleAccount, isSampleCase, sampleAccountIds, sampleCaseIds } from '../cases/sample-mark.ts';
import type { Db, Trx } from '../database/database.ts';
import type { Caller } from '../http/route.ts';
import type { ReviewRow } from '../findings/review.store.ts';

export type Candidate = {
  readonly id: string;
  /** Places that wait for this account. */
  readonly load: number;
  /** All that it was ever given and holds. */
  readonly places: number;
  /** When it was given one last; null: never. */
  readonly assignedAt: Date | null;
};
/** Accounts that may read a case. */
type Candidates = {
  /** Accounts that may be named. */
  readonly byHand: readonly Candidate[];
  /** Accounts that may be chosen: sample accounts for a sample case, the others for any other case. */
  readonly byTurn: readonly Candidate[];
};

/** Any number that nothing else in this database locks: "turn" in ASCII. */
const TURN_LOCK = 0x7475726en.toString();

/** Fewer than `count` where there are too few. By hand: nobody. */
export function chooseReaders(candidates: readonly Candidate[], how: Assignment, count: number): string[] {
  if (how === 'hand') return [];
  const lastAt = ({ assignedAt }: Candidate): number => assignedAt?.getTime() ?? 0;
  const load = (one: Candidate): number => (how === 'load' ? one.load : 0);
  return candidates
    .toSorted(
      // Several may be given places of one review, at one moment.
      (a, b) => load(a) - load(b) || lastAt(a) - lastAt(b) || a.places - b.places || (a.id < b.id ? -1 : 1),
    )
    .slice(0, count)
    .map(({ id }) => id);
}

/** The accounts that may read the case. Work on the sample is no work where real patients wait. */
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

/** The accounts that the caller may name, by name: sample accounts for those alone. */
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

/** Until the transaction ends no other review chooses: two opened at once are not given to the same reader. */
export async function lockTurn(trx: Trx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${TURN_LOCK}::bigint)`.execute(trx);
}
