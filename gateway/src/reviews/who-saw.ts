/**
 * Finds the accounts that are no longer blind to a review because they were told what is hidden from its readers.
 * Readings of its case, of other cases with its studies, and of results count. Lists show results and marks too, but
 * they are seen by everybody and not recorded, so they do not count.
 */
import { sql, type RawBuilder } from 'kysely';
import type { Db } from '../database/database.ts';
import { FREE_PLACE, IS_BLINDED, isOfReaders, writtenIn } from '../findings/blinding.ts';
import { MARKED_EARLY } from '../pipeline/stores/triage.store.ts';
import { eventsOf, type ReviewRow } from '../findings/review.store.ts';

/** A reading of a case is recorded only once per quarter of an hour, so a later reading may have no event. */
const UNRECORDED = sql`interval '15 minutes'`;

/** Used instead of a table: the ids of the case and of all other cases with one of its studies. */
const casesBeside = (
  caseId: RawBuilder<unknown>,
): RawBuilder<unknown> => sql`(select ${caseId} union select c.case_id
  from case_study s join case_study c on c.site_id = s.site_id and c.study_instance_uid = s.study_instance_uid
  where s.case_id = ${caseId}) beside (id)`;

/** Events `e` in which the account read the case or one beside it. */
const isReading = (caseId: RawBuilder<unknown>, account: RawBuilder<unknown>): RawBuilder<boolean> =>
  sql`(e.fields ? 'caseId' and e.fields->>'caseId' in (select id::text from ${casesBeside(caseId)}) and e.event = 'case-read'
    and e.fields->>'by' = ${account}::text)`;

/**
 * The account read a result of one of the case's studies, or its report. An account that is blind cannot read either.
 */
const readResult = (caseId: RawBuilder<unknown>, account: RawBuilder<unknown>): RawBuilder<boolean> =>
  sql`exists (select 1 from case_study s where s.case_id = ${caseId} and (
    exists (select 1 from reading d where d.site_id = s.site_id and d.account_id = ${account}
      and d.study_instance_uid = s.study_instance_uid and d.kind = 'reports')
    or exists (select 1 from audit d where d.fields ? 'studyInstanceUID' and not d.fields ? 'studyId'
      and d.fields->>'studyInstanceUID' = s.study_instance_uid and d.site_id = s.site_id and d.event = 'records-read'
      and d.fields->>'accountId' = ${account}::text and (d.fields->>'reports')::int > 0)))`;

/** Exports `j` with the case, or one beside it: as far as the account was not blind to it. */
const isExport = (caseId: RawBuilder<unknown>, account: RawBuilder<unknown>): RawBuilder<boolean> =>
  sql`(j.account_id = ${account} and exists (select 1 from export_held h where h.export_id = j.id and h.cases && array(
      select c.number from case_record c where c.id in (select id from ${casesBeside(caseId)}))))`;
const TELLING = ['finding', 'scores', 'positives', 'verdicts', 'correctedFindings', 'bodyParts'];
/** Export `j` reveals results, by its fields or by the filter that chose its cases. */
const TELLS_RESULTS = sql`(j.definition->'fields' ?| ${[...TELLING]}::text[]
  or j.definition->>'format' = 'dicom' or j.selection->'filter' ?| array['finding', 'bodyPart'])`;

/**
 * Returns those of the accounts that had a model look at a study of the case, judged its finding, or read a result. An
 * account also counts if, before `since`, it opened or exported the case or one beside it while a result or a mark for
 * early reading was in it.
 */
