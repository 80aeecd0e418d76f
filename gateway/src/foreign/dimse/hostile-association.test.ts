/** Bytes that no modality sends, and callers who are nobody: refused in time, and nothing of them is kept. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fieldsOf } from '../../testing/fields-of.ts';
import { closed } from '../../../../shared/testing/closed.ts';
import { until } from '#testing/gateway-under-test.ts';
import { seededRandom, syntheticStudy } from '#testing/synthetic-study.ts';
import { withAssociation, type PeerSettings } from '../../dimse/association.ts';
import { SUCCESS } from '../../dimse/command-fields.ts';
import { echo, store, STUDY_ROOT_FIND, VERIFICATION } from '../../dimse/messages.ts';
import { encodeAssociateRequest, encodeData, RECEIVED_BYTES_LIMIT } from '../../dimse/pdu.ts';
import { encodeCommand } from '../../dimse/elements.ts';
import { parseAssociateRequest } from '../../dimse/pdu-acceptor.ts';
import { openDataSet } from '../../ports/pacs/dimse-files.ts';
import {
  listTestPeers,
  makeTestPeer,
  openListeningGateway,
  type ListeningGateway,
} from '../../testing/open-dimse-peer.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { answerContexts } from './answer-contexts.ts';

const test = suite('the DIMSE port');
const pacs = openTestPacs();
const signal = new AbortController().signal;
let gateway: ListeningGateway;
test.before(async () => {
  gateway = await openListeningGateway({ pacs });
  const { id: accountId } = (await gateway.userWith(['technician'])).user;
  await makeTestPeer(gateway, { aeTitle: 'CT', accountId });
});
test.after(() => gateway.close());

const IMPLICIT = '1.2.840.10008.1.2';
const EXPLICIT = '1.2.840.10008.1.2.1';
const CT = '1.2.840.10008.5.1.4.1.1.2';
const JPIP = '1.2.840.10008.1.2.4.94';
const context = { id: 1, abstractSyntax: CT, transferSyntaxes: [EXPLICIT] };
const requestOf = (more: Partial<Parameters<typeof encodeAssociateRequest>[0]> = {}): Buffer =>
  encodeAssociateRequest({ calledAE: 'RELAYPACS', callingAE: 'CT', contexts: [context], takes: [], ...more });
const REQUEST = requestOf();
const peer = (): PeerSettings => ({
  ...{ host: '127.0.0.1', port: gateway.port, tls: null },
  ...{ calledAE: 'RELAYPACS', callingAE: 'CT' },
});

/** Everything that comes back until the gateway ends the connection. */
async function tell(bytes: readonly Uint8Array[], localAddress = '127.0.0.1'): Promise<Buffer> {
  const socket = connect({ port: gateway.port, host: '127.0.0.1', localAddress });
  const came: Buffer[] = [];
  socket.on('error', () => undefined);
  socket.on('data', (piece: Buffer) => came.push(piece));
  for (const piece of bytes) socket.write(piece);
  await closed(socket);
  return Buffer.concat(came);
}
const files = () => gateway.database.db.selectFrom('sent_file').select('id').execute();
const withVersion = (version: number): Buffer => {
  const request = Buffer.from(REQUEST);
  request.writeUInt16BE(version, 6);
  return request;
};
const ABORT = 7;
const ACCEPT = 2;

test('rejects with the result, source and reason that fit, and tells administrators who was unknown', async () => {
  const called = requestOf({ calledAE: 'X' });
  const calling = requestOf({ callingAE: 'X' });
  const otherContext = Buffer.from(
    REQUEST.toString('latin1').replace('1.2.840.10008.3.1.1.1', '1.2.840.10008.3.1.1.9'),
    'latin1',
  );
  for (const [request, address, rejection] of [
    [called, '127.0.0.1', [1, 1, 7]],
    [calling, '127.0.0.1', [1, 1, 3]],
    [REQUEST, '127.0.0.2', [1, 1, 3]],
    [withVersion(2), '127.0.0.1', [1, 2, 2]],
    [otherContext, '127.0.0.1', [1, 1, 2]],
  ] as const) {
    const answer = await tell([request], address);
    assert.is(answer[0], 3);
    assert.equal([...answer.subarray(7, 10)], rejection);
  }
  const { refused, listener } = await listTestPeers(gateway);
  const told = fieldsOf(refused, 'because', 'callingAE', 'calledAE', 'address').slice(0, 4);
  assert.equal(told, [
    ['no-dicom', 'CT', 'RELAYPACS', '127.0.0.1'],
    ['address', 'CT', 'RELAYPACS', '127.0.0.2'],
    ['calling-ae', 'X', 'RELAYPACS', '127.0.0.1'],
    ['called-ae', 'CT', 'X', '127.0.0.1'],
  ]);
  const { port } = gateway;
  assert.equal(listener, { aeTitle: 'RELAYPACS', host: '127.0.0.1', port, tls: 'none' });
});

test('rejects a title with bytes that no title has, and nothing goes wrong', async () => {
  const unexpected = () => gateway.lines.filter(({ event }) => event === 'unexpected-error').length;
  const before = unexpected();
  for (const callingAE of ['C\u0000T', 'C\nT', 'C\u007fT', 'C\\T', '\u0000', '']) {
    const answer = await tell([requestOf({ callingAE })]);
    assert.equal([answer[0], ...answer.subarray(7, 10)], [3, 1, 1, 3], JSON.stringify(callingAE));
  }
  assert.is(unexpected(), before);
});

