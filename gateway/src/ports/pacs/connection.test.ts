/** How a PACS is reached: authentication, certificates and a proxy, each against a server that insists on it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readConfig } from '../../config.ts';
import {
  CERTIFICATE,
  CERTIFICATE_KEY,
  NEXT_CERTIFICATE,
  NEXT_CERTIFICATE_KEY,
  PRIVATE_CA,
  PRIVATE_CERTIFICATE,
  PRIVATE_CERTIFICATE_KEY,
  WARD_CERTIFICATE,
  WARD_CERTIFICATE_KEY,
} from '../../testing/certificate.ts';
import { createTunnelProxy } from '../../testing/tunnel-proxy.ts';
import { connectionSettings, type PacsAuthentication } from './connection.ts';
import { PUBLIC_TLS, type PacsProxy, type PacsTls } from './pacs-agent.ts';
import { MALFORMED_TOKEN, NO_TOKEN, type PacsUnreachable } from './pacs.ts';
import { whyAway } from './why-away.ts';
import { createStowPacs } from './stow-pacs.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

const test = suite('a PACS');
const { signal } = new AbortController();
const servers: Server[] = [];
test.after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(server: Server, host?: string): Promise<number> {
  servers.push(server);
  return listenOnLoopback(server, host);
}

/** Finds no study, for whoever says `authorization()`. */
const answerWhere =
  (authorization: () => string | undefined, seen: IncomingMessage[] = []) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    seen.push(request);
    const isKnown = request.headers.authorization === authorization();
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/dicom+json' });
    response.end(isKnown ? '[]' : '');
  };

/** Finds no study, for anybody. */
const listenWith = (tls: object): Promise<number> =>
  listen(createTlsServer(tls, (...of) => answerWhere(() => undefined)(...of)));

type Reached = { readonly tls?: PacsTls; readonly proxy?: PacsProxy | null; readonly clock?: () => number };

function reach(url: string, authentication: PacsAuthentication, by: Reached = {}) {
  const { tls = PUBLIC_TLS, proxy = null, clock = () => 0 } = by;
  return createStowPacs(connectionSettings({ url, authentication, tls }, { proxy, clock }));
}

/** Null: it answers. */
const troubleOf = (pacs: ReturnType<typeof reach>): Promise<PacsUnreachable | null> =>
  pacs.probe(signal).then(
    () => null,
    (error: PacsUnreachable) => error,
  );

/**
 * Keep-Alive as Orthanc announces it. A machine that stands still for half a second between two requests is not
 * counted on.
 */
test('that keeps connections for a second is asked several times over one', async () => {
  const over = new Set<Socket>();
  const server = createServer((request, response) => {
    over.add(request.socket);
    response
      .writeHead(200, { 'content-type': 'application/dicom+json', 'keep-alive': 'timeout=1' })
      .end('[]');
  });
  const pacs = reach(`http://127.0.0.1:${await listen(server)}/dicom-web`, { kind: 'none' });
  for (let asked = 0; asked < 10; asked += 1) await pacs.probe(signal);
  assert.ok(over.size < 10, `${over.size} connections for 10 requests`);
});

test('is told who asks: by nothing, a whole header, a password, a token', async () => {
  let wanted: string | undefined;
  const port = await listen(createServer(answerWhere(() => wanted)));
  const ways: readonly [string | undefined, PacsAuthentication][] = [
    [undefined, { kind: 'none' }],
    ['Digest x', { kind: 'header', authorization: 'Digest x' }],
    // RFC 7617 §2.1: in UTF-8.
    ['Basic dGVzdDoxMjPCow==', { kind: 'basic', username: 'test', password: '123£' }],
    ['Bearer abc', { kind: 'bearer', token: 'abc' }],
  ];
  for (const [header, authentication] of ways) {
    wanted = header;
    assert.is(await troubleOf(reach(`http://127.0.0.1:${port}/dicom-web`, authentication)), null);
    wanted = 'something else';
    const trouble = await troubleOf(reach(`http://127.0.0.1:${port}/dicom-web`, authentication));
    assert.is(trouble?.status, 401, authentication.kind);
  }
});

