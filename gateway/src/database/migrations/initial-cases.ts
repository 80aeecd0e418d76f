/** Cases, orders, reviews and exports. Types: case-tables.ts and the files beside it. */

export const CASES = [
  `create table case_record (
    id uuid primary key, site_id uuid not null references site, number int not null generated always as identity,
    version int not null default 1, status text not null, priority smallint not null, due_on text,
    assignee_id uuid references account, sealed bytea not null, wrapped_key bytea not null, patient_print text,
    expects text, expected_print text, created_by uuid not null references account,
    created_at timestamptz not null, changed_at timestamptz not null, closed_at timestamptz)`,
  `create unique index case_number on case_record (site_id, number)`,
  `create index case_changed on case_record (site_id, changed_at, number)`,
  // For the sort orders and filters of the list (cases/list-cases.ts).
  `create index case_priority on case_record (site_id, priority, number desc)`,
  `create index case_due on case_record (site_id, (coalesce(due_on, '9999-12-31')), number desc)`,
  `create index case_opened on case_record (site_id, created_at)`,
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
  `create table study_reading (
    account_id uuid not null references account, site_id uuid not null references site,
    study_instance_uid text not null, period bigint not null,
    primary key (account_id, study_instance_uid, period))`,
  `create table reading_waiver (
    site_id uuid not null references site, study_instance_uid text not null,
    account_id uuid not null references account, at timestamptz not null,
    primary key (site_id, study_instance_uid))`,
  `create table case_arrival (
    site_id uuid not null references site, study_instance_uid text not null, looked_at timestamptz not null,
    compared_at timestamptz not null, primary key (site_id, study_instance_uid))`,
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

export const ORDERS = [
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

export const REVIEWS = [
  // `json`, not `jsonb`, because it keeps the order of the questions.
  `create table review_type (
    site_id uuid not null references site, name text not null, version int not null, definition json not null,
    made_by uuid not null references account, made_at timestamptz not null, primary key (site_id, name, version))`,
  `create table review (
    id uuid primary key, site_id uuid not null references site, number int not null generated always as identity,
    case_id uuid not null references case_record on delete cascade, type_name text not null,
    type_version int not null, definition json not null, hides_finding boolean not null, state text not null,
    final_place smallint, opened_by uuid not null references account, adjudicator uuid references account,
    opened_at timestamptz not null, settled_at timestamptz)`,
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
    by_account uuid references account, to_account uuid references account, saw_hidden boolean not null default false,
    decision text, answers jsonb, sealed bytea, at timestamptz not null, primary key (review_id, id))`,
  `create index review_event_position on review_event (review_id, position)`,
];

export const EXPORTS = [
  `create table export_template (
    site_id uuid not null references site, name text not null, version int not null, definition jsonb not null,
    made_by uuid not null references account, made_at timestamptz not null, primary key (site_id, name, version))`,
  `create table export_job (
    id uuid primary key, site_id uuid not null references site, number int not null generated always as identity,
    account_id uuid not null references account, template_name text not null, template_version int not null,
    definition jsonb not null, selection jsonb not null, sealed_purpose bytea not null, state text not null,
    trouble text, found_field text, found_row int, attempt int not null default 0, done int not null default 0,
    total int not null, blob text, wrapped_key bytea, rows int, bytes bigint, sha256 text, created_at timestamptz not null,
    finished_at timestamptz, expires_at timestamptz, left_out jsonb not null default '[]')`,
  `create index export_job_number on export_job (site_id, number desc)`,
  `create index export_job_account on export_job (account_id, number desc)`,
  // The numbers of the cases in the export's file. The export ends when the first of them is deleted.
  `create table export_held (
    export_id uuid primary key references export_job on delete cascade, cases int[] not null)`,
  `create index export_held_cases on export_held using gin (cases)`,
];

export const ANNOTATIONS = [
  `create table review_annotations (
    review_id uuid not null references review on delete cascade, place smallint not null,
    account_id uuid not null references account, version int not null, request_id uuid not null,
    sealed bytea not null, last_number int not null, changed_at timestamptz not null,
    primary key (review_id, place, account_id))`,
  `create table review_report (
    review_id uuid not null references review on delete cascade, place int not null, study_instance_uid text not null,
    series_instance_uid text, sop_instance_uid text, because text,
    primary key (review_id, place, study_instance_uid))`,
  `create index review_report_study on review_report (study_instance_uid)`,
];

export const CASE_RULES_AND_SAMPLE = [
  `create table case_by_rule (
    site_id uuid not null references site, rule_name text not null, study_instance_uid text not null, at timestamptz not null,
    case_id uuid references case_record on delete set null, primary key (site_id, study_instance_uid, rule_name))`,
  `create index case_by_rule_case on case_by_rule (case_id)`,
  `create table sample_account (account_id uuid primary key references account on delete cascade, site_id uuid not null references site)`,
];
