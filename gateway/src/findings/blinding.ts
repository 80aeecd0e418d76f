/**
 * Blinded readings. While an account reads a case for a review, or may take a place in it, no route shows it what other
 * readers have written or judged since the first review of the case began. If the review hides what models found, no
 * result of the case's studies is shown either. Everything is shown as soon as the account has signed or the review has
 * ended.
 */
import { sql, type RawBuilder } from 'kysely';
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import { REVIEWERS } from '#shared/protocol/reviews.ts';
import type { Db } from '../database/database.ts';
import type { Caller } from '../http/route.ts';
import { RESULTS_POLICY } from '../policies/policies.ts';

type Reader = Pick<Caller, 'id' | 'siteId' | 'roles'>;

export const mayRead = ({ roles }: Pick<Reader, 'roles'>): boolean =>
  roles.some((role) => REVIEWERS.includes(role));

/**
 * Reviews under way that the account is to read without help. This includes accounts that gave their place away,
 * because they may get it again, and everybody who may take a free place.
 */
const blindReviews = ({
  id,
  siteId,
  roles,
}: Reader): RawBuilder<unknown> => sql`review b where b.site_id = ${siteId} and b.state = 'reading'
    and (exists (select 1 from review_event be where be.review_id = b.id and be.to_account = ${id})
      ${mayRead({ roles }) ? sql`or exists (${FREE_PLACE})` : sql``})
    and not exists (select 1 from review_place bp
      where bp.review_id = b.id and bp.account_id = ${id} and bp.state = 'signed')`;

export const FREE_PLACE = sql`select 1 from review_place bf where bf.review_id = b.id and bf.state = 'open'`;

/** The studies of the cases in those reviews that hide what models found. */
const blindCases = (reader: Reader): RawBuilder<unknown> =>
  sql`case_study bs where bs.site_id = ${reader.siteId} and bs.case_id in
    (select b.case_id from ${blindReviews(reader)} and b.hides_finding)`;

/** A condition on `uid`, a Study Instance UID in the query: results of the study are hidden from the reader. */
export const isBlindTo = (reader: Reader, uid: RawBuilder<unknown>): RawBuilder<boolean> =>
  sql`exists (select 1 from ${blindCases(reader)} and bs.study_instance_uid = ${uid})`;

export async function isBlindToStudy(db: Db, reader: Reader, studyInstanceUID: string): Promise<boolean> {
  const isBlind = isBlindTo(reader, sql`${studyInstanceUID}`);
  const { rows } = await sql<{ is: boolean }>`select ${isBlind} as is`.execute(db);
  return rows[0]!.is;
}

/** Used instead of a table: all studies whose results are hidden from the reader, each with its `uid`. */
export const blindStudies = (reader: Reader): RawBuilder<unknown> =>
  sql`(select bs.study_instance_uid as uid from ${blindCases(reader)})`;

/** SQL expressions for something that a person wrote or attached. */
type Written = Readonly<Record<'caseId' | 'by' | 'at', RawBuilder<unknown>>>;

/** The columns of a table of notes or attachments. */
export const writtenIn = (table: string): Written => ({
  caseId: sql.ref(`${table}.case_id`),
  by: sql.ref(`${table}.by_account`),
  at: sql.ref(`${table}.at`),
});

/** This case, and all cases with one of its studies. */
const sharing = (
  caseId: RawBuilder<unknown>,
): RawBuilder<unknown> => sql`(select ${caseId} union select bc.case_id
  from case_study bo join case_study bc on bc.site_id = bo.site_id and bc.study_instance_uid = bo.study_instance_uid
  where bo.case_id = ${caseId})`;

/**
 * Whether the case is the one of review `b`, or has one of its studies. It is asked this way round because a site has
 * many reviews under way, and a case few studies.
 */
const isOfReviewed = (caseId: RawBuilder<unknown>): RawBuilder<boolean> =>
  sql`b.case_id in ${sharing(caseId)}`;

/** All reviews, including `b` itself and earlier rounds, of the same case or of cases with its studies. */
const ROUNDS = sql`review br where br.case_id in ${sharing(sql`b.case_id`)}`;

