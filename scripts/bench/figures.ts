/**
 * Dashboards over a year of 100 000 uploads of 300 000 images, 100 000 results of models and 30 000 double readings:
 * part of `npm run bench -- cases`. Each row is a question, as the page asks it.
 */
import { sql } from 'kysely';
import { DAY_MS } from '#shared/day.ts';
import { agreementOf } from '../../gateway/src/analytics/agreement.ts';
import { askedOf } from '../../gateway/src/analytics/asked.ts';
import { countModels } from '../../gateway/src/analytics/count-models.ts';
import { countOperations } from '../../gateway/src/analytics/count-operations.ts';
import { countTurnaround, countWorkload } from '../../gateway/src/analytics/count-reviews.ts';
import { countChangedDaysOfAll } from '../../gateway/src/analytics/kept-days.ts';
import { resultDays } from '../../gateway/src/analytics/result-days.ts';
import { reviewDays } from '../../gateway/src/analytics/review-days.ts';
import { uploadDays } from '../../gateway/src/analytics/upload-days.ts';
import type { Db } from '../../gateway/src/database/database.ts';
import { BUILT_IN_TYPES } from '../../gateway/src/reviews/built-in-types.ts';
import type { BenchRow } from './row.ts';

type Keeper = { readonly id: string; readonly siteId: string };

const ACCOUNTS = 20;
const REVIEWS = 30_000;
const YEAR_DAYS = 366;
/** The time between two studies, so that a year has 100 000 of them. */
const APART = sql`interval '5.25 minutes'`;

/** A study, its upload, three images and a receipt for each case; one in twenty had to wait. */
export async function addUploads(db: Db, { siteId }: Keeper): Promise<void> {
  await sql`insert into account (site_id, username, roles, password_hash)
    select ${siteId}, 'sender ' || n, '{technician}', '' from generate_series(1, ${ACCOUNTS}) n`.execute(db);
  await sql`insert into device (site_id, account_id, thumbprint, public_key, last_seen_at)
    select site_id, id, username, '{}', now() from account where username like 'sender %'`.execute(db);
  const numbered = sql`(select c.*, row_number() over (order by number) as n,
    '2.25.' || (4000000000 + number) as uid from case_record c) c`;
  const sender = sql`(select row_number() over (order by username) - 1 as n, a.id, d.id as device
    from account a join device d on d.account_id = a.id) a`;
  await sql`insert into study (site_id, account_id, study_instance_uid, state, revision, policy_name, policy_version,
      created_at, updated_at)
    select c.site_id, a.id, c.uid, 'closed', 1, 'identified', 1, now() - c.n * ${APART}, now()
    from ${numbered} join ${sender} on a.n = c.n % ${ACCOUNTS}`.execute(db);
  await sql`insert into upload (id, site_id, study_id, account_id, device_id, created_at)
    select gen_random_uuid(), s.site_id, s.id, s.account_id, d.id, s.created_at
    from study s join device d on d.account_id = s.account_id`.execute(db);
  await sql`insert into instance (site_id, study_id, sop_instance_uid, sop_class_uid, series_instance_uid,
      transfer_syntax_uid, digest, policy_name, policy_version, bytes, state, reason, revision, brought, posted_at,
      updated_at)
    select s.site_id, s.id, s.study_instance_uid || '.' || i,
      (array['1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.5.1.4.1.1.4', '1.2.840.10008.5.1.4.1.1.1.1'])[1 + s.n % 3],
      s.study_instance_uid || '.9', '1.2.840.10008.1.2.1', s.study_instance_uid, 'identified', 1, 500000 + s.n,
      case when s.n % 200 = i then 'refused' else 'stored' end, case when s.n % 200 = i then 'pacs-refused' end, 1,
      true, s.created_at, now()
    from (select study.*, row_number() over () as n from study) s, generate_series(1, 3) i`.execute(db);
  await sql`insert into upload_instance (upload_id, position, instance_id)
    select u.id, i.id, i.id from upload u join instance i on i.study_id = u.study_id`.execute(db);
  await sql`insert into receipt (id, site_id, study_id, upload_id, revision, jws, issued_at)
    select gen_random_uuid(), site_id, study_id, id, 1, '', created_at + random() * interval '20 minutes'
    from upload`.execute(db);
  await sql`insert into study_cohort select distinct site_id, study_instance_uid, (array['F', 'M'])[1 + (random())::int],
      (array['50-59', '60-69'])[1 + (random())::int] from study`.execute(db);
  // No question of this benchmark reads the hashes, so they are random.
  await sql`insert into audit (seq, site_id, at, event, fields, previous_hash, hash)
    select (select coalesce(max(seq), 0) from audit) + row_number() over (), site_id, created_at, 'study-waiting',
      jsonb_build_object('studyId', study_id, 'because', 'pacs-unreachable'), '', gen_random_uuid()::text
    from (select upload.*, row_number() over () as n from upload) u where n % 20 = 0`.execute(db);
}

/**
 * Two versions of a model examined every other study. Radiologists agreed with a third of the results and corrected a
 * third.
 */
