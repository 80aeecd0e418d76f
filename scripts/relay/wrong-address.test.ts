import { createServer } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freePort } from '../system/ports.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';
import { runRelay } from '#testing/run-relay.ts';

const test = suite('the command line with a wrong address or path');

const run = (...args: string[]) => runRelay(args, { RELAY_PASSWORD: 'password' });

/** Answers everything with `status` and `type`, as a server that is not the gateway's API. */
async function withServer(
  answer: { status: number; type: string; headers?: Record<string, string>; body?: string },
  work: (address: string) => Promise<void>,
): Promise<void> {
  const server = createServer((_, response) => {
    response
      .writeHead(answer.status, { 'content-type': answer.type, ...answer.headers })
      .end(answer.body ?? '<p>something else</p>');
  });
  const port = await listenOnLoopback(server);
  await work(`http://127.0.0.1:${port}`);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

test('a gateway that cannot be reached is named, with what to check', async () => {
  const address = `http://127.0.0.1:${await freePort()}`;
  const { code, said } = await run('user', 'list', '--user', 'admin', '--gateway', address);
  assert.is(code, 3);
  assert.match(said, `cannot be reached at ${address}. Check that it runs. Check --gateway`);
});

test('a first connection that is reset is no gateway that cannot be reached', async () => {
  const answers: string[] = [];
  const server = createServer((request, response) => {
    answers.push(`${request.method} ${request.url}`);
    if (answers.length === 1) return void request.socket.resetAndDestroy();
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"users":[]}');
  });
  const address = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  const { code } = await run('user', 'list', '--token', 't', '--gateway', address);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  assert.is(answers.length, 2);
  assert.is.not(code, 3);
});

test('an address that is not the API, such as the web app without /api, is named', async () => {
  await withServer({ status: 404, type: 'text/plain' }, async (address) => {
    const { code, said } = await run('user', 'list', '--user', 'admin', '--gateway', address);
    assert.is(code, 1);
    assert.match(said, `${address} answered with status 404, which did not come from the gateway's API.`);
    assert.match(said, 'followed by /api');
  });
  await withServer({ status: 200, type: 'text/html' }, async (address) => {
    const { code, said } = await run('user', 'list', '--token', 't', '--gateway', address);
    assert.is(code, 3);
    assert.match(
      said,
      `${address} answered with a web page or a redirect, which did not come from the gateway's API.`,
    );
  });
});

test('a gateway that asks to wait is quoted with how long', async () => {
  const type = 'application/problem+json';
  const problem = { type: 'about:blank', title: 'Later.', status: 429, code: 'too-many-attempts' };
  const body = JSON.stringify({ ...problem, correlationId: '1' });
  await withServer({ status: 429, type, headers: { 'retry-after': '58' }, body }, async (address) => {
    const { said } = await run('user', 'list', '--user', 'admin', '--gateway', address);
    assert.match(said, 'Too many attempts to sign in. (too-many-attempts) Try again in 58 s.');
  });
});

test('a path that does not exist is named', async () => {
  const missing = 'no/such/file.dcm does not exist or cannot be read';
  for (const [args, words] of [
    [['deidentify', 'no/such/file.dcm', '--out', 'no/such/folder'], missing],
    [['inspect', 'no/such/file.dcm'], missing],
    [
      ['receipt', 'verify', import.meta.filename, '--jwks', 'no/such/keys.json'],
      'No keys can be read at no/such/keys.json',
    ],
  ] as const) {
    const { code, said } = await run(...args);
    assert.is(code, 2);
    assert.match(said, words);
  }
});

test.run();
