/** Nobody signs others out: what an attacker tries is counted apart from what everybody else needs. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { IS_WHOLE_PROOF } from '#testing/environment.ts';
import { createTestDevice } from '../testing/open-device.ts';
import { createAttempts } from './attempts.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';

const test = suite('attempts to sign in');
let gateway: TestGateway;
test.before(async () => {
  gateway = await openTestGateway({ start: false, env: { RELAY_RATE_LIMIT: '6000' } });
});
test.after(() => gateway.close());

/** More than any limit allows one guesser. */
const TABLETS = IS_WHOLE_PROOF ? 200 : 80;
const codeOf = async (answer: Response): Promise<string> => ((await answer.json()) as { code: string }).code;
const login = (username: string, password: string) =>
  gateway.call('POST', '/auth/login', { body: { username, password } });
const statusOf = async (answer: Promise<Response>) => {
  const { status, body } = await answer;
  await body?.cancel();
  return status;
};
const atWeb = (username: string, password: string, cookie = '') =>
  gateway.call('POST', '/api/auth/login', {
    door: 'web',
    body: { username, password },
    headers: cookie === '' ? {} : { cookie },
  });

test('the tablets of a hospital sign in while somebody at the same address tries names, garbage and forged assertions', async () => {
  const names: string[] = [];
  for (let i = 0; i < TABLETS; i += 1) names.push((await gateway.userWith(['technician'])).user.username);
  gateway.wait(3_600_000);
  const attack = async (nth: number): Promise<number[]> =>
    Promise.all([
      statusOf(atWeb('admin', 'a guess')),
      statusOf(atWeb(`somebody-${nth}`, 'a guess')),
      statusOf(atWeb(`somebody-else-${nth}`, 'a guess')),
      statusOf(gateway.call('POST', '/auth/login', { body: { username: 7 } })),
      statusOf(gateway.call('POST', '/auth/device-token', { body: { assertion: 'nonsense' } })),
      statusOf(gateway.call('POST', '/auth/refresh', { body: { refreshToken: 'nonsense' } })),
      statusOf(gateway.call('GET', '/auth/me', { token: 'nonsense' })),
    ]);
  const attacks: Promise<number[]>[] = [];
  const signedIn: number[] = [];
  for (const [nth, name] of names.entries()) {
    // The clock stands still: whatever the attacker uses up stays used up.
    for (let i = 0; i < 2; i += 1) attacks.push(attack(nth * 2 + i));
    signedIn.push(await statusOf(atWeb(name, 'a long password')));
  }
  assert.equal(new Set(signedIn), new Set([200]));
  const seen = new Set((await Promise.all(attacks)).flat());
  assert.equal([...seen].sort(), [401, 422, 429], 'and the attacker was slowed down where it guessed');
  const rows = await gateway.database.db
    .selectFrom('audit')
    .select('fields')
    .where('event', '=', 'login-failed')
    .execute();
  assert.ok(rows.length <= 30, `${rows.length} rows of the audit trail: made-up names do not fill the disk`);
});

test('a device continues while somebody at its address sends assertions that it has not signed', async () => {
  const { accessToken } = await gateway.userWith(['technician']);
  const device = await createTestDevice(gateway);
  const thief = await createTestDevice(gateway);
  await device.enrol(accessToken);
  const claims = { iss: device.id, sub: device.id };
  for (let i = 0; i < 100; i += 1)
    assert.is(await codeOf(await thief.exchange(await thief.assertion(claims))), 'session-ended');
  for (let i = 0; i < 200; i += 1) assert.is((await device.exchange(`nonsense ${i}`)).status, 401);
  assert.ok(await device.token());
});

