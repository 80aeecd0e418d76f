/**
 * The whole schema. Each table has its `site_id`: sites are tenants. The meaning of the tables is described
 * with their types (tables.ts, inference-tables.ts).
 */
import { type Kysely, sql } from 'kysely';

const PEOPLE_AND_DEVICES = [
  `create table schema_mark (name text primary key, print text not null, version text not null)`,
  `create table site (id uuid primary key default gen_random_uuid(), name text not null,
    created_at timestamptz not null default now(),
    quota_uploads int not null default 1000, quota_instances int not null default 200000,
    quota_bytes bigint not null default 137438953472, quota_patients int not null default 500)`,
  `insert into site (name) values ('default')`,
  `create table account (
    id uuid primary key default gen_random_uuid(), site_id uuid not null references site,
    username text not null, roles text[] not null, password_hash text not null, created_at timestamptz not null default now(),
    disabled_at timestamptz, epoch int not null default 0,
    quota_uploads int, quota_instances int, quota_bytes bigint, quota_patients int,
    patients_day date, patients_asked int not null default 0)`,
  `create unique index account_username on account (lower(username))`,
  `create table refresh_token (
    token_hash text primary key, family_id uuid not null, parent_hash text,
    account_id uuid not null references account, expires_at timestamptz not null,
    ends_at timestamptz not null, used_at timestamptz, revoked_at timestamptz)`,
  `create index refresh_token_family on refresh_token (family_id)`,
  `create table device (
    id uuid primary key default gen_random_uuid(), site_id uuid not null references site,
    account_id uuid not null references account, thumbprint text not null, public_key jsonb not null,
    created_at timestamptz not null default now(), last_seen_at timestamptz not null, revoked_at timestamptz,
    unique (account_id, thumbprint))`,
  // Kept as long as an assertion could be repeated, and in the database, because the repetition may reach
  // another gateway.
  `create table device_assertion (
    device_id uuid not null references device on delete cascade, jti text not null,
    expires_at timestamptz not null, primary key (device_id, jti))`,
  `create table api_key (
    id uuid primary key default gen_random_uuid(), site_id uuid not null references site,
    account_id uuid not null references account, epoch int not null, name text not null,
    digest text not null unique, scopes text[] not null, created_by uuid not null references account,
    created_at timestamptz not null, expires_at timestamptz not null, last_used_at timestamptz,
    revoked_at timestamptz)`,
  `create table policy (
    site_id uuid not null references site, name text not null, version int not null, document jsonb not null,
    made_by uuid not null references account, made_at timestamptz not null,
    withdrawn_by uuid references account, withdrawn_at timestamptz, primary key (site_id, name, version))`,
];