export async function addResults(db: Db): Promise<void> {
  await sql`insert into inference_result (id, site_id, cache_key, model_id, version, model_digest, input_digest,
      study_instance_uid, finding, models, verdict, verified_finding, created_at)
    select gen_random_uuid(), s.site_id, v || s.study_instance_uid, 'pneumonia', v, '', '', s.study_instance_uid,
      jsonb_build_object('positive', s.n % 10 = 0, 'score', random(), 'input',
        jsonb_build_object('sopClassUID', '1.2.840.10008.5.1.4.1.1.1.1'), 'image',
        jsonb_build_object('kind', case when s.n % 500 = 0 then 'Hand' else 'CXR' end)), '[]',
      (array['agree', 'correct', null])[1 + (s.n / 2) % 3], 'normal', s.created_at
    from (select study.*, row_number() over () as n from study) s, unnest(array['1.0.0', '1.1.0']) v
    where s.n % 2 = 0`.execute(db);
}

export async function addReviews(db: Db, { id, siteId }: Keeper): Promise<void> {
  const [, { name, definition }] = BUILT_IN_TYPES as [unknown, (typeof BUILT_IN_TYPES)[number]];
  await sql`insert into review (id, site_id, case_id, type_name, type_version, definition, hides_finding, state,
      final_place, opened_by, opened_at, settled_at)
    select gen_random_uuid(), ${siteId}, c.id, ${name}, 1, ${JSON.stringify(definition)}::json, true,
      case when n % 10 = 0 then 'reading' else 'settled' end, 1, ${id}, at, case when n % 10 > 0 then at + interval '1 day' end
    from (select id, row_number() over (order by number) as n from case_record limit ${REVIEWS}) c,
      lateral (select now() - c.n * interval '17 minutes' as at) t`.execute(db);
  await sql`insert into review_event (review_id, id, place, version, step, by_account, decision, answers, at)
    select r.id, gen_random_uuid(), p, 1, 'sign', a.id, 'accept',
      jsonb_build_object('finding', (array['normal', 'pneumonia', 'other'])[1 + (random() * 2)::int],
        'certainty', 1 + (random() * 4)::int), r.opened_at
    from review r, generate_series(1, 2) p,
      lateral (select id from account where username = 'sender ' || (1 + (r.number + p) % ${ACCOUNTS})) a`.execute(
    db,
  );
  await sql`insert into review_place (review_id, place, version, state, account_id, assigned_at, decided_by_event, signed_at)
    select e.review_id, e.place, 1, case when r.settled_at is null then 'assigned' else 'signed' end, e.by_account, e.at,
      case when r.settled_at is not null then e.id end, r.settled_at
    from review_event e join review r on r.id = e.review_id`.execute(db);
}

type Ask = () => Promise<unknown>;
export type Asking = (name: string, ask: Ask) => Promise<BenchRow>;

export async function askFigures(db: Db, { id, siteId }: Keeper, asking: Asking): Promise<BenchRow[]> {
  const began = performance.now();
  for (const kept of [uploadDays, resultDays, reviewDays]) await countChangedDaysOfAll(db, kept);
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const now = new Date();
  const year = { from: new Date(now.getTime() - (YEAR_DAYS - 1) * DAY_MS).toISOString().slice(0, 10) };
  const yearTo = { ...year, to: now.toISOString().slice(0, 10) };
  const caller = (role: 'admin' | 'researcher') => ({ id, siteId, roles: [role] });
  const operations =
    (query: object): Ask =>
    () =>
      countOperations(db, siteId, askedOf(query, now));
  const models =
    (query: object, role: 'admin' | 'researcher' = 'admin'): Ask =>
    () =>
      countModels(db, { caller: caller(role), asked: askedOf(query, now), isGuarded: role === 'researcher' });
  const reviews =
    (query: object): Ask =>
    () =>
      Promise.all([
        countTurnaround(db, siteId, askedOf(query, now)),
        countWorkload(db, caller('admin'), askedOf(query, now)),
        agreementOf(db, caller('admin'), false),
      ]);
  const questions: Readonly<Record<string, Ask>> = {
    'figures-operations-30-days': operations({}),
    'figures-operations-a-year': operations(yearTo),
    'figures-operations-a-year-of-women': operations({ ...yearTo, sex: 'F' }),
    'figures-operations-a-year-of-ct': operations({ ...yearTo, modality: 'CT' }),
    // A study that comes in meanwhile.
    'figures-operations-today-changed': async () => {
      await sql`update upload set completed_at = now() where id = (select id from upload order by created_at desc limit 1)`.execute(
        db,
      );
      await operations({})();
    },
    'figures-models-30-days': models({}),
    'figures-models-a-year': models(yearTo),
    'figures-models-a-year-guarded': models(yearTo, 'researcher'),
    'figures-reviews-30-days': reviews({}),
    'figures-reviews-a-year': reviews(yearTo),
  };
  const rows: BenchRow[] = [{ name: 'figures-all-days-counted', seconds }];
  for (const [name, ask] of Object.entries(questions)) rows.push(await asking(name, ask));
  return rows;
}
