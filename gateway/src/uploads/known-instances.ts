/**
 * The instances that an account is told about: those that it has promised or brought itself, and those in the PACS that
 * its role may read. Naming any other instance reveals nothing, not even that it is here.
 */
import { sql, type RawBuilder } from 'kysely';
import { IN_PACS, type InstanceState } from '#shared/protocol/study-state.ts';
import type { Role } from '#shared/protocol/api.ts';
import type { Db } from '../database/database.ts';
import {
  amongUids,
  instancesAgainst,
  type InstanceKey,
  type InstanceRow,
} from '../pipeline/stores/instance.store.ts';
import type { StudyRow } from '../pipeline/stores/study.store.ts';
import { mayReadByRole } from '../policies/read-by-role.ts';
import type { Elsewhere } from './compare-manifest.ts';

/** `accountId` null: the gateway itself, which sends results. */
export type Sender = {
  readonly accountId: string | null;
  readonly deviceId: string | null;
  /** The API key with which the account sends. */
  readonly keyId?: string;
  /** The DIMSE peer that sends on the account's behalf. */
  readonly peerId?: string;
  readonly siteId: string;
  /** Roles by which the sender may read what others brought; none where a device sends. */
  readonly roles?: readonly Role[];
  /** Roles by which the sender may read what others brought. A device has none. */
  readonly source?: string | null;
};

/** States in which an instance's bytes are here, or were. */
const BROUGHT: readonly InstanceState[] = ['received', 'posting', 'posted', ...IN_PACS];

/** An SQL condition on `instance`: an upload of this account named it, and the account brought it. */
const wasBrought = ({ accountId }: Sender): RawBuilder<boolean> =>
  sql`(instance.brought and exists (select 1 from upload_instance l join upload u on u.id = l.upload_id
    where l.instance_id = instance.id and u.account_id is not distinct from ${accountId}::uuid))`;

const readerOf = ({ siteId, roles = [] }: Sender) => ({ siteId, roles });

/** The SOP Instance UIDs of the study that were confirmed in the PACS and that the sender may be told about. */
export async function confirmedInstances(
  db: Db,
  sender: Sender,
  studyInstanceUID: string,
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('instance')
    .innerJoin('study', 'study.id', 'instance.study_id')
    .select('instance.sop_instance_uid')
    .distinct()
    .where('study.site_id', '=', sender.siteId)
    .where('study.study_instance_uid', '=', studyInstanceUID)
    .where('study.copy_of', 'is', null)
    .where('instance.state', 'in', [...IN_PACS])
    .where(sql<boolean>`(${wasBrought(sender)} or ${await mayReadByRole(db, readerOf(sender), 'instance')})`)
    .execute();
  return rows.map((row) => row.sop_instance_uid);
}

/**
 * `known`: instances of the upload's own study. `elsewhere`: instances of other studies that the sender may be told
 * about, if their bytes are here or were. Instances in quarantine are included only if they are the account's own.
 */
export async function knownInstances(
  db: Db,
  sender: Sender,
  study: StudyRow,
  keys: readonly InstanceKey[],
): Promise<{ readonly known: readonly InstanceRow[]; readonly elsewhere: readonly Elsewhere[] }> {
  const uids = new Set(keys.map(({ sopInstanceUID }) => sopInstanceUID));
  return {
    known: await instancesAgainst(db, study.id, keys),
    elsewhere: await toldOf(db, sender, study, uids),
  };
}

async function toldOf(
  db: Db,
  sender: Sender,
  study: StudyRow,
  sopInstanceUIDs: ReadonlySet<string>,
): Promise<readonly Elsewhere[]> {
  const isOwn = wasBrought(sender);
  const mayRead = await mayReadByRole(db, readerOf(sender), 'instance');
  return db
    .selectFrom('instance')
    .innerJoin('study', 'study.id', 'instance.study_id')
    .select([
      'instance.sop_instance_uid',
      'instance.digest',
      'instance.original_digest',
      'instance.original_key',
      'instance.state',
      'instance.reason',
      'instance.policy_name',
      'instance.policy_version',
      'instance.sop_class_uid',
      'instance.series_instance_uid',
      'instance.transfer_syntax_uid',
      'instance.bytes',
    ])
    .select([
      isOwn.as('brought'),
      sql<boolean>`study.study_instance_uid = ${study.study_instance_uid}`.as('isOfStudy'),
    ])
    .where('instance.site_id', '=', sender.siteId)
    .where(amongUids(sopInstanceUIDs))
    .where('instance.study_id', '<>', study.id)
    .where('study.copy_of', 'is', null)
    .where((where) =>
      where.or([
        where.and([where('instance.state', 'in', [...BROUGHT]), sql<boolean>`(${isOwn} or ${mayRead})`]),
        where.and([where('instance.state', '=', 'quarantined'), isOwn]),
      ]),
    )
    .execute();
}