/** An authorization server that gives this token, and the PACS behind it; `asked`: what the PACS was told. */
async function openGiving(token: unknown) {
  const said = { access_token: token, token_type: 'Bearer' };
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(said));
  });
  const tokenUrl = `http://127.0.0.1:${await listen(server)}/token`;
  const seen: IncomingMessage[] = [];
  const port = await listen(createServer(answerWhere(() => seen.at(-1)?.headers.authorization, seen)));
  const oauth = { kind: 'oauth', clientId: 'relay', clientSecret: 'x', scope: null, tokenUrl } as const;
  const trouble = await troubleOf(reach(`http://127.0.0.1:${port}/dicom-web`, oauth));
  return { trouble, asked: seen.map(({ headers }) => headers.authorization) };
}

// RFC 6750 §2.1: b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
test('is told no access token of another form than the standard’s, and an administrator has to look', async () => {
  for (const token of ['a', 'eyJ.eyJ-_~+/09', 'YWJj==', 'x'.repeat(8_000)])
    assert.equal(await openGiving(token), { trouble: null, asked: [`Bearer ${token}`] });
  for (const token of [
    ...['a\r\nX-Injected: yes', 'a\nb', 'a\tb', 'a b', 'a\u0000', 'ä', '日本', 'a,b', '"a"', '=', 'a=b'],
    'x'.repeat(16_385),
  ]) {
    const { trouble, asked } = await openGiving(token);
    assert.equal([trouble?.connection, asked], [MALFORMED_TOKEN, []], JSON.stringify(token));
    assert.is(whyAway(trouble!), 'pacs-settings-wrong');
    assert.not.match(trouble!.message, token);
  }
});

/** An authorization server whose tokens hold for a minute: `token-1`, `token-2`, … */
async function openAuthorization() {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    asked.push(`${request.headers.authorization} ${Buffer.concat(await request.toArray()).toString()}`);
    const isKnown = request.headers.authorization === 'Basic cmVsYXk6c2VjcmV0';
    const said = isKnown
      ? { access_token: `token-${asked.length}`, token_type: 'Bearer', expires_in: 60 }
      : { error: 'invalid_client' };
    response.writeHead(isKnown ? 200 : 400, { 'content-type': 'application/json' });
    response.end(JSON.stringify(said));
  });
  const port = await listen(server);
  const oauth = (clientSecret: string): PacsAuthentication => ({
    ...{ kind: 'oauth', clientId: 'relay', clientSecret, scope: 'dicom' },
    tokenUrl: `http://127.0.0.1:${port}/token`,
  });
  return { asked, oauth };
}

test('is told an access token, which is asked for once, before its end, and when it is not taken', async () => {
  const { asked, oauth } = await openAuthorization();
  let wanted = 'Bearer token-1';
  let now = 0;
  const port = await listen(createServer(answerWhere(() => wanted)));
  const pacs = reach(`http://127.0.0.1:${port}/dicom-web`, oauth('secret'), { clock: () => now });
  assert.equal(await Promise.all([troubleOf(pacs), troubleOf(pacs)]), [null, null]);
  assert.equal(asked, ['Basic cmVsYXk6c2VjcmV0 scope=dicom&grant_type=client_credentials']);
  now = 40_000;
  wanted = 'Bearer token-2';
  assert.is(await troubleOf(pacs), null, 'another one before the end of the first');
  wanted = 'Bearer token-3';
  assert.is((await troubleOf(pacs))?.status, 401, 'revoked');
  assert.is(await troubleOf(pacs), null, 'another one is asked for');
  assert.is(asked.length, 3);
});

test('is not asked without an access token, and the trouble is told from its own', async () => {
  const { oauth } = await openAuthorization();
  const seen: IncomingMessage[] = [];
  const port = await listen(createServer(answerWhere(() => undefined, seen)));
  const trouble = await troubleOf(reach(`http://127.0.0.1:${port}/dicom-web`, oauth('wrong')));
  assert.equal([trouble?.connection, trouble?.status, seen.length], ['no-access-token', 400, 0]);
});

test('has a certificate of a private authority, and asks for one of ours', async () => {
  const asks = { requestCert: true, ca: NEXT_CERTIFICATE };
  const tls = { cert: CERTIFICATE, key: CERTIFICATE_KEY };
  const port = await listenWith({ ...tls, ...asks });
  const url = `https://localhost:${port}/dicom-web`;
  const own = { cert: NEXT_CERTIFICATE, key: NEXT_CERTIFICATE_KEY };
  const by = (tls: PacsTls) => troubleOf(reach(url, { kind: 'none' }, { tls }));
  assert.is(await by({ ca: CERTIFICATE, own }), null);
  assert.is((await by({ ca: null, own }))?.connection, 'DEPTH_ZERO_SELF_SIGNED_CERT');
  assert.ok(await by({ ca: CERTIFICATE, own: null }), 'without a certificate of ours');
});

