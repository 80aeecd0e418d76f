/**
 * Judges link-local addresses by a pure function, and the ways out of the gateway by the loopback in their place:
 * nothing here connects to a link-local address.
 */
import { BlockList, connect, createServer, isIPv6, type LookupFunction } from 'node:net';
import { createServer as createTlsServer, type ConnectionOptions } from 'node:tls';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';
import type { DestinationExamination } from '#shared/protocol/destination.ts';
import { parseDimseAddress } from '#shared/protocol/dimse-address.ts';
import { openHeadPlace } from './audit/ship-heads.ts';
import { examineDestination } from './destinations/examine-destination.ts';
import { ask } from './doctor/ask.ts';
import type { PacsAuthentication, PacsConnection } from './ports/pacs/connection.ts';
import { askWorklist } from './ports/pacs/dimse-worklist.ts';
import { openPacsAt } from './ports/pacs/open-pacs.ts';
import { PUBLIC_TLS } from './ports/pacs/pacs-agent.ts';
import { PacsUnreachable } from './ports/pacs/pacs.ts';
import { whyAway } from './ports/pacs/why-away.ts';
import {
  CERTIFICATE,
  CERTIFICATE_KEY,
  WARD_CERTIFICATE,
  WARD_CERTIFICATE_KEY,
} from './testing/certificate.ts';
import { BLOCKED, LINK_LOCAL, NOWHERE, openSocket } from './refuse-link-local.ts';

/** `count()`: connections that came, each of which is ended at once. */
async function counting() {
  let came = 0;
  const server = createServer((socket) => {
    came += 1;
    socket.on('error', () => undefined);
    socket.destroy();
  });
  return { server, count: () => came, port: await listenOnLoopback(server) };
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

const isRefused = (address: string): boolean => LINK_LOCAL.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');

test('link-local addresses are refused, however they are written, and those of metadata services', () => {
  for (const address of [
    ...['169.254.0.0', '169.254.169.254', '169.254.255.255'],
    ...['fe80::1', 'fe80::a9fe:a9fe', 'febf:ffff::1', 'fe80::1%eth0'],
    ...['::ffff:169.254.169.254', '::ffff:a9fe:a9fe', '64:ff9b::a9fe:a9fe', '64:ff9b::169.254.1.1'],
    'fd00:ec2::254',
    ...['fd00:ec2::23', '100.100.100.200', '168.63.129.16', '192.0.0.192'],
    ...['::169.254.169.254', '::ffff:0:a9fe:a9fe', '64:ff9b:1::a9fe:a9fe', '64:ff9b:1:a9fe:a9:fe00::'],
    '2002:a9fe:a9fe::1',
  ])
    assert.is(isRefused(address), true, address);
});

test('their neighbours are not', () => {
  for (const address of [
    ...['169.253.255.255', '169.255.0.0', '127.0.0.1', '10.0.0.1', '192.168.1.1', '8.8.8.8', '0.0.0.0'],
    ...['::1', 'fe7f::1', 'fec0::1', 'fd00:ec2::253', 'fd00::1', '2001:db8::a9fe:a9fe'],
    ...['::10.0.0.1', '64:ff9b:1::a00:1', '64:ff9b:1:a00:0:100::', '2002:a00:1::1', '100.100.100.201'],
    ...['::ffff:10.0.0.1', '64:ff9b::a9ff:1', '64:ff9b::8.8.8.8'],
  ])
    assert.is(isRefused(address), false, address);
});

test('the address of each connection is judged, also where a name leads to another one the second time', async () => {
  const server = createServer((socket) => socket.destroy());
  const port = await listenOnLoopback(server);
  const blockList = new BlockList();
  blockList.addAddress('127.0.0.2');
  const addresses = ['127.0.0.1', '127.0.0.2'];
  const lookup: LookupFunction = (_host, { all }, done) => {
    const address = addresses.shift()!;
    if (all) done(null, [{ address, family: 4 }]);
    else done(null, address, 4);
  };
  const outcome = () =>
    new Promise<string>((resolve) => {
      const socket = connect({ host: 'pacs.hospital.test', port, lookup, blockList });
      socket.once('connect', () => resolve('connected'));
      socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(String(code)));
    });
  assert.equal([await outcome(), await outcome()], ['connected', BLOCKED]);
  server.close();
});

