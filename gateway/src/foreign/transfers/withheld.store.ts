/**
 * Rejected instances of scripts and modalities, by study: without them, a study that looks complete is not. Its
 * uploads and their receipts state how many there are (shared/src/protocol/withheld.ts).
 */
import { sql } from 'kysely';
import type { BegunInstance } from '#shared/ingest/begun-instance.ts';
import { MANIFEST_INSTANCE_LIMIT } from '#shared/protocol/limits.ts';
import { isCutOrDamaged } from '#shared/protocol/reason-kinds.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import { leftOutFor, type Withheld, type WithheldCause } from '#shared/protocol/withheld.ts';
import type { Trx, Db } from '../../database/database.ts';
import { findUpload } from '../../pipeline/stores/parcel.store.ts';
import { lockStudy } from '../../pipeline/stores/study.store.ts';
import { setWithheld } from '../../uploads/withhold.ts';
import type { UploadTools } from '../../uploads/upload-tools.ts';
import type { NotTaken } from '../files/open-talk.ts';

/** `studyInstanceUID`: the UID under the policy. */
type WithheldStudy = { readonly accountId: string; readonly studyInstanceUID: string };

type NewWithheld = BegunInstance & {
  readonly siteId: string;
  readonly accountId: string;
  readonly fileId: string;
  readonly reason: NotTaken['reason'];
  /** A modality was told at once that the instance is not taken. */
  readonly told: boolean;
};

/** Notes a withheld instance. An instance that is sent again counts only once, under its newest file. */
export async function noteWithheld(
  db: Db,
  { siteId, accountId, fileId, ...one }: NewWithheld,
): Promise<void> {
  const { reason, told } = one;
  const cause: WithheldCause = isCutOrDamaged(one.reason) ? 'damaged' : 'held';
  await db
    .insertInto('withheld_instance')
    .values({
      ...{ site_id: siteId, account_id: accountId, file_id: fileId, cause, reason, told },
      ...{ study_instance_uid: one.studyInstanceUID, sop_instance_uid: one.sopInstanceUID },
    })
    .onConflict((conflict) =>
      conflict
        .columns(['account_id', 'study_instance_uid', 'sop_instance_uid'])
        .doUpdateSet({ file_id: fileId, cause, reason, told })
        // A modality retries without a person, so an earlier decision remains valid.
        .where(
          sql<boolean>`not (${told} and withheld_instance.told and withheld_instance.cause = 'left-out')`,
        ),
    )
    .execute();
}

/**
 * Leaves out the rejected instances of a file on a person's decision, and updates its studies. Returns their ids, to
 * be announced afterwards. `by`: the account that decides.
 */
export async function leaveOutWithheld(
  trx: Trx,
  tools: UploadTools,
  { fileId, by }: { readonly fileId: string; readonly by: string },
): Promise<readonly string[]> {
  const rows = await trx
    .updateTable('withheld_instance')
    .set({ cause: 'left-out' })
    .where('file_id', '=', fileId)
    .returning(['account_id', 'study_instance_uid'])
    .execute();
  const studies = new Map(rows.map((row) => [row.study_instance_uid, row.account_id]));
  const told: string[] = [];
  // Always processed in the same order, so that two concurrent decisions wait for each other and cannot deadlock.
  for (const [studyInstanceUID, accountId] of [...studies].sort())
    told.push(...(await sayIn(trx, tools, { accountId, studyInstanceUID }, by)));
  return told;
}

/**
 * True if `held` is still missing: its account has not sent it in another form, and nobody else sent it to the PACS.
 */
export const CAME_NOT = sql<boolean>`not exists (
  select from study join instance on instance.study_id = study.id
    and instance.sop_instance_uid = held.sop_instance_uid
  where study.site_id = held.site_id and study.study_instance_uid = held.study_instance_uid and study.copy_of is null
    and (instance.state in (${sql.join(IN_PACS.map((state) => sql.lit(state)))})
      or exists (select from upload where upload.study_id = study.id and upload.account_id = held.account_id)))`;

/** The number of withheld instances, by cause. */
export async function countWithheldOf(
  db: Db,
  { accountId, studyInstanceUID }: WithheldStudy,
): Promise<Withheld> {
  const { rows } = await sql<{ cause: WithheldCause; reason: string; count: number }>`
    select cause, reason, least(count(*), ${MANIFEST_INSTANCE_LIMIT})::int as count from withheld_instance held
    where account_id = ${accountId}::uuid and study_instance_uid = ${studyInstanceUID} and ${CAME_NOT}
    group by cause, reason`.execute(db);
  const counts = new Map<WithheldCause, number>();
  for (const { cause: as, reason, count } of rows) {
    const cause = as !== 'left-out' ? as : isCutOrDamaged(reason) ? 'left-out-faulty' : leftOutFor(reason);
    counts.set(cause, Math.min((counts.get(cause) ?? 0) + count, MANIFEST_INSTANCE_LIMIT));
  }
  return Object.fromEntries(counts);
}

/**
 * Updates the number in the account's uploads of the study, except uploads made by devices. `by`: the account that
 * decides.
 */
export async function sayWithheld(tools: UploadTools, study: WithheldStudy, by: string): Promise<void> {
  const told = await tools.db.transaction().execute((trx) => sayIn(trx, tools, study, by));
  for (const studyId of told) tools.changes.emit(studyId);
}

async function sayIn(trx: Trx, tools: UploadTools, study: WithheldStudy, by: string): Promise<string[]> {
  const uploads = await trx
    .selectFrom('upload')
    .innerJoin('study', 'study.id', 'upload.study_id')
    .select('upload.id')
    .where('upload.account_id', '=', study.accountId)
    .where('upload.device_id', 'is', null)
    .where('study.study_instance_uid', '=', study.studyInstanceUID)
    .orderBy('upload.study_id')
    .execute();
  const told: string[] = [];
  for (const { id } of uploads) {
    const upload = await findUpload(trx, id, null);
    if (upload === undefined) continue;
    const locked = await lockStudy(trx, upload.study_id);
    // Counted under the lock, so that a count from before a decision is not reported after it.
    const withheld = await countWithheldOf(trx, study);
    const said = { uploadId: id, by: { accountId: by, deviceId: null }, withheld };
    if (locked) await setWithheld(trx, tools, locked, said);
    told.push(upload.study_id);
  }
  return told;
}
