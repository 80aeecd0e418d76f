/** Connections that break under a request: a safe one is asked once more, another one never. Real sockets. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { z } from 'zod';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';
import { createApiClient, Unreachable, type ApiClient } from './api-client.ts';

type Break = (request: IncomingMessage, response: ServerResponse) => void;

const reset: Break = ({ socket }) => void socket.resetAndDestroy();
const close: Break = ({ socket }) => void socket.destroy();
const cutInBody: Break = ({ socket }, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
  response.write('{"it":');
  setImmediate(() => socket.destroy());
};

const test = suite<{ broken: Break[]; asked: string[]; api: ApiClient; end: () => Promise<void> }>(
  'a connection that breaks',
);
test.before.each(async (context) => {
  context.broken = [];
  context.asked = [];
  const server = createServer((request, response) => {
    context.asked.push(`${request.method} ${request.url}`);
    const broken = context.broken.shift();
    if (broken) return broken(request, response);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"it":"works"}');
  });
  const baseUrl = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  const tokens = { accessToken: async () => 'token', renew: async () => null };
  context.api = createApiClient({ baseUrl, fetch, tokens });
  context.end = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
});
test.after.each(({ end }) => end());

const ANSWER = z.object({ it: z.string() });

test('a GET is asked once more, however the connection broke and whoever reads the answer', async (context) => {
  for (const broken of [reset, close, cutInBody])
    for (const ask of [
      () => context.api.json('/it', ANSWER),
      async () => JSON.parse(await context.api.text('/it')) as unknown,
    ]) {
      context.asked.length = 0;
      context.broken.push(broken);
      assert.equal(await ask(), { it: 'works' });
      assert.equal(context.asked, ['GET /it', 'GET /it']);
    }
  for (const method of ['GET', 'HEAD']) {
    context.broken.push(reset);
    assert.is((await context.api.send('/it', { method })).status, 200);
  }
});

test('a second break ends it', async (context) => {
  for (const broken of [reset, close]) {
    context.asked.length = 0;
    context.broken.push(broken, broken);
    const failed = await context.api.json('/it', ANSWER).catch((error: unknown) => error);
    assert.instance(failed, Unreachable);
    assert.is(context.asked.length, 2);
  }
});

test('a request that may have done something is never repeated', async (context) => {
  for (const method of ['POST', 'PATCH', 'PUT', 'DELETE']) {
    context.asked.length = 0;
    context.broken.push(reset);
    const failed = await context.api
      .json('/it', ANSWER, { method, body: {} })
      .catch((error: unknown) => error);
    assert.instance(failed, Unreachable);
    assert.equal(context.asked, [`${method} /it`]);
  }
});

test('a caller who has gone is not answered by a second request', async (context) => {
  const { api, broken, asked } = context;
  const gone = new AbortController();
  broken.push((request) => {
    gone.abort(new Error('gone'));
    reset(request, undefined as never);
  });
  const failed = await api
    .json('/it', ANSWER, { signal: gone.signal })
    .catch((error: Error) => error.message);
  assert.equal([failed, asked.length], ['gone', 1]);
});

test.run();
