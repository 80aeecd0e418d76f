/** Sessions end when they are ended: nothing that was signed or opened before continues afterwards. */
import { randomUUID } from 'node:crypto';
import { type AddressInfo, connect } from 'node:net';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ListedSession, type Session, sessionListSchema } from '#shared/protocol/api.ts';
import type { ManifestAnswer } from '#shared/protocol/manifest.ts';
import { until } from '#testing/gateway-under-test.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import type { Db } from '../database/database.ts';
import { openPort } from '../http/open-port.ts';
import { createTestDevice, type TestDevice } from '../testing/open-device.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { packed, toManifest } from '../testing/pack-parcel.ts';
import { setPassword } from './set-password.ts';
import { plainPort } from '../testing/plain-port.ts';

const test = suite('a session that was ended');
let gateway: TestGateway;
let admin: Session;
test.before(async () => {
  gateway = await openTestGateway({ start: false });
  admin = await gateway.signIn();
});
test.after(() => gateway.close());

const codeOf = async (answer: Response): Promise<string> => ((await answer.json()) as { code: string }).code;
const asAdmin = async (method: string, path: string, body?: unknown): Promise<void> => {
  const answer = await gateway.call(method, path, { token: admin.accessToken, body });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
};
const reach = async (token: string, path = '/auth/me') => (await gateway.call('GET', path, { token })).status;

/** Every way to end the sessions of an account. */
const ENDS: Record<string, (of: Session) => Promise<void>> = {
  'a new password by an administrator': ({ user }) =>
    asAdmin('PUT', `/admin/users/${user.id}/password`, { password: 'another password' }),
  'being disabled, and enabled again': async ({ user }) => {
    await asAdmin('PATCH', `/admin/users/${user.id}`, { disabled: true });
    await asAdmin('PATCH', `/admin/users/${user.id}`, { disabled: false });
  },
  'other roles': ({ user }) =>
    asAdmin('PATCH', `/admin/users/${user.id}`, { roles: ['radiologist', 'technician'] }),
  'signing out everywhere': async ({ accessToken: token }) => {
    assert.is((await gateway.call('DELETE', '/auth/sessions?which=all', { token })).status, 204);
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
    // The streams end unasked; a test of streams that stay open would never end.
    assert.equal(await Promise.all(streams), ['', '']);
  });
}

/** A parcel of a study of one film, promised by this token; half of it has come, and its connection stays open. */
async function halfSent(token: string, port: number, seed: number) {
  const { instances } = syntheticStudy({ seed, instancesPerSeries: 1, rows: 8, columns: 8 });
  const bytes = await packed(instances);
  const init = await gateway.call('POST', '/upload/init', { token, body: toManifest(instances) });
  const { uploadId } = (await init.json()) as ManifestAnswer;
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const created = await gateway.call('POST', '/upload/files', {
    token,
    headers: {
      'tus-resumable': '1.0.0',
      'upload-length': String(bytes.length),
      'upload-metadata': `upload ${base64(uploadId)},parcel ${base64(randomUUID())}`,
    },
  });
  assert.is(created.status, 201);
  const socket = connect(port, '127.0.0.1');
  const pieces: Buffer[] = [];
  socket.on('data', (piece: Buffer) => void pieces.push(piece)).on('error', () => undefined);
  const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
  const head = [
    `PATCH /upload/${created.headers.get('location')} HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${token}`,
    'Tus-Resumable: 1.0.0',
    'Upload-Offset: 0',
    'Content-Type: application/offset+octet-stream',
    `Content-Length: ${bytes.length}`,
  ];
  const before = receiving();
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.write(bytes.subarray(0, 500));
  await until('the parcel to come in', async () => receiving() > before);
  return {
    uploadId,
    told: () => Buffer.concat(pieces).toString(),
    closed,
    sendRest: () => socket.write(bytes.subarray(500)),
  };
}

const receiving = (): number =>
  gateway.lines.filter(({ event, stage }) => event === 'stage-started' && stage === 'intake').length;

async function stateOfParcel(uploadId: string): Promise<string | undefined> {
  const { db } = gateway.database;
  const row = await db
    .selectFrom('parcel')
    .select('state')
    .where('upload_id', '=', uploadId)
    .executeTakeFirst();
  return row?.state;
}

