import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROLES, type ProblemDetails, type Session } from '#shared/protocol/api.ts';
import { ALL_PROBLEMS, type AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import { ConfigMistakes } from './config.ts';
import { accessOf, allow, servesUploadRight, type Access } from './http/route.ts';
import { CERTIFICATE, CERTIFICATE_KEY } from './testing/certificate.ts';
import { createTestDevice } from './testing/open-device.ts';
import { describeError } from './observability/log.ts';
import { createStowPacs } from './ports/pacs/stow-pacs.ts';
import { startLyingPacs } from './testing/lying-dicomweb.ts';
import { HONEST } from './testing/web-conduct.ts';
import { openTestGateway, type TestGateway } from './testing/open-gateway.ts';
import { openTestPacs } from './testing/open-pacs.ts';

const test = suite('the gateway');
let gateway: TestGateway;
test.before(async () => {
  gateway = await openTestGateway();
});
test.after(() => gateway.close());

const problemOf = async (answer: Response): Promise<ProblemDetails> =>
  (await answer.json()) as ProblemDetails;

type Served = {
  readonly method: string;
  readonly path: string;
  readonly access: Access | undefined;
  readonly uploadRight: boolean;
};

/** Every method and path that is served, with its access; global middleware is not a route. */
function servedRoutes(): Served[] {
  const routes = new Map<string, Served>();
  for (const { method, path, handler } of gateway.api.routes) {
    if (method === 'ALL' && /^\/?\*$/.test(path)) continue;
    const key = `${method} ${path}`;
    const known = routes.get(key);
    routes.set(key, {
      method,
      path,
      access: known?.access ?? accessOf(handler),
      uploadRight: known?.uploadRight || servesUploadRight(handler),
    });
  }
  return [...routes.values()];
}

/** A path in which every parameter stands for something that is not there. */
const concrete = (path: string): string =>
  path.replaceAll(/:\w+(\{[^}]*\})?/g, '00000000-0000-4000-8000-000000000000');

test('every route names who may call it', () => {
  const nameless = servedRoutes().filter(({ access }) => access === undefined);
  assert.equal(
    nameless.map(({ method, path }) => `${method} ${path}`),
    [],
  );
  assert.ok(servedRoutes().length > 15);
});

test('without a token only health, version, the contract, the keys and signing in are served', () => {
  const open = servedRoutes()
    .filter(({ access }) => access === 'public')
    .map(({ path }) => path);
  const expected = [
    '/health',
    '/health/live',
    '/health/ready',
    '/version',
    '/openapi.json',
    '/.well-known/jwks.json',
    '/auth/login',
    '/auth/refresh',
    '/auth/logout',
    '/auth/device-token',
  ];
  assert.equal(open.sort(), expected.sort());
});

test('each route serves the roles that it names, and no others, and nobody without a token', async () => {
  const sessions = new Map<string, Session>();
  for (const role of ROLES) sessions.set(role, await gateway.userWith([role]));
  for (const { method, path, access } of servedRoutes()) {
    if (access === undefined || access === 'public') continue;
    const where = concrete(path);
    const stranger = await gateway.call(method, where);
    assert.is(stranger.status, 401, `${method} ${path} without a token`);
    await stranger.body?.cancel();
    for (const role of ROLES) {
      const answer = await gateway.call(method, where, {
        token: sessions.get(role)?.accessToken ?? '',
        headers: { 'tus-resumable': '1.0.0' },
      });
      const code = answer.status === 403 ? (await problemOf(answer)).code : null;
      if (code === null) await answer.body?.cancel();
      const isRefused = code === 'not-allowed';
      assert.is(isRefused, !access.includes(role), `${method} ${path} as ${role}: ${answer.status}`);
    }
  }
});

test('a device that may send reaches the routes of its uploads and no other, whatever its user may do', async () => {
  const device = await createTestDevice(gateway);
  const session = await gateway.userWith(ROLES);
  await device.enrol(session.accessToken);
  const token = await device.token();
  const reached: string[] = [];
  for (const { method, path, access, uploadRight } of servedRoutes()) {
    if (access === undefined || access === 'public') continue;
    const answer = await gateway.call(method, concrete(path), {
      token,
      headers: { 'tus-resumable': '1.0.0' },
    });
    const code = answer.status === 403 ? (await problemOf(answer)).code : null;
    if (code === null) await answer.body?.cancel();
    assert.is(
      code,
      uploadRight ? null : 'not-allowed',
      `${method} ${path} with the right to send: ${answer.status}`,
    );
    if (uploadRight) reached.push(`${method} ${path}`);
  }
  const expected = [
    'POST /upload/init',
    'POST /upload/files',
    'OPTIONS /upload/files',
    'GET /upload/files/:id',
    'POST /upload/files/:id',
    'PATCH /upload/files/:id',
    'DELETE /upload/files/:id',
    'OPTIONS /upload/files/:id',
    'POST /upload/:id/complete',
    'GET /upload/:id/status',
    'GET /upload/:id/receipt',
    'DELETE /upload/:id',
    'POST /upload/:id/decisions',
    'GET /events',
  ];
  assert.equal(reached.sort(), expected.sort());
});

