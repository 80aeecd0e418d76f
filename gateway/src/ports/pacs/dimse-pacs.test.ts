/** A PACS over DIMSE that is not all there: one that only stores, with TLS, with refused contexts, without C-GET. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip } from '#testing/environment.ts';
import { fieldsOf } from '../../testing/fields-of.ts';
import { CERTIFICATE, CERTIFICATE_KEY, NEXT_CERTIFICATE } from '../../testing/certificate.ts';
import { accept, dimseAt, openDimsePeer, respond, type Peer, type Script } from '../../testing/dimse-peer.ts';
import { failsWith } from '../../testing/failing.ts';
import { newStudy } from '../../testing/open-study.ts';
import { hasStorescp, startStorescp, type RunningStorescp } from '../../testing/storescp.ts';
import { toStore } from '../../testing/to-store.ts';
import { createDimsePacs } from './dimse-pacs.ts';
import { PacsDoesNotSearch, PacsUnreachable, type InstanceToStore, type Pacs } from './pacs.ts';

const test = suite('a PACS over DIMSE');
const signal = new AbortController().signal;
const peers: Peer[] = [];
const servers: RunningStorescp[] = [];
test.after(async () => {
  for (const peer of peers) peer.close();
  for (const server of servers) await server.stop();
});

type Own = {
  readonly ca?: string | null;
  readonly own?: { readonly cert: string; readonly key: string } | null;
};
const pacsAt = (port: number, isTls = false, { ca = null, own = null }: Own = {}): Pacs =>
  createDimsePacs({ address: { ...dimseAt(port).address, isTls }, tls: { ca, own } });
async function withPeer(script: Script): Promise<Pacs> {
  const peer = await openDimsePeer(script);
  peers.push(peer);
  return pacsAt(peer.port);
}
async function storescp(...options: readonly string[]): Promise<RunningStorescp> {
  const server = await startStorescp(...options);
  servers.push(server);
  return server;
}

const study = newStudy(3);
const [first, second, third] = study.map(toStore) as [InstanceToStore, InstanceToStore, InstanceToStore];
const { studyInstanceUID } = study[0]!.identifiers;

const storeAll = async (pacs: Pacs) =>
  fieldsOf(await pacs.storeInstances(studyInstanceUID, [first, second, third], signal), 'outcome');

// Bit for bit: same-study.test.ts.
test('that only stores says that it does not search', async () => {
  if (!hasStorescp()) skip('a PACS over DIMSE', 'dcmtk is not installed');
  const pacs = pacsAt((await storescp()).port);
  assert.equal(await storeAll(pacs), ['stored', 'stored', 'stored']);
  for (const work of [pacs.probe(signal), pacs.findStudy(studyInstanceUID, signal)])
    await failsWith(work, PacsDoesNotSearch);
});

test('with TLS shows a certificate that is trusted, and sees ours', async () => {
  if (!hasStorescp()) skip('a PACS over DIMSE with TLS', 'dcmtk is not installed');
  const folder = await mkdtemp(join(tmpdir(), 'relay-dimse-'));
  const cert = join(folder, 'cert.pem');
  const key = join(folder, 'key.pem');
  await writeFile(cert, CERTIFICATE);
  await writeFile(key, CERTIFICATE_KEY);
  const { port } = await storescp('+tls', key, cert, '+cf', cert, '-rc');
  const own = { cert: CERTIFICATE, key: CERTIFICATE_KEY };
  assert.equal(await storeAll(pacsAt(port, true, { ca: CERTIFICATE, own })), ['stored', 'stored', 'stored']);
  const others: readonly (readonly [Own, string | null])[] = [
    [{ own }, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [{ ca: NEXT_CERTIFICATE, own }, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [{ ca: CERTIFICATE }, null],
  ];
  for (const [tls, connection] of others) {
    const error = await failsWith(storeAll(pacsAt(port, true, tls)), PacsUnreachable);
    if (connection !== null) assert.is(error.connection, connection);
  }
  await rm(folder, { recursive: true });
});

test('that takes no such SOP Class, or no such transfer syntax, refuses that instance and no other', async () => {
  const other = { ...second, sopClassUID: '1.2.840.10008.5.1.4.1.1.88.11' };
  const coded = { ...third, transferSyntaxUID: '1.2.840.10008.1.2.4.50' };
  // DCMTK refuses the class where it does not know the transfer syntax: it takes the class of `coded` uncompressed.
  for (const [result, pacsCode, codeOfCoded] of [
    [3, 0x0122, 0xc122],
    [4, 0xc122, 0xc122],
    [1, null, null],
  ] as const) {
    const pacs = await withPeer({
      associate: (request) => accept(request, { results: { 3: result, 5: result } }),
      answer: (asked) => respond(asked, 0),
    });
    const answers = await pacs.storeInstances(studyInstanceUID, [first, other, coded], signal);
    assert.equal(fieldsOf(answers, 'outcome', 'pacsCode'), [
      ['stored', null],
      ['refused', pacsCode],
      ['refused', codeOfCoded],
    ]);
  }
});

test('that says nothing of a context has refused nothing', async () => {
  const other = { ...second, sopClassUID: '1.2.840.10008.5.1.4.1.1.88.11' };
  const pacs = await withPeer({
    // The answer to the second context becomes an item that nobody knows.
    associate: (request) => {
      const answer = accept(request);
      const id = answer.indexOf(Buffer.of(3, 0, 0, 0, 0x40));
      return Buffer.from(answer.with(id - 4, 0x2f));
    },
    answer: (asked) => respond(asked, 0),
  });
  assert.equal(fieldsOf(await pacs.storeInstances(studyInstanceUID, [first, other], signal), 'outcome'), [
    'stored',
    'omitted',
  ]);
});

test('that names a series again and again is asked for it once, and its words are short', async () => {
  const { seriesInstanceUID, sopInstanceUID } = first;
  let questions = 0;
  const row: readonly (readonly [number, string])[] = [
    [0x00080018, sopInstanceUID],
    [0x00080060, 'MR'.repeat(20_000)],
    [0x0020000d, studyInstanceUID],
    [0x0020000e, seriesInstanceUID],
  ];
  const pacs = await withPeer({
    answer: (asked) => {
      const times = questions++ === 0 ? 20 : 1;
      return [
        ...Array.from({ length: times }, () => respond(asked, 0xff00, row)).flat(),
        ...respond(asked, 0),
      ];
    },
  });
  const listed = await pacs.describeStudy(studyInstanceUID, 100, signal);
  assert.equal([questions, listed.map(({ modality }) => modality)], [2, [null]]);
});

test('is believed instance by instance: coerced, out of resources, refused', async () => {
  const statuses = [0xb006, 0xa700, 0x0110];
  const pacs = await withPeer({ answer: (asked) => respond(asked, statuses[asked.id - 1]!) });
  const answers = await pacs.storeInstances(studyInstanceUID, [first, second, third], signal);
  assert.equal(fieldsOf(answers, 'outcome', 'pacsCode'), [
    ['coerced', 0xb006],
    ['busy', 0xa700],
    ['refused', 0x0110],
  ]);
});

test('that takes C-FIND and no C-GET proves by its list, and gives nothing back', async () => {
  const { seriesInstanceUID, sopInstanceUID } = first;
  const pacs = await withPeer({
    // The second context is C-GET's.
    associate: (request) => accept(request, { results: { 3: 3 } }),
    answer: (asked) => [
      ...respond(asked, 0xff00, [
        [0x00080018, sopInstanceUID],
        [0x0020000d, studyInstanceUID],
        [0x0020000e, seriesInstanceUID],
      ]),
      ...respond(asked, 0),
    ],
  });
  assert.is(pacs.usualProof, 'read-back');
  assert.equal([...(await pacs.findStudy(studyInstanceUID, signal))], [sopInstanceUID]);
  assert.is(pacs.usualProof, 'found');
  assert.is(await pacs.givesInstances(signal), false);
});

test('names only instances of the study and series that it was asked for', async () => {
  const row = (study: string, uid: string): readonly [number, string][] => [
    [0x00080018, uid],
    [0x0020000d, study],
    [0x0020000e, first.seriesInstanceUID],
  ];
  const pacs = await withPeer({
    answer: (asked) => [
      ...respond(asked, 0xff00, row(studyInstanceUID, first.sopInstanceUID)),
      ...respond(asked, 0xff00, row('1.2.3', second.sopInstanceUID)),
      ...respond(asked, 0xff00, row(studyInstanceUID, 'no UID')),
      ...respond(asked, 0),
    ],
  });
  assert.equal([...(await pacs.findStudy(studyInstanceUID, signal))], [first.sopInstanceUID]);
  const found = await pacs.findInstances([second.sopInstanceUID], signal, studyInstanceUID);
  assert.equal(found, []);
});
test.run();
