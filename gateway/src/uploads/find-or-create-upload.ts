/**
 * Finds the upload with which a sender sends a study: one that the sender has begun, or a new one with a study of its
 * own.
 */
import { sql } from 'kysely';
import type { Manifest } from '#shared/protocol/manifest.ts';
import type { Trx } from '../database/database.ts';
import {
  createStudy,
  isPlaced,
  lockPlace,
  lockStudy,
  lockStudyOfResults,
  type StudyRow,
} from '../pipeline/stores/study.store.ts';
import { chooseDestinations, hasRules } from '../rules/choose-destinations.ts';
import type { Sender } from './known-instances.ts';
import type { UploadTools } from './upload-tools.ts';

/** `rule`: the rule that chose the destinations of a new study; null: there was none. */
type FoundUpload = { readonly uploadId: string; readonly study: StudyRow; readonly rule: string | null };

/**
 * The sender's upload of this study, and its study, locked. A device takes over an upload that the account began
 * without a device (before it was enrolled, or before there were devices). That upload's parcels continue where they
 * are, and the signed-in user can still reach it.
 */
export async function findOrCreateUpload(
  trx: Trx,
  tools: Pick<UploadTools, 'now' | 'newId'>,
  manifest: Manifest,
  { accountId, deviceId, siteId, source = null }: Sender,
): Promise<FoundUpload> {
  const { studyInstanceUID, policy } = manifest;
  const of = { studyInstanceUID, source };
  const joined = accountId === null ? await lockStudyOfResults(trx, siteId, of) : undefined;
  const uploads = await trx
    .selectFrom('upload')
    .innerJoin('study', 'study.id', 'upload.study_id')
    .select(['upload.id', 'upload.device_id', 'upload.study_id', 'study.policy_name'])
    .where('study.site_id', '=', siteId)
    .where('study.study_instance_uid', '=', studyInstanceUID)
    .where('upload.account_id', accountId === null ? 'is' : '=', accountId)
    .where(
      sql<boolean>`(${joined?.id ?? null}::uuid is null or upload.study_id = ${joined?.id ?? null}::uuid)`,
    )
    .orderBy('upload.created_at')
    .execute();
  // Where there are rules, destinations depend on the policy: identified instances do not follow de-identified ones to
  // their destinations.
  const isJudged = accountId !== null && (await hasRules(trx, siteId));
  const fitting = uploads.filter(({ policy_name }) => !isJudged || policy_name === policy.name);
  const own =
    fitting.find(({ device_id }) => device_id === deviceId) ??
    fitting.find(({ device_id }) => device_id === null);
  const begun = own && (await lockStudy(trx, own.study_id));
  if (own && begun) {
    if (own.device_id !== deviceId)
      await trx.updateTable('upload').set({ device_id: deviceId }).where('id', '=', own.id).execute();
    return { uploadId: own.id, study: begun, rule: null };
  }
  const { study, rule } =
    joined === undefined
      ? await placeStudy(trx, tools, manifest, { siteId, accountId, deviceId })
      : { study: joined, rule: null };
  const id = tools.newId();
  await trx
    .insertInto('upload')
    .values({
      id,
      site_id: siteId,
      study_id: study.id,
      account_id: accountId,
      device_id: deviceId,
      completed_at: null,
    })
    .execute();
  return { uploadId: id, study, rule };
}

/** Places the study by the rules. The gateway's own results go where their study went. */
async function placeStudy(
  trx: Trx,
  tools: Pick<UploadTools, 'now' | 'newId'>,
  manifest: Manifest,
  { siteId, ...sender }: Pick<Sender, 'siteId' | 'accountId' | 'deviceId'>,
): Promise<Omit<FoundUpload, 'uploadId'>> {
  const { studyInstanceUID, policy } = manifest;
  await lockPlace(trx, siteId, studyInstanceUID);
  const { accountId } = sender;
  const choice =
    accountId === null && (await isPlaced(trx, siteId, studyInstanceUID))
      ? null
      : await chooseDestinations(trx, siteId, manifest, sender);
  const study = await createStudy(trx, {
    ...{ id: tools.newId(), siteId, accountId, studyInstanceUID, policy },
    chosen: choice?.to ?? null,
    now: tools.now(),
  });
  return { study, rule: choice?.rule ?? null };
}
