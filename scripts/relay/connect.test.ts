import { createServer, type Server } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';
import { parseArguments } from './arguments.ts';
import { connect, CONNECTION_OPTIONS } from './connect.ts';

const USER = {
  id: '0b9f6a0e-7f0f-4d38-9c0b-2f6a9f1c0001',
  username: 'someone',
  roles: ['technician'],
  siteId: '0b9f6a0e-7f0f-4d38-9c0b-2f6a9f1c0002',
};

/** A gateway of which every session can be ended at once. */
function startGateway() {
  const state = { logins: 0, valid: '' };
  const server: Server = createServer((request, response) => {
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const refuse = (code: string) =>
      answer(401, { type: 'x', title: 'x', status: 401, code, correlationId: 'c' });
    if (request.url === '/auth/login') {
      state.logins += 1;
      state.valid = `t${state.logins}`;
      return answer(200, { accessToken: state.valid, refreshToken: 'r', expiresIn: 600, user: USER });
    }
    if (request.url === '/auth/refresh') return refuse('session-ended');
    return request.headers.authorization === `Bearer ${state.valid}`
      ? answer(200, {})
      : refuse('not-authenticated');
  });
  const started = listenOnLoopback(server).then((port) => `http://127.0.0.1:${port}`);
  return { state, server, started };
}

const test = suite('the session of the command line');

test('ends in the middle of the work, and the work continues: one request signs in again for all', async () => {
  const { state, server, started } = startGateway();
  const args = parseArguments(['--gateway', await started, '--user', 'someone'], {
    values: [...CONNECTION_OPTIONS],
    flags: [],
  });
  const around = {
    env: { RELAY_PASSWORD: 'password' },
    signal: new AbortController().signal,
    print: () => undefined,
    say: () => undefined,
  };
  const { api } = await connect(args, around);
  assert.is((await api.send('/upload', {})).status, 200);
  state.valid = 'none that was given';
  const answers = await Promise.all(Array.from({ length: 8 }, () => api.send('/upload', {})));
  assert.ok(answers.every(({ status }) => status === 200));
  assert.is(state.logins, 2);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test.run();