export async function whoSawFinding(
  db: Db,
  { caseId, since }: { readonly caseId: string; readonly since: Date },
  accountIds: readonly string[],
): Promise<ReadonlySet<string>> {
  // A mark for early reading is a finding too, and exists as long as its study.
  const marked = sql`(select min(s.created_at) from ${MARKED_EARLY} and exists (select 1 from case_study c
    where c.site_id = s.site_id and c.study_instance_uid = s.study_instance_uid and c.case_id = ${caseId}))`;
  const found = sql`(select min(at) from (
    select r.created_at as at from case_study c join inference_result r
      on r.site_id = c.site_id and r.study_instance_uid = c.study_instance_uid where c.case_id = ${caseId}
    union all select ${marked}) first)`;
  const results = sql`case_study s join inference_result r
    on r.site_id = s.site_id and r.study_instance_uid = s.study_instance_uid where s.case_id = ${caseId}`;
  const of = [sql`${caseId}::uuid`, sql`a.id`] as const;
  const { rows } = await sql<{
    id: string;
  }>`select a.id from account a where a.id = any(${[...accountIds]}::uuid[])
    and (exists (select 1 from ${results} and r.verified_by = a.id)
      or exists (select 1 from ${results} and exists (select 1 from result_request q
        where q.result_id = r.id and q.account_id = a.id))
      or ${readResult(...of)}
      or exists (select 1 from audit e where ${isReading(...of)} and e.at < ${since}
        and e.at + ${UNRECORDED} >= ${found})
      or exists (select 1 from export_job j where ${isExport(...of)} and j.finished_at < ${since}
        and (${TELLS_RESULTS} and j.finished_at >= (select min(r.created_at) from ${results})
          or j.selection->'filter' ? 'early' and ${marked} is not null)))`.execute(db);
  return new Set(rows.map(({ id }) => id));
}

/**
 * Returns those of the accounts that opened the case, or one beside it, while no place of the review was free, because
 * nothing was hidden from them at that time. They count only if there was something that is hidden from readers.
 */
export async function whoSawWhileTaken(
  db: Db,
  { id: reviewId, case_id: caseId, hides_finding }: Pick<ReviewRow, 'id' | 'case_id' | 'hides_finding'>,
  accountIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const written = (
    table: string,
  ) => sql`exists (select 1 from ${sql.table(table)} w where w.case_id::text = e.fields->>'caseId'
    and w.by_account <> a.id and w.at < e.at + ${UNRECORDED} and ${isOfReaders(writtenIn('w'))})`;
  const found = sql`(exists (select 1 from ${MARKED_EARLY} and exists (select 1 from case_study c
      where c.site_id = s.site_id and c.study_instance_uid = s.study_instance_uid and c.case_id = b.case_id))
    or exists (select 1 from case_study s join inference_result r
    on r.site_id = s.site_id and r.study_instance_uid = s.study_instance_uid
    where s.case_id = b.case_id and r.created_at < e.at + ${UNRECORDED}))`;
  const { rows } = await sql<{
    id: string;
  }>`select a.id from account a where a.id = any(${[...accountIds]}::uuid[])
    and exists (select 1 from review b, audit e where b.id = ${reviewId} and ${IS_BLINDED}
      and ${isReading(sql`${caseId}::uuid`, sql`a.id`)} and not exists (${FREE_PLACE})
      and e.at > (select max(first) from (select min(ev.at) as first from review_event ev
        where ev.review_id = b.id and ev.step = 'assign' group by ev.place) taken) - ${UNRECORDED}
      and (${written('case_note')} or ${written('case_attachment')}
        ${hides_finding ? sql`or ${found}` : sql``}))`.execute(db);
  return new Set(rows.map(({ id }) => id));
}

/** Returns those of the accounts that may have seen what is hidden from readers of the review. */
export async function whoSawHidden(
  db: Db,
  review: ReviewRow,
  accountIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (review.state !== 'reading') return new Set();
  // A person may take back a place that they held before.
  const had = new Set((await eventsOf(db, review.id)).map(({ to_account }) => to_account));
  const ids = accountIds.filter((id) => !had.has(id));
  const of = { caseId: review.case_id, since: review.opened_at };
  const saw = review.hides_finding ? await whoSawFinding(db, of, ids) : new Set<string>();
  return new Set([...saw, ...(await whoSawWhileTaken(db, review, ids))]);
}
