/**
 * The attributes by which rules judge a study, as it is promised or as it was sent. They are not stored for this
 * purpose, because a description may contain a name.
 */
import type { Manifest } from '#shared/protocol/manifest.ts';
import type { Db } from '../database/database.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import type { Attributes } from './match-rule.ts';

/** The sender; null: the gateway itself, or a person without a device. */
export type SentBy = { readonly accountId: string | null; readonly deviceId: string | null };

type OfSender = Pick<Attributes, 'account' | 'device'>;

async function ofSender(db: Db, { accountId, deviceId }: SentBy): Promise<OfSender> {
  const account =
    accountId === null
      ? undefined
      : await db.selectFrom('account').select('username').where('id', '=', accountId).executeTakeFirst();
  return { account: account ? [account.username] : [], device: deviceId === null ? [] : [deviceId] };
}

/** Modalities, body parts and descriptions come from what the device says about the study. */
export async function attributesOfPromise(
  db: Db,
  { policy, instances, described }: Pick<Manifest, 'policy' | 'instances' | 'described'>,
  sender: SentBy,
): Promise<Attributes> {
  return {
    ...(await ofSender(db, sender)),
    policy: [policy.name],
    sopClass: [...new Set(instances.map(({ sopClassUID }) => sopClassUID))],
    modality: described?.modalities ?? [],
    bodyPart: described?.bodyParts ?? [],
    description: described?.descriptions ?? [],
  };
}

/** The account and the device of the upload that created this row of a study. */
export async function attributesOfSender(db: Db, studyId: string): Promise<OfSender> {
  const upload = await db
    .selectFrom('upload')
    .select(['account_id', 'device_id'])
    .where('study_id', '=', studyId)
    .where('account_id', 'is not', null)
    .executeTakeFirst();
  return upload === undefined
    ? { account: [], device: [] }
    : ofSender(db, { accountId: upload.account_id, deviceId: upload.device_id });
}

/**
 * Attributes that the database knows, from the upload that first promised the study. Undefined: the study never came
 * through this gateway.
 */
export async function attributesOfSent(
  db: Db,
  siteId: string,
  studyInstanceUID: string,
): Promise<Pick<Attributes, 'account' | 'device' | 'policy' | 'sopClass'> | undefined> {
  const study = await db
    .selectFrom('study')
    .select(['id', 'policy_name'])
    .where('site_id', '=', siteId)
    .where('study_instance_uid', '=', studyInstanceUID)
    .where('copy_of', 'is', null)
    .orderBy('created_at')
    .orderBy('id')
    .executeTakeFirst();
  if (study === undefined) return undefined;
  const classes = await db
    .selectFrom('instance')
    .select('sop_class_uid')
    .distinct()
    .where('study_id', '=', study.id)
    .orderBy('sop_class_uid')
    .execute();
  return {
    ...(await attributesOfSender(db, study.id)),
    policy: [study.policy_name],
    sopClass: classes.map(({ sop_class_uid: uid }) => uid),
  };
}

/** How many instances are asked for their modality. A study seldom has another modality after these. */
const LISTED_LIMIT = 500;

/** The modalities that the PACS lists. Throws PacsUnreachable. */
export async function modalitiesOf(
  pacs: Pick<Pacs, 'describeStudy'>,
  studyInstanceUID: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const listed = await pacs.describeStudy(studyInstanceUID, LISTED_LIMIT, signal);
  return [...new Set(listed.flatMap(({ modality }) => (modality === null ? [] : [modality])))].sort();
}
