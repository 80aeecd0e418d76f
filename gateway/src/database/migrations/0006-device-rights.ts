/**
 * The right to send of a device (PROTOCOL, "The right to send"): its public key, whose it is, and since when
 * it was not used. An upload is now the promise of one device of an account; what has no device (the command
 * line, and all that was begun before this rung) is the account's own, once a study. An assertion's `jti` is
 * kept as long as it could be shown again: in the database, for the second time may be at another gateway.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    `create table device (
      id uuid primary key default gen_random_uuid(), site_id uuid not null references site, account_id uuid not null references account,
      thumbprint text not null, public_key jsonb not null, created_at timestamptz not null default now(), last_seen_at timestamptz not null,
      revoked_at timestamptz, unique (account_id, thumbprint))`,
    `create table device_assertion (
      device_id uuid not null references device on delete cascade, jti text not null, expires_at timestamptz not null, primary key (device_id, jti))`,
    `alter table upload add column device_id uuid references device`,
    `alter table upload drop constraint upload_study_id_account_id_key`,
    `create unique index upload_of_account on upload (study_id, account_id) where device_id is null`,
    `create unique index upload_of_device on upload (study_id, account_id, device_id) where device_id is not null`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
