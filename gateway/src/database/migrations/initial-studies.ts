/** People and their devices; studies and how they are sent; the vault. Types: tables.ts, vault-tables.ts. */

export const PEOPLE_AND_DEVICES = [
  `create table schema_mark (name text primary key, print text not null, version text not null, kind text not null)`,
  `create table site (id uuid primary key default gen_random_uuid(), name text not null,
    created_at timestamptz not null default now(),
    quota_uploads int not null default 1000, quota_instances int not null default 200000,
    quota_bytes bigint not null default 137438953472, quota_patients int not null default 500)`,
  `insert into site (name) values ('default')`,
  `create table account (
    id uuid primary key default gen_random_uuid(), site_id uuid not null references site,
    username text not null, roles text[] not null, password_hash text not null, created_at timestamptz not null default now(),
    disabled_at timestamptz, epoch int not null default 0, key_epoch int not null default 0,
    quota_uploads int, quota_instances int, quota_bytes bigint, quota_patients int,
    patients_day date, patients_asked int not null default 0)`,
  `create unique index account_username on account (lower(username))`,
  `create table refresh_token (
    token_hash text primary key, family_id uuid not null, parent_hash text,
    account_id uuid not null references account, expires_at timestamptz not null,
    ends_at timestamptz not null, used_at timestamptz, revoked_at timestamptz)`,
  `create index refresh_token_family on refresh_token (family_id)`,
  `create index refresh_token_account on refresh_token (account_id)`,
  `create table device (
    id uuid primary key default gen_random_uuid(), site_id uuid not null references site,
    account_id uuid not null references account, name text, thumbprint text not null, public_key jsonb not null,
    created_at timestamptz not null default now(), last_seen_at timestamptz not null, revoked_at timestamptz,
    unique (account_id, thumbprint))`,
  // Rows are kept for as long as an assertion could be replayed. They are in the database because the replay may reach
  // another gateway.
  `create table device_assertion (
    device_id uuid not null references device on delete cascade, jti text not null,
    expires_at timestamptz not null, primary key (device_id, jti))`,
  `create table api_key (
    id uuid primary key default gen_random_uuid(), site_id uuid not null references site,
    account_id uuid not null references account, epoch int not null, name text not null,
    digest text not null unique, scopes text[] not null, policy text, created_by uuid not null references account,
    created_at timestamptz not null, expires_at timestamptz not null, last_used_at timestamptz,
    revoked_at timestamptz)`,
  `create table policy (
    site_id uuid not null references site, name text not null, version int not null, document jsonb not null,
    made_by uuid not null references account, made_at timestamptz not null,
    withdrawn_by uuid references account, withdrawn_at timestamptz, primary key (site_id, name, version))`,
];

