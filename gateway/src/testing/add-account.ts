/** Further accounts and devices beside a test pipeline's own. */
import { randomUUID } from 'node:crypto';
import type { TestPipeline } from './open-pipeline.ts';

/** Another technician of the pipeline's site; the account's id. */
export async function addAccount(pipeline: TestPipeline): Promise<string> {
  const { id } = await pipeline.tools.db
    .insertInto('account')
    .values({
      site_id: pipeline.siteId,
      username: `other-${randomUUID()}`,
      roles: ['technician'],
      password_hash: '',
      disabled_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** A device of the account; its id. `publicKey`: a JWK, where the test signs with it. */
export async function addDevice(
  pipeline: TestPipeline,
  accountId = pipeline.accountId,
  publicKey: object = {},
): Promise<string> {
  const { id } = await pipeline.tools.db
    .insertInto('device')
    .values({
      site_id: pipeline.siteId,
      account_id: accountId,
      thumbprint: randomUUID(),
      public_key: JSON.stringify(publicKey),
      last_seen_at: new Date(),
      revoked_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}
