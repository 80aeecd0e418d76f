/** Somebody who is signed in at another site of the same gateway. */
import type { Role, Session } from '#shared/protocol/api.ts';
import type { TestGateway } from './open-gateway.ts';

export async function userOfOtherSite(gateway: TestGateway, roles: readonly Role[]): Promise<Session> {
  const { db } = gateway.database;
  const { user } = await gateway.userWith(roles);
  const site = await db
    .insertInto('site')
    .values({ name: `of ${user.username}` })
    .returning('id')
    .executeTakeFirstOrThrow();
  await db.updateTable('account').set({ site_id: site.id }).where('id', '=', user.id).execute();
  return gateway.signIn(user.username, 'a long password');
}