test('an unknown path is a 401 to a stranger and a 404 to others, and a wrong method is told the right ones', async () => {
  const { accessToken: token } = await gateway.signIn();
  assert.is((await gateway.call('GET', '/audit-of-everything')).status, 401);
  assert.is(
    (await problemOf(await gateway.call('GET', '/audit-of-everything', { token }))).code,
    'not-found',
  );
  const wrong = await gateway.call('PUT', '/auth/me', { token });
  assert.equal([wrong.status, wrong.headers.get('allow')], [405, 'GET']);
});

test('a malformed request is told the place of the fault, never the value', async () => {
  const { accessToken: token } = await gateway.signIn();
  const planted = 'PLANTED^NAME';
  const badForm = await gateway.call('POST', '/admin/users', {
    token,
    body: { username: `${planted} `, password: planted, roles: [planted] },
  });
  const text = await badForm.text();
  assert.is(badForm.status, 422);
  assert.match(text, 'username');
  assert.not.match(text, planted);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const send = (body: string, contentType = 'application/json') =>
    gateway.api.request('/admin/users', {
      method: 'POST',
      headers: { ...headers, 'content-type': contentType },
      body,
    });
  assert.is((await problemOf(await send('{"username":'))).code, 'bad-request');
  assert.is((await problemOf(await send('username=x', 'text/plain'))).code, 'unsupported-media-type');
  assert.is(
    (await problemOf(await send(JSON.stringify({ username: 'x'.repeat(100_000) })))).code,
    'body-too-large',
  );
});

test('an unexpected error reveals its data neither to the caller nor to the log', async () => {
  const own = await openTestGateway();
  own.api.get('/broken', allow('public'), () => {
    throw new Error('no row for PLANTED^NAME');
  });
  const answer = await own.call('GET', '/broken', {
    headers: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
  });
  const text = await answer.text();
  assert.is(answer.status, 500);
  assert.is((JSON.parse(text) as ProblemDetails).code, 'unexpected');
  assert.not.match(text + JSON.stringify(own.lines), 'PLANTED');
  const line = own.lines.find(({ event }) => event === 'unexpected-error');
  assert.is(line?.['correlationId'], '4bf92f3577b34da6a3ce929d0e0e4736', 'the trace continues in the log');
  assert.is((JSON.parse(text) as ProblemDetails).correlationId, '4bf92f3577b34da6a3ce929d0e0e4736');
  await own.close();
});

test('while the database is away callers are told so, and to come back in a moment', async () => {
  const own = await openTestGateway();
  await own.database.close();
  const answer = await own.call('POST', '/auth/login', {
    body: { username: 'admin', password: 'not looked at' },
  });
  assert.equal([answer.status, answer.headers.get('retry-after')], [503, '1']);
  assert.is((await problemOf(answer)).code, 'not-ready');
  assert.ok(
    own.lines.some(({ event, where }) => event === 'unexpected-error' && where === 'request'),
    'and the log says where it was met',
  );
});

test('an error thrown as a plain object is logged with its place, but without its text', () => {
  const { message, stack } = new Error('no row for PLANTED^NAME');
  const described = describeError({ message, stack, code: '57P01', queue: 'verify' });
  assert.is(described.code, '57P01');
  assert.ok(described.stack.length > 0);
  assert.not.match(JSON.stringify(described), 'PLANTED');
});