test('rejects for now an association more than a peer may have, and takes one again later', async () => {
  const sockets: Socket[] = [];
  for (let count = 0; count < 8; count += 1) {
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write(REQUEST);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.is(answer[0], ACCEPT);
    sockets.push(socket);
  }
  const answer = await tell([REQUEST]);
  assert.equal([answer[0], ...answer.subarray(7, 10)], [3, 2, 3, 2]);
  for (const socket of sockets) socket.destroy();
  const isFree = () =>
    withAssociation(peer(), { contexts: [context] }, signal, async () => true).catch(() => false);
  await until('a free place', isFree);
});

test('gives back the place of an association that ends while it is being accepted', async () => {
  const short = Buffer.from(REQUEST);
  // Maximum Length Received: below what the gateway speaks to.
  short.writeUInt32BE(512, short.indexOf(Buffer.of(0x51, 0, 0, 4)) + 4);
  for (let count = 0; count < 9; count += 1) assert.is((await tell([short]))[0], ABORT);
  assert.is(await withAssociation(peer(), { contexts: [context] }, signal, async () => true), true);
});

test('ends whatever is no DICOM, and bytes of a peer that mean nothing', async () => {
  const random = seededRandom(4711);
  const noise = () => Buffer.from(Array.from({ length: 400 }, () => Math.floor(random() * 256)));
  const long = Buffer.of(1, 0, 0, 0, 0, 0);
  long.writeUInt32BE(RECEIVED_BYTES_LIMIT + 1, 2);
  const beyond = Buffer.from(REQUEST);
  // The length of the first item.
  beyond.writeUInt16BE(0xffff, 76);
  const twice = requestOf({ contexts: [context, context] });
  const command = encodeCommand([
    [0x100, 0x0020],
    [0x110, 1],
    [0x800, 0x0101],
  ]);
  const data = (contextId: number, isCommand: boolean, fragment: Buffer) =>
    encodeData({ contextId, isCommand, isLast: true, fragment });
  const isAborted: readonly (readonly [string, readonly Buffer[]])[] = [
    ['HTTP', [Buffer.from('GET / HTTP/1.1\r\n\r\n')]],
    ['TLS', [Buffer.from('160301020001000001fc0303', 'hex')]],
    ['too long', [long]],
    ['a length beyond the end', [beyond]],
    ['a context twice', [twice]],
    ['data before a request', [data(1, true, command)]],
    ['C-FIND', [REQUEST, data(1, true, command)]],
    ['another context', [REQUEST, data(3, true, command)]],
    ['a Data Set without a command', [REQUEST, data(1, false, command)]],
    ['a request in an association', [REQUEST, REQUEST]],
    ...[1, 2, 3, 4].map((at) => [`noise ${at}`, [REQUEST, noise()]] as const),
  ];
  for (const [what, bytes] of isAborted) {
    const answer = await tell(bytes);
    const last = answer.subarray(-10);
    assert.is(last[0], ABORT, what);
  }
  assert.is((await files()).length, 0, 'nothing is kept');
});

test('refuses each class and transfer syntax that it does not store, by itself', () => {
  const proposed = [
    { id: 1, abstractSyntax: CT, transferSyntaxes: [JPIP, IMPLICIT, EXPLICIT] },
    { id: 3, abstractSyntax: CT, transferSyntaxes: [JPIP] },
    { id: 5, abstractSyntax: STUDY_ROOT_FIND, transferSyntaxes: [IMPLICIT] },
    { id: 7, abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] },
    { id: 9, abstractSyntax: CT, transferSyntaxes: ['1.2.840.10008.1.2.4.70', '1.2.840.10008.1.2.5'] },
  ];
  const asked = { contexts: proposed, provides: new Map<string, boolean>() };
  const answered = answerContexts(asked, { peer: {}, reportsOn: new Set() });
  assert.equal(answered.provided, []);
  assert.equal(fieldsOf(answered.contexts, 'result', 'transferSyntax'), [
    [0, EXPLICIT],
    [4, IMPLICIT],
    [3, IMPLICIT],
    [0, IMPLICIT],
    [0, '1.2.840.10008.1.2.4.70'],
  ]);
  const { calledAE, callingAE, contexts } = parseAssociateRequest(REQUEST.subarray(6));
  assert.equal(
    { calledAE, callingAE, contexts },
    { calledAE: 'RELAYPACS', callingAE: 'CT', contexts: [context] },
  );
});

test('answers an instance of another class, and without a UID, with a failure, and goes on', async () => {
  const { bytes, identifiers } = syntheticStudy({ seed: 9601, instancesPerSeries: 1 }).instances[0]!;
  const dataSet = async function* () {
    yield* (await openDataSet(only(bytes)))!.dataSet;
  };
  const contexts = [context, { abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] }];
  const statuses = await withAssociation(peer(), { contexts }, signal, async (association) => {
    const tryStore = (abstractSyntax: string, sopInstanceUID: string) =>
      store(
        association,
        { ...association.contextOf(CT)!, abstractSyntax },
        { sopInstanceUID, dataSet: dataSet() },
      );
    return [
      await tryStore('1.2.840.10008.5.1.4.1.1.4', identifiers.sopInstanceUID),
      await tryStore(CT, 'no UID'),
      await tryStore(CT, '1.2.3.4.5.6'),
      await tryStore(CT, identifiers.sopInstanceUID),
      await echo(association, association.contextOf(VERIFICATION)!),
    ];
  });
  assert.equal(statuses, [0xa900, 0x0117, 0xc000, SUCCESS, SUCCESS]);
  await until('the instance in the PACS', async () => pacs.held.has(identifiers.sopInstanceUID));
  assert.is(pacs.held.size, 1);
});

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

test.run();
