import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { DAY_MS } from '#shared/day.ts';
import type { Session, User } from '#shared/protocol/api.ts';
import type { AuditPage } from '#shared/protocol/audit-page.ts';
import { testDatabases } from '../testing/open-database.ts';
import { ADMIN_PASSWORD, openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { verifyAudit } from '../audit/verify-audit.ts';

const codeOf = async (answer: Response): Promise<string> => ((await answer.json()) as { code: string }).code;
const refresh = (gateway: TestGateway, refreshToken: string | undefined) =>
  gateway.call('POST', '/auth/refresh', { body: { refreshToken } });
async function refreshed(gateway: TestGateway, refreshToken: string | undefined): Promise<Session> {
  const answer = await refresh(gateway, refreshToken);
  assert.is(answer.status, 200);
  return (await answer.json()) as Session;
}

for (const { name, open } of testDatabases('signing in')) {
  const test = suite(`signing in on ${name}`);
  let gateway: TestGateway;
  test.before(async () => {
    gateway = await openTestGateway({ open });
  });
  test.after(() => gateway.close());

  test('the first user signs in with the password of the settings, whatever the case of the name', async () => {
    const session = await gateway.signIn('ADMIN');
    assert.equal(session.user.roles, ['admin']);
    const me = (await (await gateway.call('GET', '/auth/me', { token: session.accessToken })).json()) as User;
    assert.equal(me, session.user);
    // RFC 9068 §2.1, §2.2.
    assert.is(decodeProtectedHeader(session.accessToken).typ, 'at+jwt');
    assert.equal(Object.keys(decodeJwt(session.accessToken)).sort(), [
      'aud',
      'client_id',
      'epoch',
      'exp',
      'iat',
      'iss',
      'jti',
      'sub',
    ]);
  });

  test('a wrong password and an unknown name get the same answer', async () => {
    for (const body of [
      { username: 'admin', password: 'wrong password' },
      { username: 'nobody', password: ADMIN_PASSWORD },
    ]) {
      const answer = await gateway.call('POST', '/auth/login', { body });
      assert.equal([answer.status, await codeOf(answer)], [401, 'wrong-credentials']);
    }
  });

  test('a name that no account can have is an invalid request, not a fault of the gateway', async () => {
    const answer = await gateway.call('POST', '/auth/login', {
      body: { username: 'a\u0000b', password: ADMIN_PASSWORD },
    });
    assert.equal([answer.status, await codeOf(answer)], [422, 'invalid-request']);
  });

  test('an access token holds for ten minutes, and a changed one not at all', async () => {
    const { accessToken, expiresIn } = await gateway.signIn();
    const [head = '', body = '', signature = ''] = accessToken.split('.');
    const changed = `${head}.${Buffer.from(JSON.stringify({ ...decodeJwt(accessToken), sub: 'other' })).toString('base64url')}.${signature}`;
    const none = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${body}.`;
    for (const token of [changed, none, 'nonsense']) {
      const answer = await gateway.call('GET', '/auth/me', { token });
      assert.equal(
        [answer.status, answer.headers.get('www-authenticate')],
        [401, 'Bearer error="invalid_token"'],
      );
    }
    gateway.wait(expiresIn * 1000 + 1000);
    assert.is((await gateway.call('GET', '/auth/me', { token: accessToken })).status, 401);
  });

  test('a refresh token is good once; tabs that ask at the same time both keep their session', async () => {
    const first = await gateway.signIn();
    const [left, right] = await Promise.all([
      refreshed(gateway, first.refreshToken),
      refreshed(gateway, first.refreshToken),
    ]);
    gateway.wait(60_000);
    await refreshed(gateway, left.refreshToken);
    await refreshed(gateway, right.refreshToken);
  });

  test('tabs that ask at the same time get one chain, not two that live side by side', async () => {
    const first = await gateway.signIn();
    const tabs = await Promise.all([1, 2, 3].map(() => refreshed(gateway, first.refreshToken)));
    gateway.wait(5_000);
    tabs.push(await refreshed(gateway, first.refreshToken));
    assert.is(new Set(tabs.map(({ refreshToken }) => refreshToken)).size, 1);
    const living = await gateway.database.db
      .selectFrom('refresh_token')
      .select('token_hash')
      .where('account_id', '=', first.user.id)
      .where('used_at', 'is', null)
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', gateway.now())
      .where('parent_hash', '=', createHash('sha256').update(first.refreshToken!).digest('hex'))
      .execute();
    assert.is(living.length, 1);
  });

  test('a session ends after ninety days, however often it is renewed', async () => {
    let { refreshToken } = await gateway.signIn();
    for (let week = 0; week < 12; week += 1) {
      gateway.wait(7 * DAY_MS);
      ({ refreshToken } = await refreshed(gateway, refreshToken));
    }
    gateway.wait(7 * DAY_MS);
    assert.is(await codeOf(await refresh(gateway, refreshToken)), 'session-ended');
  });

  test('an answer that was lost does not sign anybody out, even an hour later', async () => {
    const first = await gateway.signIn();
    await refreshed(gateway, first.refreshToken);
    gateway.wait(3_600_000);
    const again = await refreshed(gateway, first.refreshToken);
    await refreshed(gateway, again.refreshToken);
  });

  test('a stolen refresh token ends the session of thief and owner as soon as both have used it', async () => {
    const owner = await gateway.signIn();
    const thief = await refreshed(gateway, owner.refreshToken);
    gateway.wait(60_000);
    const ownerAgain = await refreshed(gateway, owner.refreshToken);
    assert.is(await codeOf(await refresh(gateway, thief.refreshToken)), 'session-ended');
    assert.is(await codeOf(await refresh(gateway, ownerAgain.refreshToken)), 'session-ended');
    const events = await gateway.database.db
      .selectFrom('audit')
      .select('event')
      .where('event', '=', 'session-reused')
      .execute();
    assert.is(events.length, 1);
  });

  test('an old token, after what it was exchanged for was used, ends the session', async () => {
    const first = await gateway.signIn();
    const second = await refreshed(gateway, first.refreshToken);
    const third = await refreshed(gateway, second.refreshToken);
    assert.is(await codeOf(await refresh(gateway, first.refreshToken)), 'session-ended');
    assert.is(await codeOf(await refresh(gateway, third.refreshToken)), 'session-ended');
  });

  test('signing out ends the session; without a token there is nothing to end', async () => {
    const { refreshToken } = await gateway.signIn();
    assert.is((await gateway.call('POST', '/auth/logout', { body: { refreshToken } })).status, 204);
    assert.is(await codeOf(await refresh(gateway, refreshToken)), 'session-ended');
    assert.is((await gateway.call('POST', '/auth/logout')).status, 401);
    assert.is((await gateway.call('POST', '/auth/refresh')).status, 401);
  });

  test('a device that locks itself ends the session, and the trail does not say that somebody signed out', async () => {
    const { refreshToken, user } = await gateway.userWith(['technician']);
    const body = { refreshToken, locked: true };
    assert.is((await gateway.call('POST', '/auth/logout', { body })).status, 204);
    assert.is(await codeOf(await refresh(gateway, refreshToken)), 'session-ended');
    const { accessToken: token } = await gateway.signIn();
    const path = `/audit/events?person=${user.id}&kind=sign-ins`;
    const { rows } = (await (await gateway.call('GET', path, { token })).json()) as AuditPage;
    assert.equal(
      rows.map(({ event }) => event),
      ['locked', 'login'],
    );
    for (let time = 0; time < 2; time += 1)
      assert.is((await gateway.call('POST', '/auth/logout', { body })).status, 204);
    const later = (await (await gateway.call('GET', path, { token })).json()) as AuditPage;
    assert.is(later.rows.length, rows.length, 'a session that has ended is not ended again');
  });

  test('a disabled user is signed out at once, everywhere; a user with a new password must use it', async () => {
    const admin = await gateway.signIn();
    const someone = await gateway.userWith(['technician']);
    const path = `/admin/users/${someone.user.id}`;
    assert.is((await gateway.call('GET', '/auth/me', { token: someone.accessToken })).status, 200);
    assert.is(
      (await gateway.call('PATCH', path, { token: admin.accessToken, body: { disabled: true } })).status,
      200,
    );
    assert.is((await gateway.call('GET', '/auth/me', { token: someone.accessToken })).status, 401);
    assert.is((await refresh(gateway, someone.refreshToken)).status, 401);
    const login = (password: string) =>
      gateway.call('POST', '/auth/login', { body: { username: someone.user.username, password } });
    const told = await login('a long password');
    assert.equal([told.status, await codeOf(told)], [403, 'account-disabled']);
    const guessed = await login('a wrong password');
    assert.equal([guessed.status, await codeOf(guessed)], [401, 'wrong-credentials']);
    await gateway.call('PATCH', path, { token: admin.accessToken, body: { disabled: false } });
    await gateway.call('PUT', `${path}/password`, {
      token: admin.accessToken,
      body: { password: 'another password' },
    });
    assert.is((await login('a long password')).status, 401);
    assert.is((await login('another password')).status, 200);
  });

  test('a name is taken once, and the last administrator stays one', async () => {
    const { accessToken: token, user } = await gateway.signIn();
    const taken = await gateway.call('POST', '/admin/users', {
      token,
      body: { username: 'Admin', password: 'a long password', roles: ['auditor'] },
    });
    assert.equal([taken.status, await codeOf(taken)], [409, 'user-exists']);
    for (const body of [{ disabled: true }, { roles: ['auditor'] }]) {
      assert.is(
        await codeOf(await gateway.call('PATCH', `/admin/users/${user.id}`, { token, body })),
        'last-admin',
      );
    }
    const { users } = (await (await gateway.call('GET', '/admin/users', { token })).json()) as {
      users: { username: string }[];
    };
    assert.ok(users.some(({ username }) => username === 'admin'));
    assert.not.match(JSON.stringify(users), 'scrypt');
  });

  test('a failed sign-in names the account in the audit trail, where there is one', async () => {
    const { id, username } = (await gateway.userWith(['auditor'])).user;
    for (const name of [username, 'nobody-here'])
      await gateway.call('POST', '/auth/login', { body: { username: name, password: 'wrong password' } });
    const failed = await gateway.database.db
      .selectFrom('audit')
      .select('fields')
      .where('event', '=', 'login-failed')
      .orderBy('seq', 'desc')
      .limit(2)
      .execute();
    assert.equal(
      failed.map(({ fields }) => fields),
      [
        { because: 'unknown-user', address: 'local' },
        { because: 'wrong-password', accountId: id, address: 'local' },
      ],
    );
  });

  test('all of it is in the audit trail, which is whole', async () => {
    const events = (await gateway.database.db.selectFrom('audit').select('event').distinct().execute()).map(
      ({ event }) => event,
    );
    for (const event of [
      'gateway-started',
      'login',
      'login-failed',
      'logout',
      'user-added',
      'user-disabled',
      'user-enabled',
      'password-set',
    ]) {
      assert.ok(events.includes(event), event);
    }
    assert.is((await verifyAudit(gateway.database.db)).kind, 'whole');
  });

  test.run();
}

const web = suite('signing in through the web app’s own origin');
let gateway: TestGateway;
web.before(async () => {
  gateway = await openTestGateway({ start: false });
});
web.after(() => gateway.close());

const CREDENTIALS = { username: 'admin', password: ADMIN_PASSWORD };
const atWeb = (path: string, options: { body?: unknown; headers?: Record<string, string> }) =>
  gateway.call('POST', path, { door: 'web', ...options });

web('the refresh token is a cookie that scripts cannot read and only /api/auth is sent', async () => {
  const answer = await atWeb('/api/auth/login', { body: CREDENTIALS });
  assert.is(((await answer.json()) as Session).refreshToken, undefined);
  const cookie = answer.headers.getSetCookie().find((one) => one.startsWith('relay_refresh=')) ?? '';
  for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/api/auth'])
    assert.ok(cookie.includes(part), `${part} in ${cookie}`);
  const [pair = ''] = cookie.split(';');
  const next = await atWeb('/api/auth/refresh', { body: {}, headers: { cookie: pair } });
  assert.is(next.status, 200);
  assert.is(
    (await atWeb('/api/auth/refresh', { body: { refreshToken: pair.split('=')[1] } })).status,
    401,
    'not from the body',
  );
  const [nextPair = ''] = (next.headers.get('set-cookie') ?? '').split(';');
  const out = await atWeb('/api/auth/logout', { headers: { cookie: nextPair } });
  assert.is(out.status, 204);
  assert.match(out.headers.get('set-cookie') ?? '', 'Max-Age=0');
});

web('over https the cookies are this host’s alone: no other host can set or read them', async () => {
  const own = await openTestGateway({ start: false, env: { RELAY_PUBLIC_URL: 'https://relay.example.org' } });
  const login = await own.call('POST', '/api/auth/login', { door: 'web', body: CREDENTIALS });
  const cookies = login.headers.getSetCookie();
  assert.is(cookies.length, 2);
  for (const cookie of cookies) {
    assert.match(cookie, /^__Host-relay_/);
    for (const part of ['Secure', 'HttpOnly', 'SameSite=Strict', 'Path=/;']) assert.match(`${cookie};`, part);
    assert.not.match(cookie, /domain/i);
  }
  const [refreshing = ''] = cookies.filter((cookie) => cookie.includes('relay_refresh'));
  const headers = { cookie: refreshing.split(';')[0] ?? '' };
  const next = await own.call('POST', '/api/auth/refresh', { door: 'web', body: {}, headers });
  assert.is(next.status, 200);
  const planted = { cookie: headers.cookie.replace('__Host-', '') };
  const refused = await own.call('POST', '/api/auth/refresh', { door: 'web', body: {}, headers: planted });
  assert.is(refused.status, 401, 'one that another host could have set');
  await own.close();
});

web('another web site cannot use the cookie', async () => {
  const refused = [
    { origin: 'https://evil.example' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'null' },
  ];
  for (const headers of refused) {
    const answer = await atWeb('/api/auth/login', {
      body: CREDENTIALS,
      headers: { host: 'localhost', ...headers } as Record<string, string>,
    });
    assert.equal([answer.status, await codeOf(answer)], [403, 'origin-refused'], JSON.stringify(headers));
  }
  const own = { host: 'localhost', origin: 'http://localhost', 'sec-fetch-site': 'same-origin' };
  assert.is((await atWeb('/api/auth/login', { body: CREDENTIALS, headers: own })).status, 200);
});

web('guessing passwords is slowed down, for one name and for one address', async () => {
  const limited = await openTestGateway({ start: false, env: { RELAY_RATE_LIMIT: '6000' } });
  const guess = (username: string) =>
    limited.call('POST', '/auth/login', { body: { username, password: 'wrong password' } });
  const answers = [];
  for (let i = 0; i < 11; i += 1) answers.push((await guess('admin')).status);
  assert.equal(answers, [...Array<number>(10).fill(401), 429]);
  const refused = await guess('Admin');
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.is((await guess('somebody-else')).status, 401);
  limited.wait(60_000);
  assert.is((await limited.call('POST', '/auth/login', { body: CREDENTIALS })).status, 200);
  await limited.close();
});
web.run();