const STUDIES = [
  `create table destination (
    id uuid primary key default gen_random_uuid(), site_id uuid not null references site, kind text not null,
    name text not null, url text not null, settings jsonb not null, sealed bytea,
    viewers jsonb not null default '[]', worklist text, is_primary boolean not null,
    from_environment boolean not null, need text, version int not null default 1, changed_at timestamptz not null,
    unique (site_id, name))`,
  `create unique index destination_primary on destination (site_id) where is_primary`,
  `create table rule (
    site_id uuid not null references site, kind text not null, position int not null, rule jsonb not null,
    made_by uuid not null references account, primary key (site_id, kind, position))`,
  // Not a site's: it counts the minutes in which a gateway ran.
  `create table tally (is_one boolean primary key default true check (is_one), minutes int not null default 0)`,
  `insert into tally default values`,
  `create table study (
    id uuid primary key default gen_random_uuid(), site_id uuid not null references site,
    account_id uuid references account,
    study_instance_uid text not null, state text not null, revision int not null, policy_name text not null,
    policy_version int not null, destination_id uuid references destination,
    copy_of uuid references study, need text, coercion jsonb, given_up_at timestamptz, wrapped_key bytea, waiting_because text, waiting_since timestamptz,
    created_at timestamptz not null default now(), updated_at timestamptz not null,
    failures int not null default 0)`,
  `create index study_of_uid on study (site_id, study_instance_uid)`,
  `create index study_destination on study (destination_id)`,
  `create index study_copies on study (copy_of) where copy_of is not null`,
  // Quotas begin here: neither an account's closed studies cost it anything, nor those of others (quota.store.ts).
  `create index study_open on study (account_id) where state <> 'closed'`,
  `create table deid_report (
    study_id uuid not null references study on delete cascade, digest text not null, edition text not null,
    options jsonb not null, actions jsonb, primary key (study_id, digest))`,
  `create table upload (
    id uuid primary key, site_id uuid not null references site, study_id uuid not null references study,
    account_id uuid references account, device_id uuid references device, completed_at timestamptz,
    created_at timestamptz not null default now())`,
  // An upload belongs to a device, to an account (the command line), or to the gateway itself. Each has a
  // study of its own, so that nobody's promises reach another's; only results join the study that they are of.
  `create unique index upload_of_study on upload (study_id) where account_id is not null`,
  `create unique index upload_of_gateway on upload (study_id) where account_id is null`,
  `create index upload_account on upload (account_id, created_at)`,
  // The accounts that bring an upload from a stick, and the parcels that the device's ticket names.
  `create table upload_carrier (
    upload_id uuid not null references upload on delete cascade, account_id uuid not null references account,
    ticket_id uuid not null, parcels jsonb not null, created_at timestamptz not null default now(),
    primary key (upload_id, account_id, ticket_id))`,
  `create index upload_carrier_account on upload_carrier (account_id)`,
  // A parcel counts its own runs and failures: a replaced job begins at zero.
  `create table parcel (
    id text primary key, site_id uuid not null references site, upload_id uuid not null references upload,
    study_id uuid not null references study, device_parcel_id text not null, bytes bigint not null,
    state text not null, damaged int not null default 0, runs int not null default 0,
    failures int not null default 0, seal_key_id text, seal_enc text, created_at timestamptz not null default now(),
    expires_at timestamptz not null, unique (upload_id, device_parcel_id))`,
  `create index parcel_study on parcel (study_id)`,
  `create index parcel_open on parcel (upload_id) where state = 'receiving'`,
  // A file that another client sends as it lies on its disk. Its entries: what became of each instance in it.
  `create table sent_file (
    id uuid primary key, site_id uuid not null references site, account_id uuid not null references account,
    device_id uuid references device, key_id uuid, peer_id uuid, ae_title text, came_at timestamptz, form jsonb not null, policy_name text not null, policy_version int not null,
    reason text, bytes bigint, state text not null, wrapped_key bytea, runs int not null default 0,
    patients int not null default 0, fatal int[] not null default '{}', problem text,
    entries jsonb not null default '[]', held_at timestamptz, given_up text,
    created_at timestamptz not null default now(), expires_at timestamptz not null)`,
  `create index sent_file_account on sent_file (account_id, state)`,
  `create index sent_file_peer on sent_file (peer_id, created_at) where peer_id is not null`,
  `create index sent_file_kept on sent_file (site_id) where state = 'opened' and wrapped_key is not null`,
  `create table dimse_peer (
    id uuid primary key, site_id uuid not null references site, name text not null, ae_title text not null,
    addresses text[] not null, account_id uuid not null references account, policy_name text not null, reason text,
    changed_at timestamptz not null, last_seen_at timestamptz, unique (site_id, ae_title))`,
  `create table instance (
    id bigint primary key generated always as identity, site_id uuid not null references site,
    study_id uuid not null references study, sop_instance_uid text not null, sop_class_uid text not null,
    series_instance_uid text not null, transfer_syntax_uid text not null, digest text not null,
    original_digest text, original_key text, policy_name text not null, policy_version int not null, report_digest text,
    bytes bigint not null, state text not null, reason text, parcel_id text references parcel,
    body_offset bigint, restored text, posted_at timestamptz, pacs_code int, proof text, proven_at text,
    sent_digests text, coerced_from text, offers int not null default 0, offers_amid int not null default 0,
    offered_minute int not null default 0,
    revision int not null, damages int not null default 0, losses int not null default 0, beginnings int not null default 0,
    ends int not null default 0, brought boolean not null default false, committed boolean not null default false,
    updated_at timestamptz not null, since_minute int not null default 0, unique (study_id, sop_instance_uid, digest))`,
  // A UID is anybody's to name: mere promises are not in this index, and cost nobody who has the same UID.
  `create index instance_of_uid on instance (site_id, sop_instance_uid)
    where brought or policy_name = 'gateway.results' or state in ('received', 'posting', 'posted', 'stored', 'coerced', 'already-stored')`,
  `create index instance_study_state on instance (study_id, state)`,
  // Quotas count what is open, however much was brought in years (quota.store.ts).
  `create index instance_open on instance (study_id) where state in ('promised', 'received', 'posting', 'quarantined')`,
  `create index instance_parcel on instance (parcel_id)`,
  `create index instance_original on instance (site_id, original_digest)`,
  // PROTOCOL I2, within one upload: its study's lock prevents any attempt; if a code path ever forgot it, the
  // database would refuse. Between uploads, forward looks first and hands over one at a time.
  `create unique index instance_active_uid on instance (study_id, sop_instance_uid)
    where state not in ('refused', 'quarantined', 'left-out')`,
  `create table commitment (
    id bigint primary key generated always as identity, transaction_uid text not null unique,
    study_id uuid not null references study on delete cascade, asked_minute int not null,
    instances jsonb not null, report jsonb)`,
  `create index commitment_study on commitment (study_id)`,
  `create table upload_instance (
    upload_id uuid not null references upload, position int not null,
    instance_id bigint not null references instance, primary key (upload_id, position))`,
  `create index upload_instance_instance on upload_instance (instance_id)`,
  `create table receipt (
    id uuid primary key, site_id uuid not null references site, study_id uuid not null references study,
    upload_id uuid not null, revision int not null, jws text not null, issued_at timestamptz not null,
    unique (upload_id, revision))`,
  `create index receipt_study on receipt (study_id, revision)`,
  `create table audit (
    seq bigint primary key, site_id uuid not null references site, at timestamptz not null,
    event text not null, fields jsonb not null, previous_hash text not null, hash text not null unique)`,
  `create index audit_study on audit ((fields->>'studyId')) where fields ? 'studyId'`,
  `create index audit_case on audit ((fields->>'caseId')) where fields ? 'caseId'`,
  `create table reading (
    site_id uuid not null references site, account_id uuid not null references account,
    key_id text not null, study_instance_uid text not null, period bigint not null, kind text not null,
    count int not null, since timestamptz not null,
    primary key (site_id, account_id, key_id, study_instance_uid, period, kind))`,
];

