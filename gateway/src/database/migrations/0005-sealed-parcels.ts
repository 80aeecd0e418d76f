/**
 * Parcels may come sealed: which key opens one, and the encapsulated key, are kept as long as it is on its
 * way, for it comes in pieces. And instances may come coded: what verify restored lies in a blob of its own,
 * named here.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table parcel add column seal_key_id text, add column seal_enc text`.execute(db);
  await sql`alter table instance add column restored text`.execute(db);
}
