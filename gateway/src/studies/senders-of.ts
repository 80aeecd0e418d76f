/** The senders of uploads, with the account's name and whether patients' names were kept. */
import { sql } from 'kysely';
import type { SentStudy } from '#shared/protocol/studies.ts';
import type { Db } from '../database/database.ts';
import { BUILT_IN_POLICIES } from '../policies/policies.ts';
import { listVersions } from '../policies/policy.store.ts';

export type Sender = NonNullable<SentStudy['uploads'][number]['sender']>;

/**
 * Senders by upload id. Names count as kept if at least one instance was promised under a policy that may keep them.
 */
export async function sendersOf(
  db: Db,
  siteId: string,
  uploadIds: readonly string[],
): Promise<ReadonlyMap<string, Sender>> {
  if (uploadIds.length === 0) return new Map();
  const removing = [
    ...BUILT_IN_POLICIES.filter(({ deidentify }) => deidentify),
    ...(await listVersions(db, siteId)).filter(({ document }) => document?.deidentify === true),
  ].map(({ name, version }) => sql`(${name}, ${version}::int)`);
  const rows = await db
    .selectFrom('upload')
    .innerJoin('account', 'account.id', 'upload.account_id')
    .innerJoin('upload_instance', 'upload_instance.upload_id', 'upload.id')
    .innerJoin('instance', 'instance.id', 'upload_instance.instance_id')
    .select(['upload.id', 'account.username'])
    .select(
      sql<boolean>`bool_or((instance.policy_name, instance.policy_version) not in (${sql.join(removing)}))`.as(
        'keptNames',
      ),
    )
    .where(sql<boolean>`upload.id = any(${uploadIds}::uuid[])`)
    .groupBy(['upload.id', 'account.username'])
    .execute();
  return new Map(rows.map(({ id, username, keptNames }) => [id, { username, keptNames }]));
}