/**
 * Whether it was written since the first of the rounds of review `b` began, by somebody who reads or has read in one of
 * these rounds, or who may become a reader.
 */
export const isOfReaders = ({ by, at }: Written): RawBuilder<boolean> =>
  sql`(exists (select 1 from ${ROUNDS} and br.opened_at <= ${at})
  and (exists (select 1 from account ba where ba.id = ${by} and ba.roles && ${[...REVIEWERS]}::text[])
    or exists (select 1 from ${ROUNDS} and exists (select 1 from review_event bw
      where bw.review_id = br.id and bw.to_account = ${by}))))`;

/** Whether findings of models, or the other readers, are hidden from the readers of review `b`. */
export const IS_BLINDED = sql`(b.hides_finding
  or exists (select 1 from review_place bm where bm.review_id = b.id and bm.place > 1))`;

/** A condition: another reader wrote it, and this account is to read the review without it. */
export const isHiddenWriting = (reader: Reader, written: Written): RawBuilder<boolean> =>
  sql`(${written.by} <> ${reader.id} and exists (select 1 from ${blindReviews(reader)} and ${IS_BLINDED}
    and ${isOfReviewed(written.caseId)} and ${isOfReaders(written)}))`;

/**
 * A condition: one of the readers of a review wrote it, and this account is the adjudicator of the review or may take
 * that place. The adjudicator sees the text, but not who wrote it.
 */
export const isNameless = ({ id, siteId, roles }: Reader, { caseId, by }: Omit<Written, 'at'>) =>
  sql<boolean>`(${by} <> ${id} and exists (select 1 from review b where b.site_id = ${siteId}
    and b.state = 'adjudication' and ${isOfReviewed(caseId)}
    and exists (select 1 from review_place bp where bp.review_id = b.id and bp.place = ${ADJUDICATOR}
      and (bp.account_id = ${id} ${mayRead({ roles }) ? sql`or bp.state = 'open'` : sql``}))
    and not exists (select 1 from review_place bo where bo.review_id = b.id and bo.place <> ${ADJUDICATOR}
      and bo.account_id = ${id})
    and exists (select 1 from review_event bw where bw.review_id = b.id and bw.to_account = ${by})))`;

/**
 * A condition on `uid`, a Study Instance UID in the query: the account is to read the study without the verdicts of
 * others.
 */
const isReadWithoutVerdicts = (reader: Reader, uid: RawBuilder<unknown>): RawBuilder<boolean> =>
  sql`exists (select 1 from ${blindReviews(reader)} and ${IS_BLINDED} and exists (select 1 from case_study bs
    where bs.case_id = b.case_id and bs.site_id = b.site_id and bs.study_instance_uid = ${uid}))`;

/**
 * A condition on a result (`result`: the name of its table): somebody else judged it, and this account may not know the
 * verdict.
 */
export const isHiddenVerdict = (reader: Reader, result: 'inference_result' | 'r'): RawBuilder<boolean> =>
  sql<boolean>`(${sql.ref(`${result}.verified_by`)} is distinct from ${reader.id}
    and ${isReadWithoutVerdicts(reader, sql.ref(`${result}.study_instance_uid`))})`;

/** Returns the ids of those results that the account is to read without the verdicts of others. */
export async function readWithoutVerdicts(
  db: Db,
  reader: Reader,
  resultIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ id: string }>`select r.id from inference_result r
    where r.id = any(${[...resultIds]}::uuid[])
      and ${isReadWithoutVerdicts(reader, sql`r.study_instance_uid`)}`.execute(db);
  return new Set(rows.map(({ id }) => id));
}

/**
 * A condition on `review` in the query: its outcome is hidden, because others settled it and this account is still to
 * read the case.
 */
export const isHiddenOutcome = (reader: Reader): RawBuilder<boolean> => sql<boolean>`(review.state = 'settled'
  and not exists (select 1 from review_place bp where bp.review_id = review.id and bp.account_id = ${reader.id})
  and exists (select 1 from ${blindReviews(reader)} and ${IS_BLINDED} and ${isOfReviewed(sql`review.case_id`)}))`;

/**
 * The SOP Instance UIDs in these studies of objects that models and earlier readers made, and that are hidden from this
 * account.
 */
