/**
 * Studies are promised to destinations, and administrators change these. A promise holds them as they are, and a change
 * waits for it: no destination goes in between, nor is a study promised to one that is gone.
 */
import { sql } from 'kysely';
import type { Trx } from './database.ts';

const nameOf = (siteId: string): string => `destinations ${siteId}`;

/** Until the end of the transaction nobody changes the site's destinations. */
export async function holdDestinations(trx: Trx, siteId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(hashtext(${nameOf(siteId)}))`.execute(trx);
}

/** Until its end nobody else changes them, and no study is promised. */
export async function lockDestinations(trx: Trx, siteId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext(${nameOf(siteId)}))`.execute(trx);
}
