/**
 * The instances that a caller may read by role, whoever brought them. This one rule serves `have`, images, results and
 * what models may look at. Radiologists and administrators read everything in the site's PACS. Researchers read studies
 * that came only under de-identifying policies. Others read what they brought themselves.
 */
import { sql, type RawBuilder } from 'kysely';
import { READS_ALL, type Role } from '#shared/protocol/api.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import type { Db } from '../database/database.ts';
import { BUILT_IN_POLICIES, RESULTS_POLICY } from './policies.ts';
import { listVersions } from './policy.store.ts';

const inPacs = (instance: string): RawBuilder<boolean> =>
  sql`${sql.ref(`${instance}.state`)} in (${sql.join([...IN_PACS])})`;

/** A condition on the instance table, under the alias that the query gives it. It does not restrict the site. */
export async function mayReadByRole(
  db: Db,
  { siteId, roles }: { readonly siteId: string; readonly roles: readonly Role[] },
  instance: 'i' | 'instance',
): Promise<RawBuilder<boolean>> {
  if (roles.some((role) => READS_ALL.includes(role))) return inPacs(instance);
  if (!roles.includes('researcher')) return sql`false`;
  const made = await listVersions(db, siteId);
  const policies = [
    ...BUILT_IN_POLICIES.filter(({ deidentify }) => deidentify),
    ...made.filter(({ document }) => document?.deidentify === true),
  ];
  const isDeidentified = (of: string): RawBuilder<boolean> =>
    sql`(${sql.join(['policy_name', 'policy_version'].map((column) => sql.ref(`${of}.${column}`)))}) in (${sql.join(policies.map(({ name, version }) => sql`(${name}, ${version}::int)`))})`;
  return sql`(${inPacs(instance)} and ${isDeidentified(instance)} and not exists (
    select 1 from instance o join study os on os.id = o.study_id join study s on s.id = ${sql.ref(`${instance}.study_id`)}
    where os.site_id = s.site_id and os.study_instance_uid = s.study_instance_uid and ${inPacs('o')} and o.policy_name <> ${RESULTS_POLICY.name} and not ${isDeidentified('o')}))`;
}
