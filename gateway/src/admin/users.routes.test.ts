/** `/admin/users`: how accounts are used, who ends their sessions, and that somebody can always administer the site. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Session } from '#shared/protocol/api.ts';
import { createTestDevice } from '../testing/open-device.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { userOfOtherSite } from '../testing/other-site.ts';

type User = {
  readonly id: string;
  readonly username: string;
  readonly lastSignInAt: string | null;
  readonly sessions: number;
  readonly devices: number;
};

const test = suite('accounts in an administrator’s hands');
let gateway: TestGateway;
test.before(async () => {
  gateway = await openTestGateway({ start: false });
});
test.after(() => gateway.close());

async function listed(token: string): Promise<readonly User[]> {
  const answer = await gateway.call('GET', '/admin/users', { token });
  assert.is(answer.status, 200);
  return ((await answer.json()) as { users: User[] }).users;
}
async function useOf(token: string, id: string) {
  const { lastSignInAt, sessions, devices } = (await listed(token)).find((user) => user.id === id)!;
  return [lastSignInAt, sessions, devices];
}

test('an administrator sees when each signed in last, and how many sessions and devices act for them', async () => {
  const { accessToken: token } = await gateway.signIn();
  const body = { username: 'new-here', password: 'a long password', roles: ['technician'] };
  const added = await gateway.call('POST', '/admin/users', { token, body });
  const { id } = (await added.json()) as { id: string };
  assert.equal(await useOf(token, id), [null, 0, 0]);
  const first = await gateway.signIn('new-here', 'a long password');
  gateway.wait(60_000);
  const second = await gateway.signIn('new-here', 'a long password');
  const device = await createTestDevice(gateway);
  await device.enrol(second.accessToken);
  const at = gateway.now().toISOString();
  assert.equal(await useOf(token, id), [at, 2, 1]);
  await gateway.call('POST', '/auth/refresh', { body: { refreshToken: second.refreshToken } });
  assert.equal(await useOf(token, id), [at, 2, 1], 'a renewed session is the same one');
  await gateway.call('POST', '/auth/logout', { body: { refreshToken: first.refreshToken } });
  assert.equal(await useOf(token, id), [at, 1, 1]);
});

test('ends the sessions and devices of one account and of no other, and the trail says who did', async () => {
  const admin = await gateway.signIn();
  const one = await gateway.userWith(['technician']);
  const other = await gateway.userWith(['technician']);
  const device = await createTestDevice(gateway);
  await device.enrol(one.accessToken);
  const path = `/admin/users/${one.user.id}/sessions`;
  assert.is((await gateway.call('DELETE', path, { token: other.accessToken })).status, 403);
  assert.is((await gateway.call('DELETE', path, { token: admin.accessToken })).status, 204);
  const reach = async ({ accessToken: token }: Session) =>
    (await gateway.call('GET', '/auth/me', { token })).status;
  assert.equal([await reach(one), await reach(other), await reach(admin)], [401, 200, 200]);
  assert.equal((await useOf(admin.accessToken, one.user.id)).slice(1), [0, 0]);
  const rows = await gateway.database.db
    .selectFrom('audit')
    .select('fields')
    .where('event', '=', 'logout')
    .orderBy('seq', 'desc')
    .limit(1)
    .execute();
  assert.equal(rows[0]?.fields, { accountId: one.user.id, everywhere: true, by: admin.user.id });
  const again = await gateway.signIn(one.user.username, 'a long password');
  assert.is(await reach(again), 200, 'the account itself is as it was');
});

test('a change to what an account is already ends no session, and is no event', async () => {
  const { accessToken: token } = await gateway.signIn();
  const { user, accessToken } = await gateway.userWith(['technician', 'radiologist']);
  const path = `/admin/users/${user.id}`;
  const eventsOf = async () =>
    (await gateway.database.db.selectFrom('audit').select(['event', 'fields']).orderBy('seq').execute())
      .filter(({ event, fields }) => event.startsWith('user-') && fields['accountId'] === user.id)
      .map(({ event }) => event);
  const before = await eventsOf();
  for (const body of [{}, { disabled: false }, { roles: ['radiologist', 'technician'], disabled: false }])
    assert.is((await gateway.call('PATCH', path, { token, body })).status, 200);
  assert.is((await gateway.call('GET', '/auth/me', { token: accessToken })).status, 200);
  assert.equal(await eventsOf(), before);
  const changed = { roles: ['technician'], disabled: false };
  assert.is((await gateway.call('PATCH', path, { token, body: changed })).status, 200);
  assert.is((await gateway.call('GET', '/auth/me', { token: accessToken })).status, 401);
  assert.equal(await eventsOf(), [...before, 'user-changed'], 'it was not disabled before');
});

test('an administrator of another site sees and changes nobody here', async () => {
  const stranger = await userOfOtherSite(gateway, ['admin']);
  const { user } = await gateway.userWith(['technician']);
  const token = stranger.accessToken;
  assert.equal(
    (await listed(token)).map(({ id }) => id),
    [stranger.user.id],
  );
  const tries = [
    ['PATCH', '', { disabled: true }],
    ['PUT', '/password', { password: 'another password' }],
    ['DELETE', '/sessions', undefined],
    ['POST', '/take-over', { studies: 1 }],
  ] as const;
  for (const [method, path, body] of tries)
    assert.is(
      (await gateway.call(method, `/admin/users/${user.id}${path}`, { token, body })).status,
      404,
      `${method} ${path}`,
    );
});

test('two administrators who take the role from each other at once leave one', async () => {
  const admin = await gateway.signIn();
  const { id: first } = admin.user;
  for (let round = 0; round < 5; round += 1) {
    const second = await gateway.userWith(['admin']);
    const demote = (token: string, id: string, body: object) =>
      gateway.call('PATCH', `/admin/users/${id}`, { token, body });
    const answers = await Promise.all([
      demote(
        admin.accessToken,
        second.user.id,
        round % 2 === 0 ? { disabled: true } : { roles: ['auditor'] },
      ),
      demote(second.accessToken, first, { roles: ['technician'] }),
    ]);
    const left = await gateway.database.db
      .selectFrom('account')
      .select('id')
      .where('site_id', '=', admin.user.siteId)
      .where('disabled_at', 'is', null)
      .where(({ eb, val }) => eb(val('admin'), '=', eb.fn.any('roles')))
      .execute();
    assert.is(left.length, 1, answers.map(({ status }) => status).join(' '));
    // The first one again, for the next round.
    await gateway.database.db
      .updateTable('account')
      .set({ roles: ['admin'] })
      .where('id', '=', first)
      .execute();
    await gateway.database.db
      .updateTable('account')
      .set({ roles: ['auditor'] })
      .where('id', '=', second.user.id)
      .execute();
    const { accessToken } = await gateway.signIn();
    Object.assign(admin, { accessToken });
  }
});

test.run();