test('a parcel that is half-way does not arrive: its connection ends with the session or the device’s right', async () => {
  const server = await openPort(gateway.api, 0, plainPort());
  try {
    const { port } = server.address() as AddressInfo;
    for (const [at, [what, end]] of Object.entries(ENDS).entries()) {
      const session = await gateway.userWith(['technician']);
      const device = await createTestDevice(gateway);
      await device.enrol(session.accessToken);
      const halves = [];
      for (const [by, token] of [session.accessToken, await device.token()].entries())
        halves.push(await halfSent(token, port, 7_000 + 2 * at + by));
      await end(session);
      // All of them are closed; a test of connections that stay open would never end.
      await Promise.all(halves.map(({ closed }) => closed));
      for (const { uploadId, told } of halves)
        assert.equal([told(), await stateOfParcel(uploadId)], ['', 'receiving'], what);
    }
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

test('other roles leave the person signed in: the next token has them', async () => {
  const session = await gateway.userWith(['technician']);
  await asAdmin('PATCH', `/admin/users/${session.user.id}`, { roles: ['radiologist'] });
  const { refreshToken } = session;
  const answer = await gateway.call('POST', '/auth/refresh', { body: { refreshToken } });
  const next = (await answer.json()) as Session;
  assert.equal([await reach(next.accessToken), next.user.roles], [200, ['radiologist']]);
});

test('signing out everywhere ends the sessions and devices of this account and of no other', async () => {
  const one = await gateway.userWith(['technician']);
  const other = await gateway.userWith(['technician']);
  const again = await gateway.signIn(one.user.username, 'a long password');
  const device = await createTestDevice(gateway);
  await device.enrol(one.accessToken);
  await gateway.call('DELETE', '/auth/sessions?which=all', { token: again.accessToken });
  for (const { refreshToken } of [one, again])
    assert.is(
      await codeOf(await gateway.call('POST', '/auth/refresh', { body: { refreshToken } })),
      'session-ended',
    );
  assert.is(await codeOf(await device.exchange(await device.assertion())), 'session-ended');
  assert.equal([await reach(other.accessToken), await reach(admin.accessToken)], [200, 200]);
});

test('people see what acts in their name: since when, last used, which one this is, and nothing of others', async () => {
  const one = await gateway.userWith(['technician']);
  await gateway.userWith(['technician']);
  const { id, username } = one.user;
  const listed = async (headers: Record<string, string>): Promise<ListedSession[]> => {
    const answer = await gateway.call('GET', '/api/auth/sessions', { door: 'web', headers });
    assert.is(answer.status, 200);
    return sessionListSchema.parse(await answer.json()).sessions;
  };
  const begunAt = gateway.now();
  gateway.wait(60_000);
  const body = { username, password: 'a long password' };
  const browser = await gateway.call('POST', '/api/auth/login', { door: 'web', body });
  const { accessToken } = (await browser.json()) as Session;
  const cookie = browser.headers.getSetCookie().find((each) => each.startsWith('relay_refresh=')) ?? '';
  const device = await createTestDevice(gateway);
  await device.enrol(accessToken);
  gateway.wait(60_000);
  await gateway.call('POST', '/auth/refresh', { body: { refreshToken: one.refreshToken } });
  const asked = { authorization: `Bearer ${accessToken}`, cookie: cookie.split(';')[0] ?? '' };
  const shown = (await listed(asked)).map(({ kind, since, lastUsedAt, isThis }) => {
    const minutes = [since, lastUsedAt].map((at) =>
      Math.round((Date.parse(at) - begunAt.getTime()) / 60_000),
    );
    return [kind, ...minutes, isThis];
  });
  assert.equal(shown[0], ['session', 0, 2, false], 'the first, used a minute ago');
  assert.equal(
    shown.slice(1).toSorted(([a], [b]) => String(a).localeCompare(String(b))),
    [
      ['device', 1, 1, false],
      ['session', 1, 1, true],
    ],
  );
  await gateway.call('POST', '/auth/logout', { body: { refreshToken: one.refreshToken } });
  assert.is((await listed(asked)).length, 2, 'one that was signed out is not listed');
  await gateway.call('DELETE', '/auth/sessions?which=all', { token: accessToken });
  const again = await gateway.signIn(username, 'a long password');
  const left = await gateway.call('GET', '/auth/sessions', { token: again.accessToken });
  assert.equal(
    sessionListSchema.parse(await left.json()).sessions.map(({ kind, isThis }) => [kind, isThis]),
    [['session', false]],
    `of ${id}`,
  );
});

test('a stream ends with its token, as every request does', async () => {
  const session = await gateway.userWith(['technician']);
  const device = await createTestDevice(gateway);
  await device.enrol(session.accessToken);
  const told = (await gateway.call('GET', '/events', { token: await device.token() })).text();
  gateway.wait(601_000);
  // Any news of the device makes its stream look at its token.
  const again = await gateway.signIn(session.user.username, 'a long password');
  await device.enrol(again.accessToken);
  assert.is(await told, '');
  admin = await gateway.signIn();
});

test('no sign-in, exchange or enrolment survives a new password that it meets half-way', async () => {
  const session = await gateway.userWith(['technician']);
  const { username, id, siteId } = session.user;
  const device = await createTestDevice(gateway);
  const { db } = gateway.database;
  const body = { username, password: 'a long password' };
  let racing: Promise<unknown>[] = [];
  await db.transaction().execute(async (trx) => {
    await setPassword(trx, { id, siteId }, { passwordHash: 'x', by: id, now: gateway.now() });
    // The callers have shown who they are, and now do what the new password is to end.
    racing = [
      gateway.call('POST', '/auth/login', { body }),
      gateway.call('POST', '/auth/refresh', { body: { refreshToken: session.refreshToken } }),
      device.enrol(session.accessToken),
    ];
    await until('all of them to wait for the account', async () => (await waitingForLocks(db)) === 3);
  });
  await Promise.all(racing);
  const rowsOf = async (table: 'refresh_token' | 'device') =>
    db
      .selectFrom(table)
      .select('account_id')
      .where('account_id', '=', id)
      .where('revoked_at', 'is', null)
      .execute();
  assert.equal([await rowsOf('refresh_token'), await rowsOf('device')], [[], []]);
});

async function waitingForLocks(db: Db): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
  return rows[0]?.count ?? 0;
}

test.run();
