/**
 * Studies are promised to destinations, and administrators change destinations. A promise holds the destinations as
 * they are, and a change waits for it. So no destination is removed in between, and no study is promised to one that is
 * gone.
 */
import { sql } from 'kysely';
import type { Trx } from './database.ts';

const nameOf = (siteId: string): string => `destinations ${siteId}`;

/** Until the end of the transaction, the site's destinations cannot be changed. */
export async function holdDestinations(trx: Trx, siteId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(hashtext(${nameOf(siteId)}))`.execute(trx);
}

/** Until the end of the transaction, nobody else changes the site's destinations, and no study is promised. */
export async function lockDestinations(trx: Trx, siteId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext(${nameOf(siteId)}))`.execute(trx);
}