const VAULT = [
  `create table vault (
    id uuid primary key, site_id uuid not null references site, made_by uuid not null references account,
    made_at timestamptz not null, first_holder uuid not null references account,
    second_holder uuid not null references account, first_key text, second_key text, closed_at timestamptz)`,
  `create unique index vault_in_force on vault (site_id) where closed_at is null`,
  `create table vault_entry (
    id bigint primary key generated always as identity, vault_id uuid not null references vault on delete cascade,
    pseudonym text not null, upload_id uuid not null references upload on delete cascade,
    account_id uuid not null references account, sealed bytea not null, written_at timestamptz not null,
    unique (vault_id, pseudonym, upload_id))`,
  `create index vault_entry_upload on vault_entry (upload_id)`,
  `create table vault_request (
    id uuid primary key, vault_id uuid not null references vault on delete cascade, pseudonym text not null,
    reason text not null, asked_by uuid not null references account, asked_at timestamptz not null,
    ends_at timestamptz not null, approved_at timestamptz, refused_at timestamptz, opened_at timestamptz,
    shares jsonb)`,
  `create index vault_request_vault on vault_request (vault_id, asked_at)`,
];

const INFERENCE = [
  `create table model_version (
     site_id uuid not null references site, model_id text not null, version text not null, digest text
    not null, card jsonb not null, bytes int not null, state text not null, because text, added_at
    timestamptz not null, added_by uuid references account, activated_at timestamptz, primary key
    (site_id, model_id, version))`,
  `create unique index model_version_active on model_version (site_id, model_id) where state = 'active'`,
  `create table model_activation (
     id bigint primary key generated always as identity, site_id uuid not null references site, model_id
    text not null, version text not null, at timestamptz not null, by_account uuid references account)`,
  `create index model_activation_model on model_activation (site_id, model_id, id)`,
  `create table model_fallback (
     site_id uuid not null references site, model_id text not null, fallback_id text not null,
    fallback_version text not null, primary key (site_id, model_id))`,
  `create table inference_job (
     id uuid primary key, site_id uuid not null references site, account_id uuid references account, kind
    text not null, rule_name text, study_instance_uid text, sop_instance_uid text, frame int not null,
    model_id text not null, version_asked text, version text, parameters jsonb not null, use_cache
    boolean not null, priority int not null, timeout_seconds int not null, state text not null, done int
    not null default 0, total int not null default 1, attempt int not null default 0, error text,
    wrapped_key bytea, input_bytes bigint, created_at timestamptz not null, started_at timestamptz,
    finished_at timestamptz)`,
  `create index inference_job_account on inference_job (account_id, created_at)`,
  `create index inference_job_open on inference_job (state) where state in ('queued', 'running')`,
  `create index inference_job_study on inference_job (site_id, study_instance_uid)`,
  `create table inference_result (
     id uuid primary key, site_id uuid not null references site, cache_key text not null, model_id text
    not null, version text not null, model_digest text not null, input_digest text not null,
    study_instance_uid text, series_instance_uid text, sop_instance_uid text, finding jsonb not null,
    models jsonb not null, disagreement jsonb, verdict text, verified_finding text, verified_at
    timestamptz, verified_by uuid references account, sealed_reason bytea, revision int not null default
    1, created_at timestamptz not null, unique (site_id, cache_key))`,
  `create index inference_result_period on inference_result (site_id, created_at desc, id desc)`,
  `create index inference_result_model on inference_result (site_id, model_id, created_at desc)`,
  `create index inference_result_study on inference_result (site_id, study_instance_uid, created_at desc)`,
  `create table result_map (
     result_id uuid not null references inference_result on delete cascade, name text not null, dims
    int[] not null, bytes bytea not null, primary key (result_id, name))`,
  `create table result_request (
     result_id uuid not null references inference_result on delete cascade, asked_id uuid not null,
    account_id uuid references account, job_id uuid references inference_job, cached boolean not null, at
    timestamptz not null, primary key (result_id, asked_id))`,
  `create index result_request_account on result_request (account_id, at)`,
  `create index result_request_job on result_request (job_id)`,
  `create table result_verdict (
     result_id uuid not null references inference_result on delete cascade, revision int not null, verdict
     text not null, finding text, sealed_reason bytea, by_account uuid not null references account, at
     timestamptz not null, primary key (result_id, revision))`,
  `create table result_view (
     result_id uuid not null references inference_result on delete cascade, account_id uuid not null
     references account, at timestamptz not null, primary key (result_id, account_id))`,
  `create table result_instance (
     result_id uuid not null references inference_result on delete cascade, kind text not null,
    series_instance_uid text not null, sop_instance_uid text not null, revision int not null, primary key
    (result_id, sop_instance_uid))`,
  `create table device_triage (
     study_id uuid not null references study on delete cascade, sop_instance_uid text not null, triage
    jsonb not null, primary key (study_id, sop_instance_uid))`,
  `create table model_use (
     site_id uuid not null references site, day text not null, model_id text not null, version text not
    null, outcome text not null, bucket int not null, images int not null, primary key (site_id, day,
    model_id, version, outcome, bucket))`,
  `create index inference_job_finished on inference_job (finished_at)`,
];