test('is believed by an authority of the site, also where the destination names another one', async () => {
  const tls = { cert: PRIVATE_CERTIFICATE, key: PRIVATE_CERTIFICATE_KEY };
  const port = await listenWith(tls);
  const before = getCACertificates('default');
  const trouble = () =>
    troubleOf(
      reach(`https://127.0.0.1:${port}/dicom-web`, { kind: 'none' }, { tls: { ca: CERTIFICATE, own: null } }),
    );
  assert.ok(await trouble(), 'nobody has named its authority');
  // NODE_EXTRA_CA_CERTS does this at the start of the process.
  setDefaultCACertificates([...before, PRIVATE_CA]);
  try {
    assert.is(await trouble(), null);
  } finally {
    setDefaultCACertificates(before);
  }
});

test('is behind a proxy that wants credentials, and the trouble is told with that status', async () => {
  const proxy = createServer();
  proxy.on('connect', (_: IncomingMessage, socket: Socket) =>
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n'),
  );
  const behind = { url: `http://127.0.0.1:${await listen(proxy)}`, except: '' };
  const trouble = await troubleOf(reach('https://pacs.hospital.test', { kind: 'none' }, { proxy: behind }));
  assert.equal([trouble?.status, trouble && whyAway(trouble)], [407, 'pacs-refuses-sign-in']);
});

const PASSWORD = { kind: 'basic', username: 'relay', password: 'planted-password' } as const;
const SAID = `Basic ${Buffer.from('relay:planted-password').toString('base64')}`;
const WHERE = { studyInstanceUID: '1.2', seriesInstanceUID: '1.3', sopInstanceUID: '1.4' };
const HELD = Uint8Array.from({ length: 300_000 }, (_, at) => at % 251);

/** Holds one instance, and gives it to whoever says the password; with a proxy before it. */
async function openArchive(tls: { readonly cert: string; readonly key: string }, host = '127.0.0.1') {
  const asked: string[] = [];
  const archive = createTlsServer(tls, ({ method, url, headers }, response) => {
    asked.push(`${method} ${url}`);
    const isKnown = headers.authorization === SAID;
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/dicom' });
    response.end(isKnown ? HELD : '');
  });
  const port = await listen(archive, host);
  const proxy = createTunnelProxy(port, host);
  return { ...proxy, asked, port, proxyUrl: `http://127.0.0.1:${await listen(proxy.server)}` };
}

/** Reaches the PACS as a gateway with these settings in its environment does. */
const reachBy = (env: Readonly<Record<string, string>>, url: string, ca: string | null) =>
  reach(url, PASSWORD, {
    tls: { ca, own: null },
    proxy: readConfig({ PACS_URL: 'http://127.0.0.1:9/dicom-web', ...env }).pacsProxy,
  });

async function giveHeld(pacs: ReturnType<typeof reach>): Promise<void> {
  const given = await pacs.fetchInstance(WHERE, HELD.length, signal);
  if (given?.kind !== 'fetched') throw assert.unreachable('it gives the instance');
  assert.is(Buffer.compare(given.bytes, HELD), 0);
}

test('with a certificate of a private authority gives its instances through the proxy, which learns its name alone', async () => {
  const tls = { cert: PRIVATE_CERTIFICATE, key: PRIVATE_CERTIFICATE_KEY };
  const { port, proxyUrl, tunnels, asked, passed } = await openArchive(tls);
  const url = `https://pacs.hospital.test:${port}/dicom-web`;
  const env = { HTTPS_PROXY: proxyUrl, NO_PROXY: 'pacs.ward.test' };
  await giveHeld(reachBy(env, url, PRIVATE_CA));
  assert.equal(asked, ['GET /dicom-web/studies/1.2/series/1.3/instances/1.4']);
  assert.equal(tunnels, [`pacs.hospital.test:${port}`]);
  assert.ok(passed().length > HELD.length, 'it all went through the tunnel');
  for (const secret of [SAID, 'dicom-web', HELD.subarray(0, 100)]) assert.not.ok(passed().includes(secret));
  for (const ca of [null, CERTIFICATE])
    assert.is(
      (await troubleOf(reachBy(env, url, ca)))?.connection,
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'through the proxy no other certificate is believed either',
    );
  assert.is(asked.length, 1);
});

