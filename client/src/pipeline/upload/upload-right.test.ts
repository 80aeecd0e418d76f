import { decodeJwt, importJWK, jwtVerify } from 'jose';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DAY_MS } from '#shared/day.ts';
import { createApiClient, Unreachable, type TokenSource } from '../../net/api-client.ts';
import { createServerClock } from '../../net/server-clock.ts';
import { keepRight, keptRight } from '../queue/rows/kept-rights.ts';
import { openLocalDatabase, type LocalDatabase } from '../queue/rows/local-database.ts';
import { createUploadRight } from './upload-right.ts';
import { failureOf } from '../../testing/failure-of.ts';

const NOON = Date.parse('2026-11-20T12:00:00Z');
const DEVICE = '0b9f6a0e-7f0f-4d38-9c0b-2f6a9f1c0001';
const ACCOUNT = '0b9f6a0e-7f0f-4d38-9c0b-2f6a9f1c0002';
const AUDIENCE = 'http://gateway';

const newDatabase = () => openLocalDatabase({ indexedDB: new IDBFactory(), IDBKeyRange });

/** A gateway with a correct clock, its recorded requests and its faults. */
function gatewayOf() {
  const state = {
    ...{ time: NOON, isDown: false, isEnded: false, enrols: true, losesEnrolment: 0 },
    ...{ enrolments: 0, exchanges: 0, jtis: new Set<string>() },
    key: null as Record<string, string> | null,
  };
  const refuse = (status: number, code: string) =>
    answered({ type: 'x', title: 'x', status, code, correlationId: 'c' }, status);
  const answered = (body: unknown, status = 200) =>
    new Response(JSON.stringify(body), {
      status,
      headers: {
        'content-type': 'application/json',
        date: new Date(Math.floor(state.time / 1000) * 1000).toUTCString(),
      },
    });
  async function exchange(assertion: string): Promise<Response> {
    state.exchanges += 1;
    if (state.key === null || state.isEnded) return refuse(401, 'session-ended');
    try {
      const { payload } = await jwtVerify(assertion, await importJWK(state.key, 'ES256'), {
        issuer: DEVICE,
        subject: DEVICE,
        audience: AUDIENCE,
        currentDate: new Date(state.time),
        clockTolerance: 60,
      });
      if (payload.exp! * 1000 > state.time + 360_000 || state.jtis.has(payload.jti!))
        return refuse(401, 'assertion-refused');
      state.jtis.add(payload.jti!);
      return answered({ accessToken: `right-${state.jtis.size}`, expiresIn: 600 });
    } catch {
      return refuse(401, 'assertion-refused');
    }
  }
  const fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    if (state.isDown) throw new TypeError('no answer');
    const path = new URL(String(input)).pathname;
    const body = JSON.parse(String(init.body)) as { publicKey: Record<string, string>; assertion: string };
    if (path === '/auth/device-token') return exchange(body.assertion);
    if (path !== '/auth/enrol') return answered({});
    if (!state.enrols) return refuse(404, 'not-found');
    if (new Headers(init.headers).get('authorization') !== 'Bearer session')
      return refuse(401, 'not-authenticated');
    state.enrolments += 1;
    state.isEnded = false;
    state.key = body.publicKey;
    state.losesEnrolment -= 1;
    if (state.losesEnrolment >= 0) throw new TypeError('the answer was lost');
    return answered({ deviceId: DEVICE, audience: AUDIENCE });
  };
  return { state, fetch };
}

/** The device of one account; `offBy`: the milliseconds by which its clock is ahead. */
function deviceOf(
  gateway = gatewayOf(),
  { database = newDatabase(), offBy = 0 }: { database?: LocalDatabase; offBy?: number } = {},
) {
  const { state } = gateway;
  const device = { offBy, session: 'session' as string | null };
  const clock = createServerClock({
    wall: () => state.time + device.offBy,
    monotonic: () => state.time,
    keep: () => undefined,
  });
  const session: TokenSource = { accessToken: async () => device.session, renew: async () => device.session };
  const right = createUploadRight({
    baseUrl: 'http://gateway',
    fetch: gateway.fetch,
    clock,
    monotonic: () => state.time,
    newId: () => crypto.randomUUID(),
    alone: (work) => work(),
    store: { get: () => keptRight(database, ACCOUNT), put: (kept) => keepRight(database, ACCOUNT, kept) },
    session: () => (device.session === null ? null : session),
  });
  const own = { baseUrl: 'http://gateway', fetch: gateway.fetch };
  return {
    gateway,
    device,
    right,
    database,
    api: createApiClient({ ...own, tokens: right, serverClock: clock }),
  };
}

test('a right that a new password has ended is renewed when it is confirmed, though its token seems valid', async () => {
  const { gateway, device, right } = deviceOf();
  assert.is(await right.accessToken(), 'right-1');
  gateway.state.isEnded = true;
  assert.is(await right.accessToken(), 'right-1', 'nothing has told the device');
  assert.is(await right.confirm(), 'right-2');
  assert.is(gateway.state.enrolments, 2);
  device.session = null;
  assert.is(await right.mayGive(), true);
});

