/**
 * Blinded readings: while an account reads a case for a review that hides what models found, or may take a place in
 * it, it finds no result of the studies of that case, over no route. As soon as it has signed, or the review ended, it
 * does.
 */
import { sql, type RawBuilder } from 'kysely';
import { REVIEWERS } from '#shared/protocol/reviews.ts';
import type { Db } from '../database/database.ts';
import type { Caller } from '../http/route.ts';

type Reader = Pick<Caller, 'id' | 'siteId' | 'roles'>;

/**
 * Studies of the cases. Also for who gave their place away, because they may be given it again; and for everybody who
 * may take a place that is free.
 */
const blindCases = ({
  id,
  siteId,
  roles,
}: Reader): RawBuilder<unknown> => sql`case_study bs join review b on b.case_id = bs.case_id
  where bs.site_id = ${siteId} and b.state = 'reading' and b.hides_finding
    and (exists (select 1 from review_event be where be.review_id = b.id and be.to_account = ${id})
      ${roles.some((role) => REVIEWERS.includes(role)) ? sql`or exists (${FREE_PLACE})` : sql``})
    and not exists (select 1 from review_place bp
      where bp.review_id = b.id and bp.account_id = ${id} and bp.state = 'signed')`;

const FREE_PLACE = sql`select 1 from review_place bf where bf.review_id = b.id and bf.state = 'open'`;

/** A condition on `uid`, a Study Instance UID in the query. */
export const isBlindTo = (reader: Reader, uid: RawBuilder<unknown>): RawBuilder<boolean> =>
  sql`exists (select 1 from ${blindCases(reader)} and bs.study_instance_uid = ${uid})`;

/** In place of a table: all of these studies, each with its `uid`. */
export const blindStudies = (reader: Reader): RawBuilder<unknown> =>
  sql`(select bs.study_instance_uid as uid from ${blindCases(reader)})`;

/**
 * Of these accounts: those that had a model look at a study of the case, judged what it found, or opened the case with
 * a result in it before `since`.
 */
export async function whoSawFinding(
  db: Db,
  { caseId, since }: { readonly caseId: string; readonly since: Date },
  accountIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const results = sql`case_study s join inference_result r
    on r.site_id = s.site_id and r.study_instance_uid = s.study_instance_uid where s.case_id = ${caseId}`;
  const { rows } = await sql<{
    id: string;
  }>`select a.id from account a where a.id = any(${[...accountIds]}::uuid[])
    and (exists (select 1 from ${results} and r.verified_by = a.id)
      or exists (select 1 from ${results} and exists (select 1 from result_request q
        where q.result_id = r.id and q.account_id = a.id))
      or exists (select 1 from audit e where e.fields ? 'caseId' and e.fields->>'caseId' = ${caseId}
        and e.event = 'case-read' and e.fields->>'by' = a.id::text and e.at < ${since}
        and e.at >= (select min(r.created_at) from ${results})))`.execute(db);
  return new Set(rows.map(({ id }) => id));
}

/**
 * A condition on `audit` in the query: it tells this account of somebody else's reading before the review is settled.
 * `assigns`: the account assigns readers; only readings of reviews that it reads itself are kept from it.
 */
export const isHiddenReading = ({ id }: Reader, assigns: boolean): RawBuilder<boolean> => sql`(
  audit.fields ? 'caseId' and audit.event in (${sql.join(READINGS)}) and audit.fields->>'by' is distinct from ${id}
  and exists (select 1 from review hr where hr.case_id::text = audit.fields->>'caseId'
    and hr.state in ('reading', 'adjudication')
    and ${assigns ? sql`exists (select 1 from review_place hp where hp.review_id = hr.id and hp.account_id = ${id})` : sql`true`}))`;

/** An account that opens the case meanwhile is likely to be its other reader. */
const READINGS = ['review-assigned', 'review-decided', 'review-signed', 'case-read', 'case-patients-read'];
