/**
 * Models, what is asked of them, and what they found. A result is there once for one input, one set of models
 * and one set of parameters (`cache_key`): who asks again is given it, and a job that is taken over by
 * another gateway adds nothing. Names of files are not kept; what a person wrote about a finding is kept
 * sealed under the gateway's key.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    `create table model_version (
      site_id uuid not null references site, model_id text not null, version text not null, digest text not null, card jsonb not null, bytes int not null,
      state text not null, because text, added_at timestamptz not null, added_by uuid references account, activated_at timestamptz,
      primary key (site_id, model_id, version))`,
    `create unique index model_version_active on model_version (site_id, model_id) where state = 'active'`,
    `create table model_activation (
      id bigint primary key generated always as identity, site_id uuid not null references site, model_id text not null, version text not null,
      at timestamptz not null, by_account uuid references account)`,
    `create index model_activation_model on model_activation (site_id, model_id, id)`,
    `create table model_fallback (
      site_id uuid not null references site, model_id text not null, fallback_id text not null, fallback_version text not null,
      primary key (site_id, model_id))`,
    `create table inference_rule (
      site_id uuid not null references site, position int not null, rule jsonb not null, primary key (site_id, position))`,
    `create table inference_job (
      id uuid primary key, site_id uuid not null references site, account_id uuid references account, kind text not null, rule_name text,
      study_instance_uid text, sop_instance_uid text, frame int not null, model_id text not null, version_asked text, version text,
      parameters jsonb not null, use_cache boolean not null, priority int not null, timeout_seconds int not null, state text not null,
      done int not null default 0, total int not null default 1, attempt int not null default 0, error text, wrapped_key bytea, input_bytes bigint,
      created_at timestamptz not null, started_at timestamptz, finished_at timestamptz)`,
    `create index inference_job_account on inference_job (account_id, created_at)`,
    `create index inference_job_open on inference_job (state) where state in ('queued', 'running')`,
    `create index inference_job_study on inference_job (site_id, study_instance_uid)`,
    `create table inference_result (
      id uuid primary key, site_id uuid not null references site, cache_key text not null, model_id text not null, version text not null,
      model_digest text not null, input_digest text not null, study_instance_uid text, series_instance_uid text, sop_instance_uid text,
      finding jsonb not null, models jsonb not null, disagreement jsonb, verdict text, verified_finding text, verified_at timestamptz, verified_by uuid references account,
      sealed_reason bytea, revision int not null default 1, created_at timestamptz not null, unique (site_id, cache_key))`,
    `create index inference_result_period on inference_result (site_id, created_at desc, id desc)`,
    `create index inference_result_model on inference_result (site_id, model_id, created_at desc)`,
    `create index inference_result_study on inference_result (site_id, study_instance_uid, created_at desc)`,
    `create table result_map (
      result_id uuid not null references inference_result on delete cascade, name text not null, dims int[] not null, bytes bytea not null,
      primary key (result_id, name))`,
    `create table result_request (
      result_id uuid not null references inference_result on delete cascade, asked_id uuid not null, account_id uuid references account,
      job_id uuid references inference_job, cached boolean not null, at timestamptz not null, primary key (result_id, asked_id))`,
    `create index result_request_account on result_request (account_id, at)`,
    `create index result_request_job on result_request (job_id)`,
    `create table result_instance (
      result_id uuid not null references inference_result on delete cascade, kind text not null, series_instance_uid text not null,
      sop_instance_uid text not null, revision int not null, primary key (result_id, sop_instance_uid))`,
    `create table device_triage (
      study_id uuid not null references study on delete cascade, sop_instance_uid text not null, triage jsonb not null,
      primary key (study_id, sop_instance_uid))`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