test('a device enrols while its user is signed in, and keeps sending after sign-out, even in a new page', async () => {
  const { gateway, device, right, database } = deviceOf();
  assert.is(await right.accessToken(), 'right-1');
  device.session = null;
  gateway.state.time += 600_000;
  assert.is(await right.accessToken(), 'right-2');
  const reopened = deviceOf(gateway, { database });
  reopened.device.session = null;
  assert.is(await reopened.right.accessToken(), 'right-3');
  assert.is(gateway.state.enrolments, 1);
});

test('many simultaneous requests share one token request', async () => {
  const { gateway, right } = deviceOf();
  const tokens = async (ask: () => Promise<unknown>) => [
    ...new Set(await Promise.all(Array.from({ length: 20 }, ask))),
  ];
  assert.equal(await tokens(() => right.accessToken()), ['right-1']);
  gateway.state.time += 500_000;
  assert.is(await right.accessToken(), 'right-1');
  assert.equal(await tokens(() => right.renew('right-1')), ['right-2']);
});

test('the device keeps no token, and a key that no script can read', async () => {
  const { right, database } = deviceOf();
  await right.accessToken();
  const rows = await database.device.toArray();
  assert.not.match(JSON.stringify(rows), /right-1|session"/);
  const { keys } = (await keptRight(database, ACCOUNT))!;
  assert.is(keys.privateKey.extractable, false);
  assert.is((await failureOf(crypto.subtle.exportKey('jwk', keys.privateKey))).name, 'InvalidAccessError');
});

for (const days of [-3, 3]) {
  test(`a tablet whose clock is ${days} days off enrols and gets its tokens`, async () => {
    const { right } = deviceOf(gatewayOf(), { offBy: days * DAY_MS });
    assert.is(await right.accessToken(), 'right-1');
  });

  test(`setting the clock by ${days} days between two tokens costs one more request, and no login`, async () => {
    const { gateway, device, right } = deviceOf();
    await right.accessToken();
    device.session = null;
    device.offBy = days * DAY_MS;
    gateway.state.time += 600_000;
    assert.is(await right.accessToken(), 'right-2');
    assert.is(gateway.state.exchanges, 3);
  });
}

test('each assertion is unique and valid for minutes only', async () => {
  const gateway = gatewayOf();
  const seen: string[] = [];
  const watched = {
    ...gateway,
    fetch: (input: string | URL | Request, init?: RequestInit) => {
      if (String(input).endsWith('/auth/device-token'))
        seen.push((JSON.parse(String(init?.body)) as { assertion: string }).assertion);
      return gateway.fetch(input, init);
    },
  };
  const { right } = deviceOf(watched);
  await right.accessToken();
  await right.renew('right-1');
  const [first, second] = seen.map((assertion) => decodeJwt(assertion));
  assert.is.not(first?.jti, second?.jti);
  assert.ok(first!.exp! * 1000 - NOON <= 300_000);
});

test('an enrolment whose answer was lost is repeated with the same key', async () => {
  const { gateway, right, database } = deviceOf();
  gateway.state.losesEnrolment = 1;
  assert.instance(await failureOf(right.accessToken()), Unreachable);
  const { key } = gateway.state;
  assert.is((await keptRight(database, ACCOUNT))?.deviceId, null);
  assert.is(await right.accessToken(), 'right-1');
  assert.equal(gateway.state.key, key);
});

test('an ended right gives no token until its user signs in; then it starts again with the same key', async () => {
  const { gateway, device, right, database, api } = deviceOf();
  await right.accessToken();
  const { key } = gateway.state;
  device.session = null;
  gateway.state.isEnded = true;
  assert.equal([await right.renew('right-1'), await right.mayGive()], [null, false]);
  const { exchanges } = gateway.state;
  await api.send('/upload', { body: '{}' });
  assert.is(await right.accessToken(), null);
  assert.is(gateway.state.exchanges, exchanges, 'the gateway is not asked repeatedly');
  assert.is((await keptRight(database, ACCOUNT))?.hasEnded, true);
  device.session = 'session';
  assert.is(await right.mayGive(), true);
  assert.is(await right.accessToken(), 'right-2');
  assert.equal(gateway.state.key, key);
});

test('without an answer the right does not count as ended', async () => {
  const { gateway, device, right } = deviceOf();
  await right.accessToken();
  device.session = null;
  gateway.state.isDown = true;
  assert.instance(await failureOf(right.renew('right-1')), Unreachable);
  gateway.state.isDown = false;
  assert.is(await right.accessToken(), 'right-2');
});

test('if devices cannot enrol, the session’s token is used, and the gateway is not asked before each request', async () => {
  const gateway = gatewayOf();
  gateway.state.enrols = false;
  const { device, right } = deviceOf(gateway);
  for (let i = 0; i < 5; i += 1) assert.is(await right.accessToken(), 'session');
  assert.is(gateway.state.enrolments, 0);
  device.session = null;
  assert.is(await right.accessToken(), null);
});

test('an account that was never signed in here has no right', async () => {
  const { device, right } = deviceOf(gatewayOf());
  device.session = null;
  assert.equal([await right.accessToken(), await right.mayGive()], [null, false]);
});

test.run();
