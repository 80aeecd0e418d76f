import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { User } from '#shared/protocol/api.ts';
import { createApiClient, OtherAccount, Unreachable, type ApiProblem } from './api-client.ts';
import { createSession } from './session.ts';
import { failureOf } from '../testing/failure-of.ts';

const USER = {
  id: '0b9f6a0e-7f0f-4d38-9c0b-2f6a9f1c0001',
  username: 'someone',
  roles: ['technician'],
  siteId: '0b9f6a0e-7f0f-4d38-9c0b-2f6a9f1c0002',
};

/** A gateway whose tokens last `seconds`; a refresh token is good for one use. */
function gateway(seconds: number) {
  const state = { now: 0, issued: 0, refreshes: 0, isDown: false, isEnded: false, told: 0, user: USER };
  const valid = new Map<string, number>();
  let refresh = '';
  const answer = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    if (state.isDown) throw new TypeError('fetch failed');
    const path = new URL(String(input)).pathname;
    const refuse = (code: string) =>
      Response.json({ type: 'x', title: 'x', status: 401, code, correlationId: 'c' }, { status: 401 });
    const token = new Headers(init.headers).get('authorization')?.slice('Bearer '.length) ?? '';
    const isSignedIn = (valid.get(token) ?? 0) > state.now;
    if (path === '/auth/password') {
      if (!isSignedIn) return refuse('not-authenticated');
      valid.clear();
    }
    if (path === '/auth/login' || path === '/auth/refresh' || path === '/auth/password') {
      if (path === '/auth/refresh') {
        state.refreshes += 1;
        await new Promise((resolve) => setImmediate(resolve));
        const given = JSON.parse(String(init.body)) as { refreshToken?: string };
        if (state.isEnded || given.refreshToken !== refresh) return refuse('session-ended');
      }
      state.issued += 1;
      const accessToken = `t${state.issued}`;
      valid.set(accessToken, state.now + seconds * 1000);
      refresh = `r${state.issued}`;
      return Response.json({ accessToken, refreshToken: refresh, expiresIn: seconds, user: state.user });
    }
    return isSignedIn ? new Response('{}') : refuse('not-authenticated');
  };
  let free: Promise<void> | null = null;
  /** Another one, which holds what only one tab may hold. */
  const tab = {
    hold(): () => void {
      const held = Promise.withResolvers<void>();
      free = held.promise;
      return held.resolve;
    },
  };
  const session = createSession({
    baseUrl: 'http://gateway',
    fetch: answer,
    now: () => state.now,
    alone: async (work) => (free === null ? work() : free.then(work)),
    ended() {
      state.told += 1;
    },
  });
  const api = createApiClient({ baseUrl: 'http://gateway', fetch: answer, tokens: session });
  return { state, session, api, tab, revoke: () => valid.clear() };
}

async function signedIn(seconds: number) {
  const opened = gateway(seconds);
  await opened.session.signIn('someone', 'password');
  return opened;
}

test('a long upload outlives its token without asking for a password', async () => {
  const { state, session, api } = await signedIn(60);
  for (let minute = 0; minute < 10; minute += 1) {
    assert.is((await api.send('/upload', {})).status, 200);
    state.now += 60_000;
  }
  assert.is(session.state.value, 'signed-in');
});

test('a renewal that brings another person’s session sends nothing of the one before', async () => {
  const { state, session, api, revoke } = await signedIn(60);
  const mine = { method: 'POST', as: USER.id };
  assert.is((await api.send('/upload', mine)).status, 200);
  const refused = async () => (await failureOf(api.send('/upload', mine))) instanceof OtherAccount;
  // In another tab; the cookie is shared. The gateway refuses the token …
  state.user = { ...USER, id: '0b9f6a0e-7f0f-4d38-9c0b-2f6a9f1c0003' };
  revoke();
  assert.ok(await refused());
  assert.is((await api.send('/upload', {})).status, 200);
  // … or it ends here.
  state.user = USER;
  await session.signIn('someone', 'password');
  state.user = { ...USER, id: '0b9f6a0e-7f0f-4d38-9c0b-2f6a9f1c0003' };
  state.now += 60_000;
  assert.ok(await refused());
  assert.is(session.user.value?.id, state.user.id);
});

test('many requests that meet the end of a token renew it once', async () => {
  const { state, api, revoke } = await signedIn(3600);
  revoke();
  const answers = await Promise.all(Array.from({ length: 20 }, () => api.send('/upload', {})));
  assert.ok(answers.every((answer) => answer.status === 200));
  assert.is(state.refreshes, 1);
});

test('without a network the session does not count as ended', async () => {
  const { state, session } = await signedIn(60);
  state.now += 3_600_000;
  state.isDown = true;
  assert.instance(await failureOf(session.accessToken()), Unreachable);
  assert.is(session.state.value, 'signed-in');
  state.isDown = false;
  assert.is(await session.accessToken(), 't2');
});