const CASES = [
  `create table case_record (
    id uuid primary key, site_id uuid not null references site, number int not null generated always as identity,
    version int not null default 1, status text not null, priority smallint not null, due_on text,
    assignee_id uuid references account, sealed bytea not null, wrapped_key bytea not null, patient_print text,
    expects text, expected_print text, created_by uuid not null references account,
    created_at timestamptz not null, changed_at timestamptz not null, closed_at timestamptz)`,
  `create unique index case_number on case_record (site_id, number)`,
  `create index case_changed on case_record (site_id, changed_at, number)`,
  // The orders and the filters of the list (cases/list-cases.ts).
  `create index case_priority on case_record (site_id, priority, number desc)`,
  `create index case_due on case_record (site_id, (coalesce(due_on, '9999-12-31')), number desc)`,
  `create index case_assignee on case_record (site_id, assignee_id, number)`,
  `create index case_expects on case_record (site_id, expected_print) where expects is not null`,
  `create table case_study (
    case_id uuid not null references case_record on delete cascade, site_id uuid not null references site,
    study_instance_uid text not null, added_at timestamptz not null, primary key (case_id, study_instance_uid))`,
  `create index case_study_uid on case_study (site_id, study_instance_uid)`,
  `create table case_note (
    id uuid primary key, position bigint not null generated always as identity,
    case_id uuid not null references case_record on delete cascade, kind text not null,
    sealed bytea not null, by_account uuid not null references account, at timestamptz not null)`,
  `create index case_note_case on case_note (case_id, position)`,
  `create table case_attachment (
    id uuid primary key, position bigint not null generated always as identity,
    case_id uuid not null references case_record on delete cascade, kind text not null, bytes int not null,
    sealed_name bytea not null, sealed bytea not null, by_account uuid not null references account,
    at timestamptz not null)`,
  `create index case_attachment_case on case_attachment (case_id, position)`,
  `create table case_reading (
    case_id uuid not null references case_record on delete cascade, account_id uuid not null references account,
    event text not null, period bigint not null, primary key (case_id, account_id, event, period))`,
  `create table case_arrival (
    site_id uuid not null references site, study_instance_uid text not null, looked_at timestamptz not null,
    primary key (site_id, study_instance_uid))`,
  `create table case_import (
    id uuid primary key, site_id uuid not null references site, account_id uuid not null references account,
    at timestamptz not null, opened int not null, changed int not null, unchanged int not null)`,
  `create table case_import_row (
    import_id uuid not null, row int not null, at timestamptz not null, case_id uuid not null, version int,
    status text not null, priority smallint not null, due_on text, assignee_id uuid, sealed bytea,
    wrapped_key bytea, patient_print text, expects text, expected_print text, studies text[] not null,
    changed text[] not null, primary key (import_id, row))`,
  `create table case_view (
    id uuid primary key, position bigint not null generated always as identity,
    account_id uuid not null references account, sealed_name bytea not null, filters jsonb not null)`,
  `create index case_view_account on case_view (account_id, position)`,
];

