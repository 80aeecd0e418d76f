/**
 * How each account of a site is used: its last sign-in, its open sessions, the devices that may send for it, and the
 * modalities that store for it.
 */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { unusedSince } from './device-right.ts';

type AccountUse = {
  readonly lastSignInAt: string | null;
  readonly sessions: number;
  readonly devices: number;
  /** The AE titles of the modalities that store for the account. */
  readonly modalities: string[];
};
export const UNUSED: AccountUse = { lastSignInAt: null, sessions: 0, devices: 0, modalities: [] };

type Row = { id: string; at: Date | null; sessions: number; devices: number; modalities: string[] };

/**
 * Maps the id of an account to its use. The last sign-in comes from the audit trail, because ended sessions are not
 * kept.
 */
export async function useOfAccounts(
  db: Db,
  siteId: string,
  now: Date,
): Promise<ReadonlyMap<string, AccountUse>> {
  const { rows } = await sql<Row>`
    select account.id, signed.at, held.sessions::int, sending.devices::int, array(
      select ae_title from dimse_peer where account_id = account.id order by 1) as modalities
    from account
    left join lateral (
      select at from audit where site_id = account.site_id and fields ? 'accountId'
        and fields->>'accountId' = account.id::text and event = 'login' order by at desc limit 1) signed on true
    cross join lateral (
      select count(distinct family_id) as sessions from refresh_token where account_id = account.id
        and used_at is null and revoked_at is null and expires_at > ${now}::timestamptz) held
    cross join lateral (
      select count(*) as devices from device where account_id = account.id
        and revoked_at is null and last_seen_at >= ${unusedSince(now)}::timestamptz) sending
    where account.site_id = ${siteId}`.execute(db);
  return new Map(rows.map(({ id, at, ...use }) => [id, { lastSignInAt: at?.toISOString() ?? null, ...use }]));
}