test('a browser in which the account has signed in before is not locked out by strangers who try its name', async () => {
  const { username } = (await gateway.userWith(['technician'])).user;
  const first = await atWeb(username, 'a long password');
  const cookies = first.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .filter((cookie) => cookie?.startsWith('relay_known_'));
  assert.is(cookies.length, 1);
  for (let i = 0; i < 12; i += 1) await statusOf(atWeb(username, 'a guess'));
  assert.is(await statusOf(atWeb(username, 'a long password')), 429, 'a stranger waits');
  assert.is(await statusOf(atWeb(username, 'a long password', cookies[0])), 200, 'the tablet does not');
  // Guesses of the tablet are counted as well, and its cookie counts for this account alone.
  const own = [];
  for (let i = 0; i < 10; i += 1) own.push(await statusOf(atWeb(username, 'a guess', cookies[0])));
  assert.equal([own.at(0), own.at(-1)], [401, 429]);
  const [, value] = (cookies[0] ?? '').split('=');
  const { user } = await gateway.userWith(['technician']);
  for (let i = 0; i < 12; i += 1) await statusOf(atWeb(user.username, 'a guess'));
  assert.is(await statusOf(atWeb(user.username, 'a long password', `relay_known_${user.id}=${value}`)), 429);
});

test('a refused attempt says how long it lasts, and takes nothing more', async () => {
  const { username } = (await gateway.userWith(['technician'])).user;
  for (let i = 0; i < 9; i += 1) await statusOf(login(username, 'a guess'));
  const refused = await login(username, 'a long password');
  const seconds = Number(refused.headers.get('retry-after'));
  const text = await refused.text();
  const problem = JSON.parse(text) as { code: string; detail: string };
  assert.equal([problem.code, problem.detail], ['too-many-attempts', `Try again in ${seconds} s.`]);
  assert.equal(text.match(/\b(\d+ s|seconds?|minutes?|hours?|moment)\b/g), [`${seconds} s`], 'one time');
  for (let i = 0; i < 100; i += 1) await statusOf(login(username, 'a guess'));
  gateway.wait(seconds * 1000);
  assert.is(await statusOf(login(username, 'a long password')), 200, 'it was told the truth');
});

test('a device that asks too often slows down neither its account nor another device', async () => {
  const own = await openTestGateway({ start: false, env: { RELAY_RATE_LIMIT: '30' } });
  const { accessToken: token } = await own.userWith(['technician']);
  const one = await createTestDevice(own);
  const other = await createTestDevice(own);
  for (const device of [one, other]) await device.enrol(token);
  const ask = async (as: string) =>
    statusOf(own.call('GET', '/upload/00000000-0000-4000-8000-000000000000/status', { token: as }));
  const ofOne = await one.token();
  const answers = [];
  for (let i = 0; i < 31; i += 1) answers.push(await ask(ofOne));
  assert.equal([answers.at(0), answers.at(-1)], [404, 429]);
  assert.equal([await ask(await other.token()), await ask(token)], [404, 404]);
  await own.close();
});

test('requests that are refused without a token, and questions after health, are taken from nobody', async () => {
  const own = await openTestGateway({ env: { RELAY_RATE_LIMIT: '30' } });
  for (let i = 0; i < 100; i += 1) {
    assert.is(await statusOf(own.call('GET', '/auth/me')), 401);
    assert.is(await statusOf(own.call('GET', '/health/ready')), 200);
  }
  assert.is(await statusOf(own.call('GET', '/version')), 200);
  assert.ok(await own.signIn());
  await own.close();
});

test('made-up names by the thousand do not make the gateway forget how often a real one was tried', () => {
  const attempts = createAttempts(true, () => 0);
  const isTaken = (name: string, isAccount: boolean): boolean => {
    try {
      attempts.takeStranger('198.51.100.1', name, isAccount);
      return true;
    } catch {
      return false;
    }
  };
  for (let i = 0; i < 10; i += 1) assert.ok(isTaken('admin', true));
  for (let i = 0; i < 30_000; i += 1) isTaken(`somebody-${i}`, false);
  assert.not(isTaken('admin', true));
});

test.run();
