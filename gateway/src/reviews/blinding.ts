/**
 * Blinded readings: while an account reads a case for a review that hides what models found, it finds no result of the
 * studies of that case, over no route. As soon as it has signed, or the review ended, it does.
 */
import { sql, type RawBuilder } from 'kysely';

type Reader = { readonly id: string; readonly siteId: string };

/** Studies of the cases. Also for who gave their place away: they may be given it again. */
const blindCases = ({
  id,
  siteId,
}: Reader): RawBuilder<unknown> => sql`case_study bs join review b on b.case_id = bs.case_id
  where bs.site_id = ${siteId} and b.state = 'reading' and b.hides_finding
    and exists (select 1 from review_event be where be.review_id = b.id and be.to_account = ${id})
    and not exists (select 1 from review_place bp
      where bp.review_id = b.id and bp.account_id = ${id} and bp.state = 'signed')`;

/** A condition on `uid`, a Study Instance UID in the query. */
export const isBlindTo = (reader: Reader, uid: RawBuilder<unknown>): RawBuilder<boolean> =>
  sql`exists (select 1 from ${blindCases(reader)} and bs.study_instance_uid = ${uid})`;

/** In place of a table: all of these studies, each with its `uid`. */
export const blindStudies = (reader: Reader): RawBuilder<unknown> =>
  sql`(select bs.study_instance_uid as uid from ${blindCases(reader)})`;

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
