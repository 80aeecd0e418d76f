/** The choice of readers: in turn, or by load. */
import { sql } from 'kysely';
import { REVIEWERS, type Assignment } from '#shared/protocol/reviews.ts';
import { usernamesOf } from '../cases/case.store.ts';
import type { Db, Trx } from '../database/database.ts';

export type Candidate = {
  readonly id: string;
  /** Places that wait for this account. */
  readonly load: number;
  /** All that it was ever given and holds. */
  readonly places: number;
  /** When it was given one last; null: never. */
  readonly assignedAt: Date | null;
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

/** The accounts that may read. */
export async function listCandidates(db: Db, siteId: string): Promise<Candidate[]> {
  return db
    .selectFrom('account')
    .leftJoin('review_place as p', 'p.account_id', 'account.id')
    .select('account.id')
    .select(sql<number>`count(*) filter (where p.state in ('assigned', 'decided'))::int`.as('load'))
    .select(sql<number>`count(p.place)::int`.as('places'))
    .select(sql<Date | null>`max(p.assigned_at)`.as('assignedAt'))
    .where('account.site_id', '=', siteId)
    .where('account.disabled_at', 'is', null)
    .where(sql<boolean>`account.roles && ${[...REVIEWERS]}::text[]`)
    .groupBy('account.id')
    .execute();
}

/** By name. */
export async function listReaders(
  db: Db,
  siteId: string,
): Promise<{ readonly id: string; readonly username: string }[]> {
  const ids = (await listCandidates(db, siteId)).map(({ id }) => id);
  return [...(await usernamesOf(db, ids))]
    .map(([id, username]) => ({ id, username }))
    .toSorted((a, b) => (a.username < b.username ? -1 : 1));
}

/** Until the transaction ends no other review chooses: two opened at once are not given to the same reader. */
export async function lockTurn(trx: Trx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${TURN_LOCK}::bigint)`.execute(trx);
}
