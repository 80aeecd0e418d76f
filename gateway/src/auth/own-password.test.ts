/** Passwords that people choose: their own, and those that administrators give. */
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Session } from '#shared/protocol/api.ts';
import { ConfigMistakes } from '../config.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { isEasyPassword } from './easy-passwords.ts';

const test = suite('a password');
let gateway: TestGateway;
test.before(async () => {
  gateway = await openTestGateway({ start: false, env: { RELAY_RATE_LIMIT: '6000' } });
});
test.after(() => gateway.close());

const OLD = 'a long password';
const NEW = 'another password';
const codeOf = async (answer: Response): Promise<string> => ((await answer.json()) as { code: string }).code;
const change = (session: Session, currentPassword: string, newPassword: string) =>
  gateway.call('POST', '/auth/password', {
    token: session.accessToken,
    body: { currentPassword, newPassword },
  });
const login = (session: Session, password: string) =>
  gateway.call('POST', '/auth/login', { body: { username: session.user.username, password } });

test('is changed by its owner: this session continues, all others end', async () => {
  const session = await gateway.userWith(['technician']);
  const other = await gateway.signIn(session.user.username, OLD);
  const answer = await change(session, OLD, NEW);
  assert.is(answer.status, 200);
  const next = (await answer.json()) as Session;
  assert.is((await gateway.call('GET', '/auth/me', { token: next.accessToken })).status, 200);
  const refresh = (refreshToken: string | undefined) =>
    gateway.call('POST', '/auth/refresh', { body: { refreshToken } });
  assert.is((await refresh(next.refreshToken)).status, 200);
  for (const ended of [session, other]) {
    assert.is((await gateway.call('GET', '/auth/me', { token: ended.accessToken })).status, 401);
    assert.is(await codeOf(await refresh(ended.refreshToken)), 'session-ended');
  }
  assert.equal([(await login(session, OLD)).status, (await login(session, NEW)).status], [401, 200]);
});

test('is changed only by those who know it, and guessing it is slowed down', async () => {
  const session = await gateway.userWith(['technician']);
  const codes = [];
  for (let i = 0; i < 11; i += 1) codes.push(await codeOf(await change(session, 'a guess', NEW)));
  assert.equal(codes, [...Array<string>(10).fill('wrong-password'), 'too-many-attempts']);
  assert.is((await login(session, OLD)).status, 200, 'nobody was signed out by it');
  const events = await gateway.database.db
    .selectFrom('audit')
    .select('event')
    .where(sql`fields ->> 'accountId'`, '=', session.user.id)
    .where('event', 'like', '%-failed')
    .groupBy('event')
    .execute();
  assert.equal(events, [{ event: 'password-change-failed' }], 'nobody failed to sign in');
  assert.is((await gateway.call('POST', '/auth/password', { body: {} })).status, 401);
});

test('that everybody tries first, or that is the user’s name, is refused wherever it is set', async () => {
  const { accessToken: token } = await gateway.signIn();
  const session = await gateway.userWith(['technician']);
  const easy = ['password', 'Password1!', '12345678', 'qwertyuiop', session.user.username.repeat(2)];
  for (const password of easy) {
    const made = await gateway.call('POST', '/admin/users', {
      token,
      body: { username: session.user.username, password, roles: ['auditor'] },
    });
    assert.is(await codeOf(made), 'weak-password', password);
    const path = `/admin/users/${session.user.id}/password`;
    const set = await gateway.call('PUT', path, { token, body: { password } });
    assert.is(await codeOf(set), 'weak-password', password);
  }
  assert.is(await codeOf(await change(session, OLD, 'password')), 'weak-password');
  assert.is(await codeOf(await change(session, OLD, 'short')), 'invalid-request');
  assert.is((await login(session, OLD)).status, 200, 'and the old one still holds');
});

test('of the first user is refused likewise, before there is a user', async () => {
  const outcome = await openTestGateway({ env: { RELAY_ADMIN_PASSWORD: 'administrator' } }).then(
    () => null,
    (error: unknown) => error,
  );
  assert.instance(outcome, ConfigMistakes);
});

test('that is long and one’s own passes, also when it holds a common word or a short name', async () => {
  for (const [password, name] of [
    ['four words and more', 'admin'],
    ['an-admin-of-the-tests', 'admin'],
    ['dragon 8472 1934 5561', 'tess'],
    ['correct horse battery', 'e'],
    ['пароль из четырёх слов', 'анна'],
    ['kzvw-2345-mnpq-rstv', 'tess'],
    ['x7Kq2pLm', 'tess'],
    ['a relay of four words', 'tess'],
  ] as const)
    assert.is(await isEasyPassword(password, name), false, password);
  for (const [password, name] of [
    ['tess-1234', 'tess'],
    ['TessTess99', 'tess'],
    ['adminpassword', 'admin'],
    ['ＰＡＳＳＷＯＲＤ', 'tess'],
    ['aaaaaaaa', 'tess'],
    ['aaaaaaaaaaaa', 'tess'],
    ['aaaa1111aaaa', 'tess'],
    ['xyqxyqxyqxyq', 'tess'],
    ['abcdefghijkl', 'tess'],
    ['9876543210987', 'tess'],
    ['asdfghjkl asdf', 'tess'],
    ['RelayPACS1', 'tess'],
    ['Relay-PACS-2026', 'tess'],
    ['tess relaypacs 1', 'tess'],
  ] as const)
    assert.is(await isEasyPassword(password, name), true, password);
});

test.run();
