/** The doctor reaches a destination as the gateway does: by its token, its certificates and the proxy. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { DestinationExamination } from '#shared/protocol/destination.ts';
import type { PacsConnection } from '../ports/pacs/connection.ts';
import { createPacsAgent, fetchBy, type PacsProxy } from '../ports/pacs/pacs-agent.ts';
import {
  CERTIFICATE,
  CERTIFICATE_KEY,
  NEXT_CERTIFICATE,
  NEXT_CERTIFICATE_KEY,
} from '../testing/certificate.ts';
import { ABORT, openDimsePeer, respond } from '../testing/dimse-peer.ts';
import { createTunnelProxy } from '../testing/tunnel-proxy.ts';
import { examineDestination } from './examine-destination.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

const test = suite('the doctor at a destination');
const { signal } = new AbortController();
const servers: Server[] = [];
test.after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  return listenOnLoopback(server);
}

const ASKS = { requestCert: true, rejectUnauthorized: true, ca: NEXT_CERTIFICATE };
const TLS = { cert: CERTIFICATE, key: CERTIFICATE_KEY };
const OWN = { cert: NEXT_CERTIFICATE, key: NEXT_CERTIFICATE_KEY };

/** Empty, for whoever says the token. `bodies`: all that it was sent. */
async function openPacs(tls: object) {
  const bodies: Buffer[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // The doctor breaks some questions off.
    bodies.push(Buffer.concat(await request.toArray().catch(() => [])));
    const isKnown = request.headers.authorization === 'Bearer planted-token';
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/dicom+json' });
    response.end(isKnown ? '[]' : '');
  };
  return { bodies, port: await listen(createTlsServer({ ...TLS, ...tls }, (...of) => void answer(...of))) };
}

async function oauth(token = 'planted-token') {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ access_token: token, token_type: 'Bearer' }));
  });
  const tokenUrl = `http://127.0.0.1:${await listen(server)}/token`;
  return { kind: 'oauth', tokenUrl, clientId: 'relay', clientSecret: 'x', scope: null } as const;
}

const examine = (connection: PacsConnection, proxy: PacsProxy | null = null) =>
  examineDestination(
    () => connection,
    { proxy, clock: () => 0, probe: async () => undefined },
    'all',
    signal,
  );

const resultOf = ({ findings }: DestinationExamination, title: string): string | undefined =>
  findings.find((one) => one.title === title)?.result;

test('shows its certificate and its token, and stores nothing', async () => {
  const { port, bodies } = await openPacs(ASKS);
  const way = {
    kind: 'dicomweb',
    url: `https://localhost:${port}/dicom-web/`,
    authentication: await oauth(),
  } as const;
  const report = await examine({ ...way, tls: { ca: CERTIFICATE, own: OWN } });
  assert.equal(
    ['TLS certificate', 'Authentication', 'Search (QIDO-RS)'].map((title) => resultOf(report, title)),
    ['ok', 'ok', 'ok'],
    JSON.stringify(report.findings),
  );
  assert.ok(report.settings);
  assert.not.ok(bodies.some((body) => body.includes('DICM')));
  assert.not.match(JSON.stringify(report), /planted|PRIVATE/);
  const unknown = await examine({ ...way, tls: { ca: null, own: OWN } });
  assert.is(resultOf(unknown, 'TLS certificate'), 'fail', 'without the authority of the site');
  assert.is(unknown.settings, null);
  const nobody = await examine({ ...way, tls: { ca: CERTIFICATE, own: null } });
  assert.ok(
    nobody.findings.some(({ result }) => result === 'fail'),
    'without a certificate of ours',
  );
});

test('is not asked by an access token that breaks the line, and the finding says where to look', async () => {
  const { port, bodies } = await openPacs({});
  const url = `https://localhost:${port}/dicom-web`;
  const authentication = await oauth('planted\r\nX-Injected: yes');
  const report = await examine({
    kind: 'dicomweb',
    url,
    authentication,
    tls: { ca: CERTIFICATE, own: null },
  });
  assert.equal([report.verdict?.code, bodies.length], ['access-token-malformed', 0]);
  assert.match(report.verdict?.says ?? '', 'RFC 6750');
  assert.not.match(JSON.stringify(report), 'planted');
});

/** 127.0.0.2 in IPv6. */
const MAPPED = '[::ffff:7f00:2]';

test('goes through the proxy of the gateway, or straight where NO_PROXY says so, as studies do', async () => {
  const { port } = await openPacs({});
  const { server, tunnels } = createTunnelProxy(port);
  const proxyUrl = `http://127.0.0.1:${await listen(server)}`;
  const tls = { ca: CERTIFICATE, own: null };
  const cases: readonly (readonly [except: string, host: string, isThrough: boolean])[] = [
    ['', 'pacs.ward.test', true],
    ['', 'localhost', false],
    ['ward.test', 'pacs.ward.test', false],
    ['ward.test', 'backward.test', true],
    ['.ward.test', 'pacs.ward.test', false],
    ['.ward.test', 'ward.test', false],
    ['*.ward.test', 'pacs.ward.test', false],
    ['*.ward.test', 'ward.test', true],
    ['other.test, WARD.test', 'Pacs.Ward.test.', false],
    [`ward.test:${port}`, 'pacs.ward.test', false],
    ['ward.test:1', 'pacs.ward.test', true],
    ['*', 'pacs.ward.test', false],
    ['*:1', 'pacs.ward.test', true],
    ['::ffff:7f00:2', MAPPED, false],
    [`${MAPPED}:${port}`, MAPPED, false],
    [`${MAPPED}:1`, MAPPED, true],
  ];
  for (const [except, host, isThrough] of cases) {
    const what = `${host} with NO_PROXY=${except}`;
    const url = `https://${host}:${port}/dicom-web`;
    const proxy = { url: proxyUrl, except };
    tunnels.length = 0;
    await ignoreFailure(fetchBy(createPacsAgent(tls, proxy))(url), 'only the way there counts');
    assert.is(tunnels.length > 0, isThrough, what);
    tunnels.length = 0;
    const report = await examine({ kind: 'dicomweb', url, tls, authentication: { kind: 'none' } }, proxy);
    assert.is(resultOf(report, 'Name') === 'skipped', isThrough, what);
    assert.equal([...new Set(tunnels)], isThrough ? [new URL(url).host] : [], what);
    // The certificate is for localhost: through the proxy it is reached, and not believed.
    assert.is.not(resultOf(report, 'Search (QIDO-RS)'), 'ok', what);
    assert.is(resultOf(report, 'Connection') === 'ok', host === 'localhost', what);
  }
});

test('tells a PACS that takes the association and no search from one that is not there', async () => {
  const peer = await openDimsePeer({
    answer: (asked) => (asked.field === 0x0030 ? respond(asked, 0) : [ABORT]),
  });
  const url = `dimse://RELAYPACS@127.0.0.1:${peer.port}/ARCHIVE`;
  const report = await examine({ kind: 'dimse', url, tls: { ca: null, own: null }, commitment: false });
  assert.is(report.verdict?.code, 'find-refused');
  assert.equal([resultOf(report, 'Association'), resultOf(report, 'C-ECHO')], ['ok', 'ok']);
  peer.close();
});

test('says of a folder whether the gateway writes in it', async () => {
  const { verdict, findings, settings } = await examine({ kind: 'folder', folder: 'archive' });
  assert.equal([verdict, findings.map(({ code }) => code), settings], [null, ['folder-ready'], null]);
});

test.run();