test('the log names routes by their pattern and people by their id', async () => {
  const { accessToken: token, user } = await gateway.signIn();
  await gateway.call('GET', '/upload/00000000-0000-4000-8000-000000000000/status?name=PLANTED', { token });
  const line = gateway.lines.findLast(
    ({ event, route }) => event === 'request' && String(route).startsWith('/upload'),
  );
  assert.is(line?.['route'], '/upload/:id/status');
  assert.equal([line?.['status'], line?.['code'], line?.['user']], [404, 'upload-not-found', user.id]);
  assert.not.match(JSON.stringify(gateway.lines), /PLANTED|admin"/);
});

test('the limit of one caller does not affect another', async () => {
  const own = await openTestGateway({ env: { RELAY_RATE_LIMIT: '30' } });
  const { accessToken: token } = await own.signIn();
  const statuses = [];
  for (let i = 0; i < 32; i += 1) statuses.push((await own.call('GET', '/auth/me', { token })).status);
  assert.is(statuses.indexOf(429), 30);
  const refused = await own.call('GET', '/auth/me', { token });
  assert.equal([(await problemOf(refused)).code, refused.headers.get('retry-after')], ['rate-limited', '2']);
  assert.is((await own.call('GET', '/version')).status, 200);
  own.wait(2_000);
  assert.is((await own.call('GET', '/auth/me', { token })).status, 200);
  await own.close();
});

test('a PACS that is down makes the gateway degraded, not dead: it takes studies', async () => {
  const health = await gateway.call('GET', '/health');
  assert.equal(
    [health.status, await health.json()],
    [200, { status: 'degraded', database: 'ok', pacs: 'unreachable', disk: 'ok', certificate: 'none' }],
  );
  assert.is((await gateway.call('GET', '/health/ready')).status, 200);
});

test('a certificate that could not be renewed is said in the health', async () => {
  const files = mkdtempSync(join(tmpdir(), 'relaypacs-certificate-'));
  const RELAY_TLS_CERT = join(files, 'cert.pem');
  const RELAY_TLS_KEY = join(files, 'key.pem');
  writeFileSync(RELAY_TLS_CERT, CERTIFICATE);
  writeFileSync(RELAY_TLS_KEY, CERTIFICATE_KEY);
  const pacs = openTestPacs();
  const own = await openTestGateway({ pacs, env: { RELAY_TLS_CERT, RELAY_TLS_KEY } });
  const health = async () => (await own.call('GET', '/health')).json();
  const ok = { status: 'ok', database: 'ok', pacs: 'ok', disk: 'ok', certificate: 'ok' };
  assert.equal(await health(), ok);
  writeFileSync(RELAY_TLS_CERT, 'half of i');
  own.certificate?.look();
  assert.equal(await health(), { ...ok, status: 'degraded', certificate: 'not-renewed' });
  writeFileSync(RELAY_TLS_CERT, CERTIFICATE);
  own.certificate?.look();
  assert.equal(await health(), ok);
  await own.close();
  rmSync(files, { recursive: true });
});

test('a PACS that answers and does not search is said to be so: at the start, and in the health', async () => {
  const liar = await startLyingPacs({ instances: [], now: Date.now });
  liar.conduct = { ...HONEST, answers: { ...HONEST.answers, search: { status: 501, body: 'html' } } };
  const own = await openTestGateway({
    pacs: createStowPacs({ url: liar.url, authorization: null }),
  });
  const health = (await (await own.call('GET', '/health')).json()) as { status: string; pacs: string };
  assert.equal([health.status, health.pacs], ['degraded', 'no-search']);
  assert.ok(own.lines.some((line) => line['event'] === 'pacs-does-not-search'));
  await own.close();
  await liar.close();
});

test('a PACS that does not give what it lists is said to be so: at the start, and in the health', async () => {
  const own = await openTestGateway({ pacs: { ...openTestPacs(), givesInstances: async () => false } });
  const health = (await (await own.call('GET', '/health')).json()) as { status: string; pacs: string };
  assert.equal([health.status, health.pacs], ['degraded', 'no-retrieval']);
  assert.ok(own.lines.some((line) => line['event'] === 'pacs-does-not-give'));
  await own.close();
});

test('a gateway that starts says what it waits for, and one that stops that it stops: neither is ready', async () => {
  const own = await openTestGateway({ start: false });
  const health = async () => {
    const answer = await own.call('GET', '/health');
    const { status, waitsFor, database } = (await answer.json()) as Record<string, unknown>;
    return [answer.status, status, waitsFor, database];
  };
  assert.equal(await health(), [503, 'starting', 'pipeline', 'ok']);
  await own.start();
  assert.equal(await health(), [200, 'degraded', undefined, 'ok']);
  const stopped = own.stop();
  assert.equal((await health()).slice(0, 3), [503, 'stopping', undefined]);
  await stopped;
  assert.is((await own.call('GET', '/health/live')).status, 200);
  const answer = await own.call('GET', '/health/ready');
  assert.equal([answer.status, (await problemOf(answer)).code], [503, 'not-ready']);
});

test('metrics are for operators, and name no study', async () => {
  const { accessToken: token } = await gateway.signIn();
  assert.is((await gateway.call('GET', '/metrics')).status, 401);
  const answer = await gateway.call('GET', '/metrics', { token });
  const text = await answer.text();
  assert.match(answer.headers.get('content-type') ?? '', 'text/plain; version=0.0.4');
  for (const metric of ['relaypacs_request_seconds_count', 'relaypacs_pacs_up 0', 'relaypacs_build_info'])
    assert.match(text, metric);
  assert.match(text, 'route="/upload/:id/status"');
  assert.not.match(text, /[0-9a-f]{8}-[0-9a-f]{4}-|="\d+\.\d+\.\d+\.\d+/);
});

test('every problem has a status of its kind and a sentence', () => {
  for (const code of Object.keys(ALL_PROBLEMS) as AnyProblemCode[]) {
    const { status, title } = ALL_PROBLEMS[code];
    assert.ok(status >= 400 && status < 600 && title.endsWith('.'), code);
  }
});

test('an unusable setting is reported before anything is opened', async () => {
  const outcome = await openTestGateway({ env: { RELAY_PORT: 'x' } }).then(
    () => null,
    (error: unknown) => error,
  );
  assert.instance(outcome, ConfigMistakes);
});

test.run();
