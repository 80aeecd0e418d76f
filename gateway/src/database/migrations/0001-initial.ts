/** The first tables, with `site_id` in each: sites are tenants from the first day (DESIGN §5.13). */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    `create table site (id uuid primary key default gen_random_uuid(), name text not null, created_at timestamptz not null default now())`,
    `insert into site (name) values ('default')`,
    `create table account (
      id uuid primary key default gen_random_uuid(), site_id uuid not null references site, username text not null,
      roles text[] not null, password_hash text not null, created_at timestamptz not null default now(), disabled_at timestamptz)`,
    `create unique index account_username on account (lower(username))`,
    `create table refresh_token (
      token_hash text primary key, family_id uuid not null, parent_hash text, account_id uuid not null references account, expires_at timestamptz not null,
      used_at timestamptz, revoked_at timestamptz)`,
    `create index refresh_token_family on refresh_token (family_id)`,
    `create table study (
      id uuid primary key default gen_random_uuid(), site_id uuid not null references site, study_instance_uid text not null,
      state text not null, revision int not null, policy_name text not null, policy_version int not null, wrapped_key bytea,
      waiting_because text, waiting_since timestamptz, created_at timestamptz not null default now(), updated_at timestamptz not null,
      unique (site_id, study_instance_uid))`,
    `create table upload (
      id uuid primary key, site_id uuid not null references site, study_id uuid not null references study, account_id uuid not null references account,
      completed_at timestamptz, created_at timestamptz not null default now(), unique (study_id, account_id))`,
    `create table parcel (
      id text primary key, site_id uuid not null references site, upload_id uuid not null references upload, study_id uuid not null references study,
      device_parcel_id text not null, bytes bigint not null, state text not null, damaged int not null default 0, created_at timestamptz not null default now(),
      expires_at timestamptz not null, unique (upload_id, device_parcel_id))`,
    `create index parcel_study on parcel (study_id)`,
    `create table instance (
      id bigint primary key generated always as identity, site_id uuid not null references site, study_id uuid not null references study,
      sop_instance_uid text not null, sop_class_uid text not null, series_instance_uid text not null, transfer_syntax_uid text not null,
      digest text not null, original_digest text, policy_name text not null, policy_version int not null,
      bytes bigint not null, state text not null, reason text, parcel_id text references parcel,
      body_offset bigint, posted_at timestamptz, pacs_code int, proof text, revision int not null, attempts int not null default 0,
      updated_at timestamptz not null, unique (site_id, sop_instance_uid, digest))`,
    `create index instance_study_state on instance (study_id, state)`,
    `create index instance_parcel on instance (parcel_id)`,
    `create index instance_original on instance (site_id, original_digest)`,
    `create table upload_instance (
      upload_id uuid not null references upload, position int not null, instance_id bigint not null references instance,
      primary key (upload_id, position))`,
    `create index upload_instance_instance on upload_instance (instance_id)`,
    `create table receipt (
      id uuid primary key, site_id uuid not null references site, study_id uuid not null references study, revision int not null,
      jws text not null, issued_at timestamptz not null, unique (study_id, revision))`,
    `create table audit (
      seq bigint primary key, site_id uuid not null references site, at timestamptz not null, event text not null, fields jsonb not null,
      previous_hash text not null, hash text not null unique)`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
