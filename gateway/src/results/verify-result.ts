/**
 * Stores the radiologist's verdict as the next revision of the result, then sends the PACS a new version of its
 * report, complete and verified. The request does the first part. A job does the second, and is repeated until the
 * report is on its way or cannot be sent, which its state then says.
 */
import { Problem } from '#shared/protocol/problem.ts';
import { asMeant, isAgainst } from '#shared/protocol/verdict-judgement.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Db, Trx } from '../database/database.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Caller } from '../http/route.ts';
import { fetchWhole } from '../images/study-images.ts';
import type { Log } from '../observability/log.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import { standingReviews } from '../findings/compare-outcomes.ts';
import { VERIFIED_QUEUE, type ResultSender, type VerifiedReport } from './deliver-result.ts';
import { insertResultInstances, instancesOfResults } from './result-instance.store.ts';
import { lockResult, setVerification, type ResultRow, type Verification } from './result.store.ts';
import { hasSeenImage } from './result-view.store.ts';
import type { ReasonSeal } from './seal-reason.ts';

type Verdict = {
  readonly verdict: 'agree' | 'correct';
  readonly finding?: string | undefined;
  readonly reason?: string | undefined;
};
export type VerifyTools = {
  readonly db: Db;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly seal: ReasonSeal;
  readonly now: () => Date;
};

/**
 * Stores a verdict. A correction to what the model itself said counts as agreement.
 * @throws Problem not-found; image-not-shown; review-stands if a signed review says otherwise; result-changed if the
 * result is no longer at this revision.
 */
export async function verifyResult(
  { id, revision }: { readonly id: string; readonly revision: number },
  said: Verdict,
  caller: Caller,
  { db, jobs, seal, now }: VerifyTools,
): Promise<void> {
  const { siteId, id: by } = caller;
  await db.transaction().execute(async (trx) => {
    const result = await lockResult(trx, siteId, id);
    if (result === undefined) throw new Problem('not-found');
    if (!(await hasSeenImage(trx, { resultId: id, accountId: by }))) throw new Problem('image-not-shown');
    const { study_instance_uid: uid, finding: found } = result;
    const reviews = await standingReviews(trx, siteId, uid === null ? [] : [uid], null);
    if (isAgainst(said, found, reviews.get(uid!) ?? null)) throw new Problem('review-stands');
    // A review that stands also made the newer revision, and no verdict on that one would do.
    if (result.revision !== revision) throw new Problem('result-changed');
    const reason = said.reason?.trim() ?? '';
    const { verdict, finding = null } = said;
    const sealedReason = reason === '' ? null : seal.seal(id, reason);
    await keepVerdict(trx, result, { verdict, finding, sealedReason, by, now: now() }, jobs);
  });
}

/** Stores, in one transaction, the next revision of a locked result, the job that sends its report, and the event. */
export async function keepVerdict(
  trx: Trx,
  result: ResultRow,
  judged: Verification,
  jobs: VerifyTools['jobs'],
): Promise<void> {
  const said = asMeant(judged, result.finding);
  const { id: resultId, site_id: siteId, study_instance_uid: studyInstanceUID } = result;
  const { verdict, by, now } = said;
  const revision = await setVerification(trx, result, said);
  if (studyInstanceUID !== null)
    await jobs.enqueue(trx, VERIFIED_QUEUE, { siteId, resultId } satisfies VerifiedReport, { key: resultId });
  // The trail has words of its own, because "verdict: correct" would read as if the model had been correct.
  const told = verdict === 'agree' ? 'agreed' : 'corrected';
  const event = {
    event: 'result-verified',
    resultId,
    studyInstanceUID,
    verdict: told,
    revision,
    by,
  } as const;
  await recordAudit(trx, siteId, event, now);
}

export type ReportTools = {
  readonly db: Db;
  readonly pacs: Pick<Pacs, 'fetchInstance'>;
  readonly road: ResultSender;
  readonly seal: ReasonSeal;
  readonly log: Log;
};

/**
 * Sends the report of the current revision. A result whose source is not in the PACS (it came as a file) has no
 * report. Throws PacsUnreachable.
 */
export async function sendVerifiedReport(
  { siteId, resultId }: VerifiedReport,
  { db, pacs, road, seal, log }: ReportTools,
  signal: AbortSignal,
): Promise<void> {
  const result = await db
    .selectFrom('inference_result')
    .selectAll()
    .where('id', '=', resultId)
    .where('site_id', '=', siteId)
    .executeTakeFirst();
  const where = result && sourceOf(result);
  if (result === undefined || result.verdict === null || !where) return;
  const there = (await instancesOfResults(db, [resultId])).get(resultId) ?? [];
  // If the first revision is not on its way yet, `deliverResult` requests this report once it is.
  if (there.length === 0 || there.some((one) => one.kind === 'SR' && one.revision === result.revision))
    return;
  const source = await fetchWhole(pacs, where, signal).catch((error: unknown) => {
    // The PACS no longer has the image, or has one that is too large. A report can then never join it, however often
    // the job is tried.
    if (error instanceof Problem) log({ event: 'verified-report-left-out', resultId, because: error.code });
    else throw error;
  });
  if (source === undefined) return;
  const kinds = (['SEG', 'SC'] as const).filter((kind) => there.some((one) => one.kind === kind));
  const reviews = await standingReviews(db, siteId, [where.studyInstanceUID], null);
  const report = {
    result,
    kinds,
    said: {
      verdict: result.verdict,
      finding: result.verified_finding,
      reason: result.sealed_reason && seal.open(resultId, result.sealed_reason),
      accountId: result.verified_by!,
      at: result.verified_at!,
      isDisputed: reviews.get(where.studyInstanceUID)?.positive === null,
      revision: result.revision,
      follows: Math.max(1, ...there.filter(({ kind }) => kind === 'SR').map(({ revision }) => revision)),
    },
  };
  const sent = await road.sendVerified(report, source, signal);
  await db.transaction().execute((trx) => insertResultInstances(trx, resultId, result.revision, sent));
  const listed = (await instancesOfResults(db, [resultId]))
    .get(resultId)
    ?.find((one) => one.kind === 'SR' && one.revision === result.revision);
  if (listed?.state === 'refused')
    log({ event: 'verified-report-left-out', resultId, because: 'conflicting-instance' });
}

/** Where the PACS has the examined image; null: it came as a file. */
export function sourceOf({
  study_instance_uid,
  series_instance_uid,
  sop_instance_uid,
}: ResultRow): { studyInstanceUID: string; seriesInstanceUID: string; sopInstanceUID: string } | null {
  if (study_instance_uid === null || series_instance_uid === null || sop_instance_uid === null) return null;
  return {
    studyInstanceUID: study_instance_uid,
    seriesInstanceUID: series_instance_uid,
    sopInstanceUID: sop_instance_uid,
  };
}
