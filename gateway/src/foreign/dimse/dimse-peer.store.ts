/** DIMSE peers in the database, and the outcome of the instances that each sent. */
import { sql, type Selectable } from 'kysely';
import { DAY_MS } from '#shared/day.ts';
import type { DimsePeer, DimsePeerWish } from '#shared/protocol/dimse-peer.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Role } from '#shared/protocol/api.ts';
import type { Db, Trx } from '../../database/database.ts';
import type { DimsePeerTable } from '../../database/foreign-tables.ts';
import { policyOfPeer } from './policy-of-peer.ts';

export type PeerRow = Selectable<DimsePeerTable>;

/**
 * The time of the last contact is updated at most this often, because an update for every association is not needed.
 */
const LAST_SEEN_MS = 60_000;
const WEEK_MS = 7 * DAY_MS;

type OwnedWish = DimsePeerWish & { readonly id: string; readonly siteId: string; readonly now: Date };

const columnsOf = ({ name, aeTitle, addresses, accountId, policy, reason, now }: OwnedWish) => ({
  name,
  ae_title: aeTitle,
  addresses,
  account_id: accountId,
  policy_name: policy,
  reason,
  changed_at: now,
});

/** @throws Problem dimse-peer-exists. */
export async function insertPeer(trx: Trx, wish: OwnedWish): Promise<void> {
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('dimse_peer')
    .values({ id: wish.id, site_id: wish.siteId, ...columnsOf(wish) })
    .onConflict((conflict) => conflict.columns(['site_id', 'ae_title']).doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows === 0n) throw new Problem('dimse-peer-exists');
}

/** @throws Problem not-found, dimse-peer-exists. */
export async function updatePeer(trx: Trx, wish: OwnedWish): Promise<void> {
  await holdPeer(trx, wish.siteId, wish.id);
  const taken = await trx
    .selectFrom('dimse_peer')
    .select('id')
    .where('site_id', '=', wish.siteId)
    .where('ae_title', '=', wish.aeTitle)
    .where('id', '<>', wish.id)
    .executeTakeFirst();
  if (taken !== undefined) throw new Problem('dimse-peer-exists');
  await trx.updateTable('dimse_peer').set(columnsOf(wish)).where('id', '=', wish.id).execute();
}

/** Returns the deleted peer. @throws Problem not-found. */
export async function deletePeer(trx: Trx, siteId: string, id: string): Promise<PeerRow> {
  const row = await holdPeer(trx, siteId, id);
  await trx.deleteFrom('dimse_peer').where('id', '=', id).execute();
  return row;
}

async function holdPeer(trx: Trx, siteId: string, id: string): Promise<PeerRow> {
  // Prevents two concurrent changes of a site's peers from taking the same AE title.
  await sql`select pg_advisory_xact_lock(hashtext('dimse peers'))`.execute(trx);
  const row = await trx
    .selectFrom('dimse_peer')
    .selectAll()
    .where('id', '=', id)
    .where('site_id', '=', siteId)
    .executeTakeFirst();
  if (row === undefined) throw new Problem('not-found');
  return row;
}

/** The addresses of all peers. */
export async function addressesOfPeers(db: Db, siteId: string): Promise<readonly string[]> {
  const rows = await db.selectFrom('dimse_peer').select('addresses').where('site_id', '=', siteId).execute();
  return rows.flatMap(({ addresses }) => addresses);
}

type FoundPeer = PeerRow & { readonly roles: readonly Role[]; readonly isDisabled: boolean };

/** Includes the current roles of its account. */
export async function findPeerByTitle(
  db: Db,
  siteId: string,
  aeTitle: string,
): Promise<FoundPeer | undefined> {
  const row = await db
    .selectFrom('dimse_peer')
    .innerJoin('account', 'account.id', 'dimse_peer.account_id')
    .selectAll('dimse_peer')
    .select(['account.roles', 'account.disabled_at'])
    .where('dimse_peer.site_id', '=', siteId)
    .where('dimse_peer.ae_title', '=', aeTitle)
    .executeTakeFirst();
  return row && { ...row, isDisabled: row.disabled_at !== null };
}

/** Whether the peer is unchanged and its account may still send. Checked before each instance. */
export async function isUnchanged(db: Db, { id, changed_at }: PeerRow): Promise<boolean> {
  const row = await db
    .selectFrom('dimse_peer')
    .innerJoin('account', 'account.id', 'dimse_peer.account_id')
    .select('dimse_peer.id')
    .where('dimse_peer.id', '=', id)
    .where('dimse_peer.changed_at', '=', changed_at)
    .where('account.disabled_at', 'is', null)
    .executeTakeFirst();
  return row !== undefined;
}

export async function noteSeen(db: Db, { id, last_seen_at }: PeerRow, now: Date): Promise<void> {
  if (last_seen_at !== null && now.getTime() - last_seen_at.getTime() < LAST_SEEN_MS) return;
  await db.updateTable('dimse_peer').set({ last_seen_at: now }).where('id', '=', id).execute();
}

/** `of`: lists only this peer. */
export async function listPeers(
  db: Db,
  { siteId, now, of }: { readonly siteId: string; readonly now: Date; readonly of?: string },
): Promise<readonly DimsePeer[]> {
  let query = db
    .selectFrom('dimse_peer')
    .innerJoin('account', 'account.id', 'dimse_peer.account_id')
    .selectAll('dimse_peer')
    .select(['account.username', 'account.roles', 'account.disabled_at'])
    .where('dimse_peer.site_id', '=', siteId)
    .orderBy('dimse_peer.name');
  if (of !== undefined) query = query.where('dimse_peer.id', '=', of);
  const rows = await query.execute();
  const since = new Date(now.getTime() - WEEK_MS);
  const weeks = await Promise.all(rows.map(({ id }) => weekOf(db, id, since)));
  const policies = await Promise.all(rows.map((row) => policyOfPeer(db, row, row.roles)));
  return rows.map((row, at) => ({
    id: row.id,
    name: row.name,
    aeTitle: row.ae_title,
    addresses: row.addresses,
    account: { id: row.account_id, username: row.username, disabled: row.disabled_at !== null },
    policy: row.policy_name,
    policyEnded: policies[at] === null,
    reason: row.reason,
    lastSeenAt: row.last_seen_at?.toISOString() ?? null,
    week: weeks[at]!,
  }));
}

/** No reason: the instances are being sent. */
type Outcome = { readonly reason: string | null; readonly instances: number };

async function weekOf(db: Db, peerId: string, since: Date): Promise<DimsePeer['week']> {
  const { rows } = await sql<Outcome>`
    select entry->>'reason' as reason, count(*)::int as instances
    from sent_file, jsonb_array_elements(sent_file.entries) as entry
    where peer_id = ${peerId}::uuid and created_at > ${since} and sent_file.state = 'opened'
    group by 1 order by 2 desc, 1`.execute(db);
  const waiting = await db
    .selectFrom('sent_file')
    .select('problem')
    .where('peer_id', '=', peerId)
    .where('state', '<>', 'opened')
    .orderBy('created_at', 'desc')
    .execute();
  return {
    taken: rows.find(({ reason }) => reason === null)?.instances ?? 0,
    notTaken: rows.flatMap(({ reason, instances }) => (reason === null ? [] : [{ reason, instances }])),
    waiting: waiting.length,
    problem: waiting.find(({ problem }) => problem !== null)?.problem ?? null,
  };
}