const ORDERS = [
  `create table order_list (
    id uuid primary key, site_id uuid not null references site, wrapped_key bytea not null,
    imported_by uuid not null references account, imported_at timestamptz not null, expires_at timestamptz not null)`,
  `create table imported_order (
    site_id uuid not null references site, list_id uuid not null references order_list on delete cascade,
    order_print text not null, day_print text not null, sealed bytea not null, primary key (site_id, order_print))`,
  `create index imported_order_day on imported_order (site_id, day_print)`,
  `create index imported_order_list on imported_order (list_id)`,
  `create table order_choice (
    site_id uuid not null references site, study_instance_uid text not null, order_print text not null,
    chosen_at timestamptz not null, chosen_by uuid not null references account,
    primary key (site_id, study_instance_uid, order_print))`,
];

const REVIEWS = [
  // `json`, not `jsonb`: it keeps the order of the questions.
  `create table review_type (
    site_id uuid not null references site, name text not null, version int not null, definition json not null,
    made_by uuid not null references account, made_at timestamptz not null, primary key (site_id, name, version))`,
  `create table review (
    id uuid primary key, site_id uuid not null references site, number int not null generated always as identity,
    case_id uuid not null references case_record on delete cascade, type_name text not null,
    type_version int not null, definition json not null, hides_finding boolean not null, state text not null,
    final_place smallint, opened_by uuid not null references account, opened_at timestamptz not null,
    settled_at timestamptz)`,
  `create index review_case on review (case_id, number)`,
  `create index review_open on review (site_id, number) where state in ('reading', 'adjudication')`,
  `create table review_place (
    review_id uuid not null references review on delete cascade, place smallint not null, version int not null,
    state text not null, account_id uuid references account, assigned_at timestamptz, decided_by_event uuid,
    signed_at timestamptz, primary key (review_id, place))`,
  `create index review_place_account on review_place (account_id, state)`,
  `create table review_event (
    review_id uuid not null references review on delete cascade, id uuid not null,
    position bigint not null generated always as identity, place smallint, version int, step text not null,
    by_account uuid references account, to_account uuid references account, decision text, answers jsonb,
    sealed bytea, at timestamptz not null, primary key (review_id, id))`,
  `create index review_event_position on review_event (review_id, position)`,
];