test('is reached through the proxy that HTTPS_PROXY names, and straight where NO_PROXY names the PACS', async () => {
  // Not the address that is never behind a proxy, and yet of this machine.
  const host = '127.0.0.2';
  const tls = { cert: WARD_CERTIFICATE, key: WARD_CERTIFICATE_KEY };
  const { port, proxyUrl, tunnels, asked } = await openArchive(tls, host);
  const cases: readonly (readonly [Readonly<Record<string, string>>, isThrough: boolean])[] = [
    [{ HTTPS_PROXY: proxyUrl }, true],
    [{ HTTPS_PROXY: proxyUrl, NO_PROXY: host }, false],
    [{ HTTPS_PROXY: proxyUrl, NO_PROXY: 'pacs.hospital.test, .ward.test' }, true],
    [{ HTTPS_PROXY: proxyUrl, NO_PROXY: `pacs.hospital.test, ${host}` }, false],
    [{ https_proxy: proxyUrl, no_proxy: 'pacs.hospital.test' }, true],
    [{ https_proxy: proxyUrl, no_proxy: host }, false],
    [{ NO_PROXY: 'pacs.hospital.test' }, false],
  ];
  for (const [at, [env, isThrough]] of cases.entries()) {
    tunnels.length = 0;
    await giveHeld(reachBy(env, `https://${host}:${port}/dicom-web`, WARD_CERTIFICATE));
    assert.equal(tunnels, isThrough ? [`${host}:${port}`] : [], JSON.stringify(env));
    assert.is(asked.length, at + 1);
  }
});

/** Never ends its answer by itself; `ended`: whoever asked has gone. */
function endless(type: string, begin: string) {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const more = Buffer.alloc(1024 ** 2, ' ');
  const server = createServer((_request, response) => {
    response.on('close', () => resolve());
    response.writeHead(200, { 'content-type': type });
    response.write(begin);
    const write = (): void => {
      while (!response.destroyed && response.write(more));
    };
    response.on('drain', write);
    write();
  });
  return { server, ended };
}

test('answers a search with 32 MiB, which are read, or with more, which are not', async () => {
  const exact = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/dicom+json' });
    response.end(`[]${' '.repeat(32 * 1024 ** 2 - 2)}`);
  });
  const whole = reach(`http://127.0.0.1:${await listen(exact)}/dicom-web`, { kind: 'none' });
  assert.is(await troubleOf(whole), null);
  const { server, ended } = endless('application/dicom+json', '[]');
  const url = `http://127.0.0.1:${await listen(server)}/dicom-web`;
  assert.match((await troubleOf(reach(url, { kind: 'none' })))?.message ?? '', 'answered with too much');
  await ended;
});

test('gives an instance that does not end: it is another one after its last byte', async () => {
  const { server, ended } = endless('application/dicom', 'x');
  const pacs = reach(`http://127.0.0.1:${await listen(server)}/dicom-web`, { kind: 'none' });
  const where = { studyInstanceUID: '1.2', seriesInstanceUID: '1.3', sopInstanceUID: '1.4' };
  const read = await pacs.readBack(where, 5, signal);
  assert.ok(read!.bytes > 5);
  await ended;
});

test('lists more instances of a study than any study has: no more pages are asked for', async () => {
  let pages = 0;
  const server = createServer((_request, response) => {
    pages += 1;
    const uid = (at: number) => ({ Value: [`1.2.${pages}.${at}`] });
    const rows = Array.from({ length: 20_000 }, (_, at) => ({
      '00080018': uid(at),
      '0020000D': { Value: ['1.2'] },
      '0020000E': { Value: ['1.3'] },
    }));
    response.writeHead(200, { 'content-type': 'application/dicom+json' });
    response.end(JSON.stringify(rows));
  });
  const pacs = reach(`http://127.0.0.1:${await listen(server)}/dicom-web`, { kind: 'none' });
  assert.is((await pacs.findStudy('1.2', signal)).size, 100_000);
  assert.is(pages, 5);
});

test('has an authorization server whose answer does not end: it gives no token', async () => {
  const { server, ended } = endless('application/json', '{"access_token":"a","token_type":"bearer"');
  const tokenUrl = `http://127.0.0.1:${await listen(server)}/token`;
  const oauth = { kind: 'oauth', tokenUrl, clientId: 'relay', clientSecret: 'x', scope: null } as const;
  const trouble = await troubleOf(reach('http://127.0.0.1:9/dicom-web', oauth));
  assert.is(trouble?.connection, NO_TOKEN);
  assert.match(trouble?.message ?? '', 'too much');
  await ended;
});

test.run();
