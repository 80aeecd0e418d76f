/** Sessions end when they are ended: nothing that was signed or opened before goes on afterwards. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Session } from '#shared/protocol/api.ts';
import { createTestDevice, type TestDevice } from '../testing/open-device.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';

const test = suite('a session that was ended');
let gateway: TestGateway;
let admin: Session;
test.before(async () => {
  gateway = await openTestGateway();
  admin = await gateway.signIn();
});
test.after(() => gateway.close());

const codeOf = async (answer: Response): Promise<string> => ((await answer.json()) as { code: string }).code;
const asAdmin = async (method: string, path: string, body?: unknown): Promise<void> => {
  const answer = await gateway.call(method, path, { token: admin.accessToken, body });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
};
const reach = async (token: string, path = '/auth/me') =>
  (await gateway.call('GET', path, { token })).status;

/** Every way to end the sessions of an account. */
const ENDS: Record<string, (of: Session) => Promise<void>> = {
  'a new password by an administrator': ({ user }) =>
    asAdmin('PUT', `/admin/users/${user.id}/password`, { password: 'another password' }),
  'being disabled, and enabled again': async ({ user }) => {
    await asAdmin('PATCH', `/admin/users/${user.id}`, { disabled: true });
    await asAdmin('PATCH', `/admin/users/${user.id}`, { disabled: false });
  },
  'other roles': ({ user }) => asAdmin('PATCH', `/admin/users/${user.id}`, { roles: ['radiologist', 'technician'] }),
  'signing out everywhere': async ({ accessToken: token }) => {
    assert.is((await gateway.call('DELETE', '/auth/sessions', { token })).status, 204);
  },
  'a new password of one’s own': async ({ accessToken: token }) => {
    const body = { currentPassword: 'a long password', newPassword: 'another password' };
    assert.is((await gateway.call('POST', '/auth/password', { token, body })).status, 200);
  },
};

for (const [what, end] of Object.entries(ENDS)) {
  test(`by ${what}: its token reaches nothing, enrols no device, and its streams end`, async () => {
    const session = await gateway.userWith(['technician']);
    const device: TestDevice = await createTestDevice(gateway);
    await device.enrol(session.accessToken);
    const ofDevice = await device.token();
    const streams = [];
    for (const token of [session.accessToken, ofDevice]) {
      const answer = await gateway.call('GET', '/events', { token });
      assert.is(answer.status, 200);
      streams.push(answer.text());
    }
    await end(session);
    assert.is(await reach(session.accessToken), 401);
    assert.is(await reach(ofDevice, '/upload/00000000-0000-4000-8000-000000000000/status'), 401);
    const thief = await createTestDevice(gateway);
    assert.is(await thief.enrol(session.accessToken), 401);
    // Both end by themselves; a test of streams that stay open would never end.
    assert.equal(await Promise.all(streams), ['', '']);
  });
}

test('other roles leave the person signed in: the next token has them', async () => {
  const session = await gateway.userWith(['technician']);
  await asAdmin('PATCH', `/admin/users/${session.user.id}`, { roles: ['radiologist'] });
  const { refreshToken } = session;
  const answer = await gateway.call('POST', '/auth/refresh', { body: { refreshToken } });
  const next = (await answer.json()) as Session;
  assert.equal([await reach(next.accessToken), next.user.roles], [200, ['radiologist']]);
});

test('signing out everywhere ends the sessions and devices of this account and of no other', async () => {
  const [one, other] = [await gateway.userWith(['technician']), await gateway.userWith(['technician'])];
  const again = await gateway.signIn(one.user.username, 'a long password');
  const device = await createTestDevice(gateway);
  await device.enrol(one.accessToken);
  await gateway.call('DELETE', '/auth/sessions', { token: again.accessToken });
  for (const { refreshToken } of [one, again])
    assert.is(await codeOf(await gateway.call('POST', '/auth/refresh', { body: { refreshToken } })), 'session-ended');
  assert.is(await codeOf(await device.exchange(await device.assertion())), 'session-ended');
  assert.equal([await reach(other.accessToken), await reach(admin.accessToken)], [200, 200]);
});

test('a stream ends with its token, as every request does', async () => {
  const own = await openTestGateway();
  const { accessToken: token, user } = await own.signIn();
  const told = (await own.call('GET', '/events', { token })).text();
  own.wait(601_000);
  // Any news of the account makes the stream look at its token.
  await own.call('PATCH', `/admin/users/${user.id}`, { token: (await own.signIn()).accessToken, body: {} });
  assert.is(await told, '');
  await own.close();
});

test('what a reset meets half-way ends too: no sign-in, exchange or enrolment survives it', async () => {
  const session = await gateway.userWith(['technician']);
  const { username, id } = session.user;
  const device = await createTestDevice(gateway);
  const login = () =>
    gateway.call('POST', '/auth/login', { body: { username, password: 'a long password' } });
  const racing = [
    login(),
    gateway.call('POST', '/auth/refresh', { body: { refreshToken: session.refreshToken } }),
    device.enrol(session.accessToken),
    login(),
  ];
  await asAdmin('PUT', `/admin/users/${id}/password`, { password: 'another password' });
  await Promise.all(racing);
  const living = await gateway.database.db
    .selectFrom('refresh_token')
    .select('token_hash')
    .where('account_id', '=', id)
    .where('revoked_at', 'is', null)
    .execute();
  const devices = await gateway.database.db
    .selectFrom('device')
    .select('id')
    .where('account_id', '=', id)
    .where('revoked_at', 'is', null)
    .execute();
  assert.equal([living, devices], [[], []]);
});

test.run();