test('signing out takes effect at once even if the gateway does not answer, and it is still told', async () => {
  const heard = Promise.withResolvers<Response>();
  const asked: string[] = [];
  const said: unknown[] = [];
  const waiting = createSession({
    baseUrl: 'http://gateway',
    now: () => 0,
    alone: (work) => work(),
    async fetch(input, { body } = {}) {
      asked.push(String(input));
      said.push(JSON.parse(String(body)));
      if (String(input).endsWith('/logout')) return heard.promise;
      return new Response(JSON.stringify({ accessToken: 't', refreshToken: 'r', expiresIn: 60, user: USER }));
    },
  });
  await waiting.signIn('someone', 'password');
  const left = waiting.signOut(true);
  assert.equal(
    [waiting.state.value, waiting.user.value, await waiting.accessToken()],
    ['signed-out', null, null],
  );
  heard.resolve(new Response(null, { status: 204 }));
  await left;
  assert.is(asked.at(-1), 'http://gateway/auth/logout');
  assert.equal(said.at(-1), { refreshToken: 'r', locked: true }, 'with who ended it');
});

test('a renewal that is answered after signing out signs nobody in', async () => {
  const { state, session, api } = await signedIn(60);
  state.now += 60_000;
  const asked = api.send('/upload', {});
  await session.signOut();
  assert.is((await asked).status, 401);
  assert.is(state.refreshes, 1);
  assert.is(session.state.value, 'signed-out');
  assert.is(session.user.value, null);
  assert.is(await session.accessToken(), null);
});

test('a renewal that waits for another tab is not asked for after signing out', async () => {
  const { state, session, api, tab } = await signedIn(60);
  state.now += 60_000;
  const free = tab.hold();
  const asked = api.send('/upload', {});
  await new Promise(setImmediate);
  const left = session.signOut();
  free();
  await left;
  assert.is((await asked).status, 401);
  assert.is(state.refreshes, 0);
  assert.is(session.state.value, 'signed-out');
});

test('a new password that is answered after signing out signs nobody in', async () => {
  const { session } = await signedIn(60);
  const changed = session.changePassword('password', 'another password');
  await session.signOut();
  await changed;
  assert.is(session.state.value, 'signed-out');
  assert.is(session.begun.value, 1);
});

test('signing out everywhere is believed only once the gateway has said so', async () => {
  const asked: string[] = [];
  let status = 503;
  const session = createSession({
    baseUrl: 'http://gateway',
    now: () => 0,
    alone: (work) => work(),
    async fetch(input, { method = '', headers } = {}) {
      asked.push(`${method} ${new URL(String(input)).pathname} ${new Headers(headers).get('authorization')}`);
      if (method === 'DELETE') return new Response(null, { status });
      return new Response(JSON.stringify({ accessToken: 't', refreshToken: 'r', expiresIn: 60, user: USER }));
    },
  });
  await session.signIn('someone', 'password');
  assert.is(((await failureOf(session.signOutEverywhere())) as ApiProblem).status, 503);
  assert.is(session.state.value, 'signed-in');
  status = 204;
  await session.signOutEverywhere();
  assert.equal([session.state.value, asked.at(-1)], ['signed-out', 'DELETE /auth/sessions Bearer t']);
});

test('a session that the gateway ended is reported as ended, without asking in a loop', async () => {
  const { state, session, api, revoke } = await signedIn(3600);
  state.isEnded = true;
  revoke();
  assert.is((await api.send('/upload', {})).status, 401);
  assert.is(session.state.value, 'signed-out');
  assert.is((await api.send('/upload', {})).status, 401);
  assert.equal([state.refreshes, state.told], [1, 1]);
});

test('a person who signs out is not told that the session was ended', async () => {
  const { state, session } = await signedIn(3600);
  await session.signOut();
  await session.signIn('someone', 'password');
  await session.signOutEverywhere();
  assert.equal([session.state.value, state.told], ['signed-out', 0]);
});

test('a new password keeps this session, also when its token has just expired', async () => {
  const { state, session, api } = await signedIn(60);
  state.now += 59_000;
  assert.is(session.begun.value, 1);
  await session.changePassword('password', 'four words');
  assert.is(session.begun.value, 2, 'rights of before have ended');
  assert.is((await api.send('/upload', {})).status, 200);
  assert.equal([session.state.value, state.refreshes], ['signed-in', 1]);
  state.now += 59_000;
  assert.is((await api.send('/upload', {})).status, 200, 'its refresh token is the new one');
  assert.is(session.begun.value, 2, 'and a new token begins no session');
});

test('without a network the last user can continue, and a silent link is not waited for', async () => {
  const later: (() => void)[] = [];
  const tools = {
    baseUrl: 'http://gateway',
    now: () => 0,
    alone: <T>(work: () => Promise<T>) => work(),
    remembered: async () => USER as User,
  };
  const cut = createSession({ ...tools, fetch: async () => Promise.reject(new TypeError('fetch failed')) });
  await cut.resume();
  assert.equal([cut.state.value, cut.user.value?.username], ['offline', 'someone']);

  const answer = Promise.withResolvers<Response>();
  const silent = createSession({
    ...tools,
    fetch: () => answer.promise,
    later: (work) => void later.push(work),
  });
  const resumed = silent.resume();
  while (later.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.is(silent.state.value, 'unknown');
  later[0]!();
  assert.equal([silent.state.value, silent.user.value?.username], ['offline', 'someone']);
  answer.resolve(new Response(JSON.stringify({ accessToken: 't', expiresIn: 60, user: USER })));
  await resumed;
  assert.is(silent.state.value, 'signed-in');
});

test.run();
