/** The work of models, and figures. Types: inference-tables.ts, analytics-tables.ts. */

export const INFERENCE = [
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
    models jsonb not null, disagreement jsonb, run_answer text, verdict text, verified_finding text, verified_at
    timestamptz, verified_by uuid references account, sealed_reason bytea, revision int not null default
    1, created_at timestamptz not null, unique (site_id, cache_key))`,
  `create index inference_result_period on inference_result (site_id, created_at desc, id desc)`,
  `create index inference_result_model on inference_result (site_id, model_id, created_at desc)`,
  `create index inference_result_study on inference_result (site_id, study_instance_uid, created_at desc)`,
  `create index inference_result_run on inference_result (site_id, run_answer, created_at desc, id desc)
     where run_answer is not null`,
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

export const ANALYTICS = [
  `create table study_cohort (site_id uuid not null references site, study_instance_uid text not null, sex text,
    age_band text, primary key (site_id, study_instance_uid))`,
  `create table privacy_budget (site_id uuid not null references site, data_set text not null, role text not null,
    month text not null, queries int not null, primary key (site_id, data_set, role, month))`,
  `create table private_answer (site_id uuid not null references site, data_set text not null, role text not null,
    month text not null, question text not null, answer jsonb not null,
    primary key (site_id, data_set, role, month, question))`,
  `create index upload_period on upload (site_id, created_at) where account_id is not null`,
  // The figures of models are read from the index alone, because a finding is long.
  `alter table inference_result
    add score double precision generated always as ((finding->>'score')::double precision) stored,
    add positive boolean generated always as ((finding->>'positive')::boolean) stored,
    add image_kind text generated always as (finding->'image'->>'kind') stored,
    add sop_class_uid text generated always as (finding->'input'->>'sopClassUID') stored,
    add differs boolean not null generated always as (disagreement is not null) stored`,
  `create index inference_result_figures on inference_result (site_id, created_at)
    include (id, model_id, version, score, positive, differs, verdict, verified_finding, study_instance_uid,
      sop_class_uid)`,
  `create index inference_result_kind on inference_result (site_id, image_kind, study_instance_uid)`,
  `create index review_settled on review (site_id, settled_at) include (type_name, opened_at, case_id) where state = 'settled'`,
  `create index review_opened on review (site_id, opened_at) where state in ('settled', 'adjudication')`,
  `create index review_of_type on review (site_id, type_name, type_version, number)`,
  `create index review_place_signed on review_place (account_id, signed_at) include (assigned_at, review_id)
    where signed_at is not null`,
];

/** The column of `r` whose day is marked. */
const TIMES = { upload_day: 'created_at', result_day: 'created_at', review_day: 'opened_at' } as const;
type KeptTable = keyof typeof TIMES;
type Counted = { readonly from: string; readonly when: readonly ('insert' | 'update' | 'delete')[] };
const ALWAYS = ['insert', 'update', 'delete'] as const;
const OF_ACCOUNTS = 'where r.account_id is not null';
const OF_STUDY = `join upload r on r.study_id = c.study_id ${OF_ACCOUNTS}`;

/**
 * By table of days, then by table from which its figures are computed. `from`: the rows `r` whose figures include a
 * changed row (`changed` contains the rows of the statement). `when`: the changes that count.
 */
const COUNTED_ROWS: Readonly<Record<KeptTable, Readonly<Record<string, Counted>>>> = {
  upload_day: {
    upload: { from: `changed r ${OF_ACCOUNTS}`, when: ALWAYS },
    instance: { from: `changed c ${OF_STUDY}`, when: ALWAYS },
    receipt: { from: `changed c ${OF_STUDY}`, when: ['insert', 'delete'] },
    study_cohort: {
      from: `changed c join study s on s.site_id = c.site_id and s.study_instance_uid = c.study_instance_uid
        join upload r on r.study_id = s.id ${OF_ACCOUNTS}`,
      when: ALWAYS,
    },
  },
  result_day: {
    inference_result: { from: 'changed r', when: ALWAYS },
    study_cohort: {
      from: `changed c join inference_result r
        on r.site_id = c.site_id and r.study_instance_uid = c.study_instance_uid`,
      when: ALWAYS,
    },
  },
  // Events of a review never change; those that count are referenced by its places.
  review_day: {
    review: { from: 'changed r', when: ALWAYS },
    review_place: { from: 'changed c join review r on r.id = c.review_id', when: ALWAYS },
    case_study: { from: 'changed c join review r on r.case_id = c.case_id', when: ['insert', 'delete'] },
    inference_result: {
      from: `changed c
        join case_study s on s.site_id = c.site_id and s.study_instance_uid = c.study_instance_uid
        join review r on r.case_id = s.case_id`,
      when: ALWAYS,
    },
  },
};

const marking = (days: KeptTable, name: string, from: string): string =>
  `create function ${name}() returns trigger language plpgsql as $$ begin
    insert into ${days}_changed (site_id, day)
      select distinct r.site_id, (r.${TIMES[days]} at time zone 'UTC')::date from ${from};
    return null; end $$`;

/**
 * Figures of uploads, results and reviews are stored by day. A change marks its day in its own transaction, and the day
 * is computed again before it is reported. Marks are only ever added, so no sender waits for another.
 */
export const KEPT_DAYS = [
  ...(Object.keys(TIMES) as KeptTable[]).flatMap((days) => [
    `create table ${days} (site_id uuid not null references site, day date not null, facts json not null,
      primary key (site_id, day))`,
    // Rows are read whole, many at once; decompressing them would take longer than reading.
    `alter table ${days} alter column facts set storage external`,
    `create table ${days}_changed (site_id uuid not null, day date not null)`,
    ...Object.entries(COUNTED_ROWS[days]).flatMap(([table, { from, when }]) => [
      marking(days, `mark_${days}_of_${table}`, from),
      ...when.map(
        (happens) => `create trigger mark_${days}_${happens} after ${happens} on ${table}
          referencing ${happens === 'delete' ? 'old' : 'new'} table as changed
          for each statement execute function mark_${days}_of_${table}()`,
      ),
    ]),
  ]),
  marking(
    'upload_day',
    'mark_upload_day_of_event',
    `upload r where r.study_id = case when new.fields->>'studyId' ~ '^[0-9a-f-]{36}$'
      then (new.fields->>'studyId')::uuid end and r.account_id is not null`,
  ),
  `create trigger mark_upload_day after insert on audit for each row
    when (new.event in ('study-waiting', 'instances-lost')) execute function mark_upload_day_of_event()`,
];
