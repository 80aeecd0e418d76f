/**
 * Blinded readings: while an account reads a case for a review that hides what models found, it finds no result of the
 * studies of that case, over no route. As soon as it has signed, or the review ended, it does.
 */
import { sql, type RawBuilder } from 'kysely';

type Reader = { readonly id: string; readonly siteId: string };

/** A condition on `uid`, a Study Instance UID in the query. */
export const isBlindTo = (
  { id, siteId }: Reader,
  uid: RawBuilder<unknown>,
): RawBuilder<boolean> => sql`exists (
  select 1 from review_place bp join review b on b.id = bp.review_id join case_study bs on bs.case_id = b.case_id
  where bp.account_id = ${id} and bp.state in ('assigned', 'decided') and b.state = 'reading' and b.hides_finding
    and bs.site_id = ${siteId} and bs.study_instance_uid = ${uid})`;

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