const EXPORTS = [
  `create table export_template (
    site_id uuid not null references site, name text not null, version int not null, definition jsonb not null,
    made_by uuid not null references account, made_at timestamptz not null, primary key (site_id, name, version))`,
  `create table export_job (
    id uuid primary key, site_id uuid not null references site, number int not null generated always as identity,
    account_id uuid not null references account, template_name text not null, template_version int not null,
    definition jsonb not null, selection jsonb not null, sealed_purpose bytea not null, state text not null,
    trouble text, found_field text, found_row int, attempt int not null default 0, done int not null default 0,
    total int not null, blob text, wrapped_key bytea, rows int, bytes bigint, sha256 text, created_at timestamptz not null,
    finished_at timestamptz, expires_at timestamptz)`,
  `create index export_job_number on export_job (site_id, number desc)`,
  `create index export_job_account on export_job (account_id, number desc)`,
];

const ANNOTATIONS = [
  `create table review_annotations (
    review_id uuid not null references review on delete cascade, place smallint not null,
    account_id uuid not null references account, version int not null, request_id uuid not null,
    sealed bytea not null, changed_at timestamptz not null, primary key (review_id, place, account_id))`,
  `create table review_report (
    review_id uuid not null references review on delete cascade, study_instance_uid text not null,
    series_instance_uid text, sop_instance_uid text, because text, primary key (review_id, study_instance_uid))`,
];

const COMMITMENTS = [
  `create table commitment_request (
    site_id uuid not null references site, account_id uuid not null references account, transaction_uid text not null,
    asked_at timestamptz not null default now(), amount int not null, asked jsonb, reasons jsonb,
    primary key (account_id, transaction_uid))`,
  `create index commitment_request_asked on commitment_request (asked_at)`,
];

const ANALYTICS = [
  `create table study_cohort (site_id uuid not null references site, study_instance_uid text not null, sex text,
    age_band text, primary key (site_id, study_instance_uid))`,
  `create table privacy_budget (site_id uuid not null references site, data_set text not null, role text not null,
    month text not null, queries int not null, primary key (site_id, data_set, role, month))`,
  `create index upload_period on upload (site_id, created_at) where account_id is not null`,
  `create index audit_retry on audit (site_id, at) where event in ('study-waiting', 'instances-lost')`,
  // The figures of models are read from the index alone: a finding is long.
  `alter table inference_result
    add score double precision generated always as ((finding->>'score')::double precision) stored,
    add positive boolean generated always as ((finding->>'positive')::boolean) stored,
    add sop_class_uid text generated always as (finding->'input'->>'sopClassUID') stored,
    add differs boolean not null generated always as (disagreement is not null) stored`,
  `create index inference_result_figures on inference_result (site_id, created_at)
    include (id, model_id, version, score, positive, differs, verdict, verified_finding, study_instance_uid,
      sop_class_uid)`,
  `create index review_settled on review (site_id, settled_at) include (type_name, opened_at, case_id) where state = 'settled'`,
  `create index review_place_signed on review_place (signed_at) where signed_at is not null`,
];

const CASE_RULES_AND_SAMPLE = [
  `create table case_by_rule (
    site_id uuid not null references site, rule_name text not null, study_instance_uid text not null, at timestamptz not null,
    case_id uuid references case_record on delete set null, primary key (site_id, study_instance_uid, rule_name))`,
  `create index case_by_rule_case on case_by_rule (case_id)`,
  `create table sample_account (account_id uuid primary key references account on delete cascade, site_id uuid not null references site)`,
];

export const statements: readonly string[] = [
  ...PEOPLE_AND_DEVICES,
  ...STUDIES,
  ...VAULT,
  ...INFERENCE,
  ...CASES,
  ...ORDERS,
  ...REVIEWS,
  ...COMMITMENTS,
  ...ANNOTATIONS,
  ...EXPORTS,
  ...ANALYTICS,
  ...CASE_RULES_AND_SAMPLE,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
