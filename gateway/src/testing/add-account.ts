/** Further accounts and devices beside a test pipeline's own. */
import { randomUUID } from 'node:crypto';
import type { Role } from '#shared/protocol/api.ts';
import type { Db } from '../database/database.ts';
import type { TestPipeline } from './open-pipeline.ts';

export async function insertAccountOf(
  db: Db,
  site_id: string,
  username: string,
  roles: Role[] = ['technician'],
): Promise<string> {
  const row = { site_id, username, roles, password_hash: '', disabled_at: null };
  return (await db.insertInto('account').values(row).returning('id').executeTakeFirstOrThrow()).id;
}

/** Another technician of the pipeline's site; the account's id. */
export const addAccount = ({ tools, siteId }: TestPipeline): Promise<string> =>
  insertAccountOf(tools.db, siteId, `other-${randomUUID()}`);

/** A device of the account; its id. `publicKey`: a JWK, where the test signs with it. */
export async function addDevice(
  pipeline: TestPipeline,
  accountId = pipeline.accountId,
  publicKey: object = {},
): Promise<string> {
  const device = {
    ...{ site_id: pipeline.siteId, account_id: accountId, thumbprint: randomUUID(), revoked_at: null },
    ...{ public_key: JSON.stringify(publicKey), last_seen_at: new Date() },
  };
  const made = pipeline.tools.db.insertInto('device').values(device).returning('id');
  return (await made.executeTakeFirstOrThrow()).id;
}