/** Every address of this machine, in the place of link-local ones: a test may connect to those. */
const HERE = new BlockList();
HERE.addSubnet('127.0.0.0', 8, 'ipv4');
HERE.addAddress('::1', 'ipv6');

const { signal } = new AbortController();
const NOBODY = { kind: 'none' } as const;
const OAUTH = { kind: 'oauth', clientId: 'relay', clientSecret: 'x', scope: null } as const;

type Way = (port: number, blocked: BlockList) => Promise<unknown>;

const pacsAt = (connection: PacsConnection, blocked: BlockList) =>
  openPacsAt(connection, { proxy: null, clock: () => 0, folderRoot: null, blocked }).probe(signal);
const webPacs =
  (scheme: 'http' | 'https', host: string, kind: 'dicomweb' | 'orthanc' = 'dicomweb'): Way =>
  (port, blocked) =>
    pacsAt({ kind, url: `${scheme}://${host}:${port}/x`, authentication: NOBODY, tls: PUBLIC_TLS }, blocked);
const dimsePacs =
  (scheme: 'dimse' | 'dimse-tls'): Way =>
  (port, blocked) =>
    pacsAt(
      { kind: 'dimse', url: `${scheme}://RELAY@127.0.0.1:${port}/PACS`, tls: PUBLIC_TLS, commitment: false },
      blocked,
    );

const PACSS: Readonly<Record<string, Way>> = {
  DICOMweb: webPacs('http', '127.0.0.1'),
  'DICOMweb, by a name': webPacs('http', 'localhost'),
  'DICOMweb, in IPv6 notation': webPacs('http', '[::ffff:7f00:1]'),
  'DICOMweb by TLS': webPacs('https', '127.0.0.1'),
  'DICOMweb by TLS and a name': webPacs('https', 'localhost'),
  Orthanc: webPacs('http', '127.0.0.1', 'orthanc'),
  DIMSE: dimsePacs('dimse'),
  'DIMSE by TLS': dimsePacs('dimse-tls'),
  'a token endpoint': (port, blocked) => {
    const authentication = { ...OAUTH, tokenUrl: `http://localhost:${port}/token` };
    return pacsAt({ kind: 'dicomweb', url: 'http://127.0.0.1:9', authentication, tls: PUBLIC_TLS }, blocked);
  },
};

for (const [name, way] of Object.entries(PACSS))
  test(`${name} at an address that is blocked gets no connection, and the study waits for an administrator`, async () => {
    const { port, count, server } = await counting();
    const error = await failureOf(way(port, HERE));
    assert.ok(error instanceof PacsUnreachable, String(error));
    assert.equal([error.connection, whyAway(error), count()], [BLOCKED, 'pacs-settings-wrong', 0]);
    await failureOf(way(port, NOWHERE));
    assert.ok(count() > 0, 'it is the list that kept it away');
    server.close();
  });

/** A certificate for 127.0.0.2 alone. */
const WARD = { cert: WARD_CERTIFICATE, key: WARD_CERTIFICATE_KEY };
const LOCALHOST = { cert: CERTIFICATE, key: CERTIFICATE_KEY };

test('TLS on such a connection holds to the chain and to the name of the certificate', async () => {
  /** The server's name that the client asked for, or why it ended. */
  const outcomeAt = async (served: object, host: string, tls: ConnectionOptions): Promise<unknown> => {
    const server = createTlsServer(served);
    const asked = Promise.withResolvers<unknown>();
    server.on('secureConnection', (socket) => {
      socket.on('error', () => undefined).resume();
      asked.resolve(socket.servername);
    });
    const port = await listenOnLoopback(server);
    const opening = openSocket({ host, port }, tls, signal);
    const outcome = await opening.then(
      () => asked.promise,
      ({ code }: NodeJS.ErrnoException) => code,
    );
    await opening.then((socket) => socket.destroy()).catch(() => 'it ended before');
    server.close();
    return outcome;
  };
  assert.is(await outcomeAt(WARD, '127.0.0.1', { ca: WARD_CERTIFICATE }), 'ERR_TLS_CERT_ALTNAME_INVALID');
  assert.is(await outcomeAt(LOCALHOST, 'localhost', {}), 'DEPTH_ZERO_SELF_SIGNED_CERT');
  assert.is(await outcomeAt(LOCALHOST, 'localhost', { ca: CERTIFICATE }), 'localhost');
  // RFC 6066 §3: a literal address is no server name.
  assert.is(await outcomeAt(LOCALHOST, '127.0.0.1', { ca: CERTIFICATE }), false);
});

