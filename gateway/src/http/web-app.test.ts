import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { webApp } from './web-app.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';

const test = suite('the web app’s port');
const SCRIPT = `export const words = ${JSON.stringify('safe on this device '.repeat(200))};`;
const RUNTIME_BYTES = 14 * 1024 * 1024;
let folder: string;
let gateway: TestGateway;

test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relaypacs-web-'));
  const dist = join(folder, 'dist');
  mkdirSync(join(dist, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  writeFileSync(join(dist, '.hidden'), 'secret');
  writeFileSync(join(dist, 'index.html'), '<!doctype html><title>RelayPACS</title>');
  writeFileSync(join(dist, 'service-worker.js'), 'self.skipWaiting();');
  writeFileSync(join(dist, 'assets', 'main-Ab3_x-9Z.js'), SCRIPT);
  writeFileSync(join(dist, 'assets', 'main-Ab3_x-9Z.js.br'), brotliCompressSync(SCRIPT));
  writeFileSync(join(dist, 'assets', 'built-Ab3_x-9Z.js'), 'as it is');
  writeFileSync(join(dist, 'assets', 'built-Ab3_x-9Z.js.br'), brotliCompressSync('made by the build'));
  const runtime = new Uint8Array(RUNTIME_BYTES);
  writeFileSync(join(dist, 'assets', 'runtime-Ab3_x-9Z.wasm'), runtime);
  writeFileSync(join(dist, 'assets', 'runtime-Ab3_x-9Z.wasm.br'), brotliCompressSync(runtime));
  gateway = await openTestGateway({ start: false, webFolder: dist });
});
test.after(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = (path: string, headers: Record<string, string> = {}) =>
  gateway.call('GET', path, { door: 'web', headers });

test('files with a hash in their name are kept for ever; the page and the service worker are asked for each time', async () => {
  assert.is(
    (await get('/assets/main-Ab3_x-9Z.js')).headers.get('cache-control'),
    'public, max-age=31536000, immutable',
  );
  for (const path of ['/', '/index.html', '/service-worker.js']) {
    const answer = await get(path);
    assert.equal([answer.status, answer.headers.get('cache-control')], [200, 'no-cache'], path);
    const again = await get(path, { 'if-none-match': answer.headers.get('etag') ?? '' });
    assert.equal([again.status, await again.text()], [304, '']);
  }
});

test('an app that is built while the gateway runs is served once it is there', async () => {
  const later = join(folder, 'later');
  const app = webApp(later);
  assert.is((await app.request('/')).status, 404);
  mkdirSync(later);
  writeFileSync(join(later, 'index.html'), 'the app');
  const answer = await app.request('/');
  assert.equal([answer.status, await answer.text()], [200, 'the app']);
});

test('a script is compressed, and is the same script', async () => {
  const plain = await (await get('/assets/main-Ab3_x-9Z.js')).text();
  const coded = await get('/assets/main-Ab3_x-9Z.js', { 'accept-encoding': 'gzip, deflate, br' });
  const bytes = Buffer.from(await coded.arrayBuffer());
  assert.is(coded.headers.get('content-encoding'), 'br');
  assert.ok(bytes.length < plain.length / 10);
  assert.equal([brotliDecompressSync(bytes).toString(), plain], [SCRIPT, SCRIPT]);
});

test('a file that the build has compressed is sent as it is', async () => {
  const coded = await get('/assets/built-Ab3_x-9Z.js', { 'accept-encoding': 'br' });
  assert.equal(
    [
      coded.headers.get('content-encoding'),
      brotliDecompressSync(Buffer.from(await coded.arrayBuffer())).toString(),
    ],
    ['br', 'made by the build'],
  );
  assert.is(await (await get('/assets/built-Ab3_x-9Z.js')).text(), 'as it is');
});

test('the models’ runtime of 14 MB is compressed, too', async () => {
  const coded = await get('/assets/runtime-Ab3_x-9Z.wasm', { 'accept-encoding': 'gzip, deflate, br' });
  const bytes = Buffer.from(await coded.arrayBuffer());
  assert.equal(
    [
      coded.headers.get('content-encoding'),
      coded.headers.get('content-type'),
      brotliDecompressSync(bytes).length,
    ],
    ['br', 'application/wasm', RUNTIME_BYTES],
  );
});

test('an address of the app is answered with its page; a file that is missing is not', async () => {
  const page = await get('/uploads/1234', { accept: 'text/html' });
  assert.match(await page.text(), 'RelayPACS');
  for (const path of ['/assets/gone-12345678.js', '/favicon.ico'])
    assert.is((await get(path)).status, 404, path);
});

test('nothing outside of the folder is served', async () => {
  for (const path of [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/.hidden',
    '/%2ehidden',
    '/%00',
    '/%',
  ]) {
    assert.not.match(await (await get(path)).text(), 'secret', path);
  }
});

test('the page may load only its own files, and run no inline script', async () => {
  const { headers } = await get('/');
  const policy = headers.get('content-security-policy') ?? '';
  assert.match(policy, "default-src 'none'");
  assert.not.match(policy, 'unsafe-inline');
  assert.not.match(policy, "'unsafe-eval'");
  const expected = {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'x-frame-options': 'DENY',
  };
  for (const [name, value] of Object.entries(expected)) assert.is(headers.get(name), value);
  assert.is(headers.get('strict-transport-security'), null, 'not on the loopback');
});

test('the API behind /api/ keeps its own headers and is never cached', async () => {
  const answer = await get('/api/version');
  assert.equal([answer.status, answer.headers.get('cache-control')], [200, 'no-store']);
  const unknown = await get('/api/nothing');
  assert.equal([unknown.status, unknown.headers.get('content-type')], [401, 'application/problem+json']);
});

test('a method that no request can carry is answered, and nothing is printed', async () => {
  const printed: unknown[] = [];
  const { error } = console;
  console.error = (...words) => void printed.push(words);
  try {
    // `new Request` refuses TRACE; a server still passes one on.
    const trace = Object.defineProperty(new Request('http://localhost/api/version'), 'method', {
      value: 'TRACE',
    });
    assert.is((await gateway.web.fetch(trace)).status, 404);
  } finally {
    console.error = error;
  }
  assert.equal(printed, []);
  assert.is((await gateway.call('HEAD', '/api/version', { door: 'web' })).status, 200);
});

test('browsers are told to stay with https when the public address has it', async () => {
  const own = await openTestGateway({ start: false, env: { RELAY_PUBLIC_URL: 'https://relay.example.org' } });
  assert.match(
    (await own.call('GET', '/version')).headers.get('strict-transport-security') ?? '',
    'max-age=',
  );
  await own.close();
});

test.run();