export async function hiddenInstances(
  db: Db,
  reader: Reader,
  studyInstanceUIDs: readonly string[],
): Promise<ReadonlySet<string>> {
  const ofReview = sql`select 1 from review_report join review on review.id = review_report.review_id
    where review_report.sop_instance_uid = i.sop_instance_uid and ${isHiddenOutcome(reader)}`;
  const { rows } = await sql<{ uid: string }>`select distinct i.sop_instance_uid as uid
    from study s join instance i on i.study_id = s.id
    where s.site_id = ${reader.siteId} and s.study_instance_uid = any(${[...studyInstanceUIDs]})
      and i.policy_name = ${RESULTS_POLICY.name}
      and (${isBlindTo(reader, sql`s.study_instance_uid`)} or exists (${ofReview}))`.execute(db);
  return new Set(rows.map(({ uid }) => uid));
}

/**
 * Whether a blinded reading of the case is under way. All radiologists see its title, tags, priority and due date, so
 * nobody who may read can change these meanwhile.
 */
export async function isReadBlinded(db: Db, { siteId }: Reader, caseId: string): Promise<boolean> {
  const { rows } = await sql<{ is: boolean }>`select exists (select 1 from review b
    where b.site_id = ${siteId} and b.state = 'reading' and ${IS_BLINDED}
      and ${isOfReviewed(sql`${caseId}::uuid`)}) as is`.execute(db);
  return rows[0]!.is;
}

/**
 * A condition on `audit` in the query: the event would tell this account about somebody else's reading before the
 * review is settled. `assigns`: the account assigns readers, so events are hidden only for reviews that it reads
 * itself.
 */
export const isHiddenReading = ({ id }: Reader, assigns: boolean): RawBuilder<boolean> => sql`(
  audit.fields ? 'caseId' and audit.event in (${sql.join(READINGS)}) and audit.fields->>'by' is distinct from ${id}
  and exists (select 1 from review hr where hr.case_id::text = audit.fields->>'caseId'
    and hr.state in ('reading', 'adjudication')
    and ${assigns ? sql`exists (select 1 from review_place hp where hp.review_id = hr.id and hp.account_id = ${id})` : sql`true`}))`;

/**
 * A condition on a case: it, or another case with one of its studies, is under review, and this account may not know
 * the readers. An administrator may know them, unless they are or may become one of them.
 */
const mayNotKnowReaders = (
  { id, siteId, roles }: Reader,
  caseId: RawBuilder<unknown>,
): RawBuilder<boolean> => {
  const isParty = sql`exists (select 1 from review_event be where be.review_id = b.id and be.to_account = ${id})
    ${mayRead({ roles }) ? sql`or exists (${FREE_PLACE})` : sql``}`;
  return sql`exists (select 1 from review b where b.site_id = ${siteId} and b.state in ('reading', 'adjudication')
    and ${isOfReviewed(caseId)} ${roles.includes('admin') ? sql`and (${isParty})` : sql``})`;
};

export async function isKeptFromReaders(db: Db, reader: Reader, caseId: string): Promise<boolean> {
  const { rows } = await sql<{ is: boolean }>`select
    ${mayNotKnowReaders(reader, sql`${caseId}::uuid`)} as is`.execute(db);
  return rows[0]!.is;
}

/**
 * A condition on `audit` in the query: the event is about something that another reader wrote and that is hidden from
 * this account.
 */
export const isHiddenWritingEvent = (reader: Reader): RawBuilder<boolean> => sql`(audit.fields ? 'caseId'
  and audit.event in (${sql.join(WRITINGS)}) and ${isHiddenWriting(reader, {
    caseId: sql`(audit.fields->>'caseId')::uuid`,
    by: sql`(audit.fields->>'by')::uuid`,
    at: sql`audit.at`,
  })})`;

const WRITINGS = [
  ...(['case-noted', 'case-attached', 'case-attachment-removed'] as const),
  ...(['case-changed', 'case-closed', 'case-reopened'] as const),
];

/** Reading the case is included, because an account that opens it at this time is probably the other reader. */
const READINGS = ['review-assigned', 'review-decided', 'review-signed', 'case-read', 'case-patients-read'];