test('DICOMweb by TLS holds to the name of the certificate', async () => {
  const server = createTlsServer(WARD, (socket) => socket.on('error', () => undefined).end());
  const url = `https://127.0.0.1:${await listenOnLoopback(server)}/x`;
  const tls = { ca: WARD_CERTIFICATE, own: null };
  const error = await failureOf(pacsAt({ kind: 'dicomweb', url, authentication: NOBODY, tls }, LINK_LOCAL));
  assert.is((error as PacsUnreachable).connection, 'ERR_TLS_CERT_ALTNAME_INVALID');
  server.close();
});

const examined =
  (connection: (port: number) => PacsConnection): Way =>
  async (port, blocked) => {
    const around = { proxy: null, clock: () => 0, probe: async () => undefined, blocked };
    return (await examineDestination(() => connection(port), around, 'reach', signal)).verdict;
  };
const web = (url: string, authentication: PacsAuthentication = NOBODY) =>
  ({ kind: 'dicomweb', url, authentication, tls: PUBLIC_TLS }) as const;

const EXAMINED: Readonly<Record<string, readonly [way: Way, code: string]>> = {
  DICOMweb: [examined((port) => web(`http://127.0.0.1:${port}/x`)), 'address-blocked'],
  'DICOMweb by TLS and a name': [examined((port) => web(`https://localhost:${port}/x`)), 'address-blocked'],
  DIMSE: [
    examined((port) => ({
      ...{ kind: 'dimse', url: `dimse://RELAY@127.0.0.1:${port}/PACS`, tls: PUBLIC_TLS, commitment: false },
    })),
    'address-blocked',
  ],
  'a token endpoint': [
    examined((port) => web('http://127.0.0.1:9', { ...OAUTH, tokenUrl: `https://127.0.0.1:${port}/token` })),
    'token-address-blocked',
  ],
};

for (const [name, [way, code]] of Object.entries(EXAMINED))
  test(`the doctor at ${name} says that the address is blocked, and names the setting`, async () => {
    const { port, count, server } = await counting();
    const verdict = (await way(port, HERE)) as DestinationExamination['verdict'];
    assert.equal([verdict?.code, count()], [code, 0]);
    assert.match(verdict?.change.join() ?? '', 'RELAY_LINK_LOCAL=allow');
    await way(port, NOWHERE);
    assert.ok(count() > 0, 'it is the list that kept it away');
    server.close();
  });

test('each question of the doctor is judged on its own', async () => {
  const { port, count, server } = await counting();
  for (const scheme of ['http', 'https']) {
    const url = `${scheme}://localhost:${port}/`;
    const asked = await ask({ url, authorization: null, ca: null, blocked: HERE }, { url }, signal);
    assert.is(asked.kind === 'none' && asked.code, BLOCKED, scheme);
  }
  assert.is(count(), 0);
  server.close();
});

test('neither a worklist nor the place of the heads at such an address is asked', async () => {
  const { port, count, server } = await counting();
  const address = parseDimseAddress(`dimse://RELAY@127.0.0.1:${port}/WORKLIST`)!;
  const question = { from: '2026-01-01', to: '2026-01-01', patientId: null, limit: 1 };
  const worklist = await failureOf(
    askWorklist({ address, tls: PUBLIC_TLS, blocked: HERE }, question, signal),
  );
  assert.is(worklist instanceof PacsUnreachable && worklist.connection, BLOCKED);
  for (const scheme of ['http', 'https']) {
    const place = openHeadPlace(new URL(`${scheme}://127.0.0.1:${port}/heads`), HERE);
    for (const failure of [await failureOf(place.last()), await failureOf(place.send(['a.b.c']))])
      assert.is(((failure as Error).cause as { code?: string }).code, BLOCKED);
  }
  assert.is(count(), 0);
  server.close();
});

test.run();