export const STUDIES = [
  `create table destination (
    id uuid primary key default gen_random_uuid(), site_id uuid not null references site, kind text not null,
    name text not null, url text not null, settings jsonb not null, sealed bytea, secret_from jsonb,
    viewers jsonb not null default '[]', worklist text, is_primary boolean not null,
    from_environment boolean not null, need text, version int not null default 1, changed_at timestamptz not null,
    lag_minutes int, proof text, batch_bytes bigint, refused_bytes bigint, refused_at timestamptz, limit_measured boolean not null default false,
    refusal_status int, refusal_code int, refusal_since timestamptz,
    unique (site_id, name))`,
  `create unique index destination_primary on destination (site_id) where is_primary`,
  `create table rule (
    site_id uuid not null references site, kind text not null, position int not null, rule jsonb not null,
    made_by uuid not null references account, primary key (site_id, kind, position))`,
  // Not per site: it counts the minutes in which a gateway ran.
  `create table tally (is_one boolean primary key default true check (is_one), minutes int not null default 0)`,
  `insert into tally default values`,
  // Not per site: a backup holds all of them.
  `create table backup_plan (
    is_one boolean primary key default true check (is_one), recipient text, every_hours int,
    keep int not null default 7, planned_at timestamptz, last_at timestamptz, trouble text, trouble_at timestamptz,
    restored_from timestamptz)`,
  `insert into backup_plan default values`,
  // For how long what is kept, where somebody has set it; null: for ever.
  `create table retention (
    site_id uuid not null references site, kind text not null, days int, primary key (site_id, kind))`,
  `create table retention_run (
    site_id uuid primary key references site, ran_at timestamptz, trouble text,
    to_compact text[] not null default '{}', compacted_at timestamptz)`,
  `insert into retention_run (site_id) select id from site`,
  `create table hold (
    id uuid primary key, site_id uuid not null references site, sealed bytea not null, case_id uuid,
    study_instance_uid text, patient_prints text[], by_account uuid not null references account, at timestamptz not null,
    ended_by uuid references account, ended_at timestamptz)`,
  `create index hold_in_force on hold (site_id) where ended_at is null`,
  `create table deletion (
    id uuid primary key, site_id uuid not null references site, kind text not null, count int not null,
    jws text not null, at timestamptz not null)`,
  `create index deletion_at on deletion (site_id, at)`,
  // Jobs that waited when a backup was made, until the first start after it was restored (settle-restore.ts).
  `create table carried_job (queue text not null, data jsonb not null, key text, group_id text, priority int not null)`,
  `create table study (
    id uuid primary key default gen_random_uuid(), site_id uuid not null references site,
    account_id uuid references account,
    study_instance_uid text not null, state text not null, revision int not null, policy_name text not null,
    policy_version int not null, destination_id uuid references destination,
    copy_of uuid references study, need text, coercion jsonb, given_up_at timestamptz, wrapped_key bytea, waiting_because text, waiting_since timestamptz,
    created_at timestamptz not null default now(), updated_at timestamptz not null,
    failures int not null default 0)`,
  `create index study_of_uid on study (site_id, study_instance_uid)`,
  // The newest studies of a site, among which the unread ones are found (cases/unread-studies.ts).
  `create index study_sent on study (site_id, created_at)`,
  `create index study_destination on study (destination_id)`,
  `create index study_copies on study (copy_of) where copy_of is not null`,
  // Quotas start from this index, so that closed studies cost nothing, nor do those of other accounts (quota.store.ts).
  `create index study_open on study (account_id) where state <> 'closed'`,
  `create table deid_report (
    study_id uuid not null references study on delete cascade, digest text not null, edition text not null,
    options jsonb not null, actions jsonb, primary key (study_id, digest))`,
  // `created_at`: the place of its study in lists, in the precision of a cursor.
  `create table upload (
    id uuid primary key, site_id uuid not null references site, study_id uuid not null references study,
    account_id uuid references account, device_id uuid references device, completed_at timestamptz,
    cancelled_at timestamptz, withheld jsonb not null default '{}',
    created_at timestamptz(3) not null default now())`,
  // An upload belongs to a device, to an account (the command line), or to the gateway itself. Each upload has a study
  // of its own, so that no sender's promises affect another's. Only results join the study to which they belong.
  `create unique index upload_of_study on upload (study_id) where account_id is not null`,
  `create unique index upload_of_gateway on upload (study_id) where account_id is null`,
  `create index upload_account on upload (account_id, created_at)`,
  // The accounts that bring an upload from a USB stick, and the parcels that the device's ticket names.
  `create table upload_carrier (
    upload_id uuid not null references upload on delete cascade, account_id uuid not null references account,
    ticket_id uuid not null, parcels jsonb not null, created_at timestamptz not null default now(),
    primary key (upload_id, account_id, ticket_id))`,
  `create index upload_carrier_account on upload_carrier (account_id)`,
  // A parcel counts its own runs and failures, because a replaced job starts at zero.
  `create table parcel (
    id text primary key, site_id uuid not null references site, upload_id uuid not null references upload,
    study_id uuid not null references study, device_parcel_id text not null, bytes bigint not null,
    state text not null, damaged int not null default 0, runs int not null default 0,
    failures int not null default 0, seal_key_id text, seal_enc text, created_at timestamptz not null default now(),
    expires_at timestamptz not null, unique (upload_id, device_parcel_id))`,
  `create index parcel_study on parcel (study_id)`,
  `create index parcel_open on parcel (upload_id) where state = 'receiving'`,
  // A file that another client sends as it lies on its disk. `entries`: what became of each instance in it.
  `create table sent_file (
    id uuid primary key, site_id uuid not null references site, account_id uuid not null references account,
    device_id uuid references device, key_id uuid, peer_id uuid, ae_title text, came_at timestamptz, form jsonb not null, policy_name text not null, policy_version int not null,
    reason text, bytes bigint, state text not null, wrapped_key bytea, runs int not null default 0,
    patients int not null default 0, fatal int[] not null default '{}', problem text,
    entries jsonb not null default '[]', held_at timestamptz, given_up text,
    created_at timestamptz not null default now(), expires_at timestamptz not null)`,
  `create index sent_file_account on sent_file (account_id, state)`,
  `create index sent_file_peer on sent_file (peer_id, created_at) where peer_id is not null`,
  `create index sent_file_not_taken on sent_file (site_id, created_at) where peer_id is null and state = 'opened'
    and entries @? '$[*] ? ((@.state == "quarantined" || @.state == "refused") && !(exists(@.givenUp)))'`,
  `create index sent_file_kept on sent_file (site_id) where state = 'opened' and wrapped_key is not null`,
  `create table withheld_instance (
    site_id uuid not null references site, account_id uuid not null references account, study_instance_uid text not null,
    sop_instance_uid text not null, cause text not null, reason text not null, told boolean not null, file_id uuid not null references sent_file on delete cascade,
    primary key (account_id, study_instance_uid, sop_instance_uid))`,
  `create index withheld_instance_file on withheld_instance (file_id)`,
  `create index withheld_instance_waits on withheld_instance (site_id) where cause <> 'left-out'`,
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
  // Anybody may name any UID, so mere promises are not in this index, and cost nothing to others with the same UID.
  `create index instance_of_uid on instance (site_id, sop_instance_uid)
    where brought or policy_name = 'gateway.results' or state in ('received', 'posting', 'posted', 'stored', 'coerced', 'already-stored')`,
  `create index instance_study_state on instance (study_id, state)`,
  // Few instances wait for a decision, however many were brought over the years.
  `create index instance_undecided on instance (study_id) where state in ('quarantined', 'refused')`,
  // Quotas count open instances, however many were brought over the years (quota.store.ts).
  `create index instance_open on instance (study_id) where state in ('promised', 'received', 'posting', 'quarantined')`,
  `create index instance_parcel on instance (parcel_id)`,
  `create index instance_original on instance (site_id, original_digest)`,
  // PROTOCOL I2, within one upload: the lock of its study already prevents violations; if a code path ever forgot the
  // lock, the database would refuse. Between uploads, forward looks first and hands over one at a time.
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
    upload_id uuid not null, revision int not null, jws text, issued_at timestamptz not null,
    unique (upload_id, revision))`,
  `create index receipt_study on receipt (study_id, revision)`,
  `create index receipt_issued on receipt (site_id, issued_at) where jws is not null`,
  `create table audit (
    seq bigint primary key, site_id uuid not null references site, at timestamptz not null,
    event text not null, fields jsonb not null, previous_hash text not null, hash text not null unique)`,
  `create index audit_at on audit (site_id, at, seq)`,
  `create index audit_event on audit (site_id, event, at, seq)`,
  // By the account that acted, and by the account acted on: the newest of each kind of event.
  `create index audit_by on audit (site_id, (fields->>'by'), event, at, seq) where fields ? 'by'`,
  `create index audit_account on audit (site_id, (fields->>'accountId'), event, at, seq) where fields ? 'accountId'`,
  `create index audit_study on audit ((fields->>'studyId')) where fields ? 'studyId'`,
  `create index audit_case on audit ((fields->>'caseId')) where fields ? 'caseId'`,
  `create index audit_export on audit ((fields->>'exportId')) where fields ? 'exportId'`,
  `create index audit_device on audit ((fields->>'deviceId')) where fields ? 'deviceId'`,
  `create index audit_devices on audit using gin ((fields->'devices')) where fields ? 'devices'`,
  `create index audit_studies on audit using gin ((fields->'studies')) where fields ? 'studies'`,
  `create index audit_uid on audit ((fields->>'studyInstanceUID')) where fields ? 'studyInstanceUID' and not fields ? 'studyId'`,
  `create table reading (
    site_id uuid not null references site, account_id uuid not null references account,
    key_id text not null, study_instance_uid text not null, period bigint not null, kind text not null,
    subject text not null, count int not null, since timestamptz not null, until timestamptz not null,
    primary key (site_id, account_id, key_id, study_instance_uid, period, kind, subject))`,
];

export const VAULT = [
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

export const COMMITMENTS = [
  `create table commitment_request (
    site_id uuid not null references site, account_id uuid not null references account, transaction_uid text not null,
    asked_at timestamptz not null default now(), amount int not null, asked jsonb, reasons jsonb,
    primary key (account_id, transaction_uid))`,
  `create index commitment_request_asked on commitment_request (asked_at)`,
];
