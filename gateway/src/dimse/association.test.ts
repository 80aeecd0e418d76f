/** An association with a peer that does what a test tells it to: right, wrong, silent, or without an end. */
import { createServer } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ABORT,
  accept,
  bring,
  openDimsePeer,
  pdu,
  respond,
  type Peer,
  type Script,
} from '../testing/dimse-peer.ts';
import {
  ABORTED,
  ASSOCIATION_REFUSED,
  AssociationFailed,
  CLOSED,
  SILENT,
  UNKNOWN_CALLED_AE,
  UNKNOWN_CALLING_AE,
  VIOLATED,
} from './association-failed.ts';
import { withAssociation, type PeerSettings } from './association.ts';
import { textIn, type Elements } from './elements.ts';
import { RECEIVED_BYTES_LIMIT } from './pdu.ts';
import { echo, find, get, store, STUDY_ROOT_FIND, STUDY_ROOT_GET, VERIFICATION } from './messages.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

const test = suite('an association');

const signal = new AbortController().signal;
const IMPLICIT = '1.2.840.10008.1.2';
const MR = '1.2.840.10008.5.1.4.1.1.4';
const STUDY = '1.2.3.4';
const INSTANCE = '1.2.3.4.5';

const peers: Peer[] = [];
test.after(() => {
  for (const peer of peers) peer.close();
});

async function at(script: Script, more: Partial<PeerSettings> = {}): Promise<PeerSettings> {
  const peer = await openDimsePeer(script);
  peers.push(peer);
  return { host: '127.0.0.1', port: peer.port, tls: null, calledAE: 'PEER', callingAE: 'RELAYPACS', ...more };
}

const proposal = (...syntaxes: readonly string[]) => ({
  contexts: syntaxes.map((abstractSyntax) => ({ abstractSyntax, transferSyntaxes: [IMPLICIT] })),
});

/** The name of what ended it. */
async function endOf(work: Promise<unknown>): Promise<string> {
  const error = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof AssociationFailed)) throw assert.unreachable(`it does not fail: ${String(error)}`);
  return error.connection;
}

const verify = (peer: PeerSettings, until = signal): Promise<number> =>
  withAssociation(peer, proposal(VERIFICATION), until, (association) =>
    echo(association, association.contextOf(VERIFICATION)!),
  );
const read = (row: Elements): readonly string[] => [textIn(row, 0x00080018) ?? ''];
const search = (peer: PeerSettings, limit = 10) =>
  withAssociation(peer, proposal(STUDY_ROOT_FIND), signal, (association) =>
    find(association, association.contextOf(STUDY_ROOT_FIND)!, [[0x0020000d, STUDY]], { limit, read }),
  );
const retrieve = (peer: PeerSettings) =>
  withAssociation(peer, { ...proposal(STUDY_ROOT_GET, MR), takes: [MR] }, signal, (association) =>
    get(
      association,
      association.contextOf(STUDY_ROOT_GET)!,
      { identifier: [[0x00080018, INSTANCE]], sopInstanceUID: INSTANCE },
      async ({ dataSet, transferSyntax }) => ({
        bytes: Buffer.concat(await Array.fromAsync(dataSet)),
        transferSyntax,
      }),
    ),
  );
async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test('answers C-ECHO, and is released', async () => {
  assert.is(await verify(await at({ answer: (asked) => respond(asked, 0) })), 0);
});

test('that is refused says why: an AE title that is not known, or anything else', async () => {
  const rejecting = (source: number, reason: number): Promise<PeerSettings> =>
    at({ associate: () => pdu(3, Buffer.of(0, 1, source, reason)) });
  assert.is(await endOf(verify(await rejecting(1, 7))), UNKNOWN_CALLED_AE);
  assert.is(await endOf(verify(await rejecting(1, 3))), UNKNOWN_CALLING_AE);
  assert.is(await endOf(verify(await rejecting(3, 2))), ASSOCIATION_REFUSED);
  assert.is(await endOf(verify(await at({ associate: () => ABORT }))), ABORTED);
});

test('with an answer that nobody asked for is a violation', async () => {
  const context = (id: number, uid: string): Buffer => {
    const syntax = Buffer.from(uid);
    const item = Buffer.concat([Buffer.of(id, 0, 0, 0, 0x40, 0, 0, syntax.length), syntax]);
    return Buffer.concat([Buffer.of(0x21, 0, 0, item.length), item]);
  };
  for (const more of [context(9, IMPLICIT), context(1, IMPLICIT)])
    assert.is(
      await endOf(verify(await at({ associate: (request) => accept(request, { more: [more] }) }))),
      VIOLATED,
    );
  const other = (request: Buffer): Buffer =>
    Buffer.from(accept(request).toString('latin1').replace(`${IMPLICIT}`, '1.2.840.10008.1.3'), 'latin1');
  assert.is(await endOf(verify(await at({ associate: other }))), VIOLATED);
  const tiny = (request: Buffer): Buffer => accept(request, { maxBytes: 8 });
  assert.is(await endOf(verify(await at({ associate: tiny }))), VIOLATED);
  assert.is(await endOf(verify(await at({ associate: () => Buffer.from('0200ffffffff', 'hex') }))), VIOLATED);
  assert.is(
    await endOf(verify(await at({ associate: () => Buffer.from('HTTP/1.1 400 Bad Request') }))),
    VIOLATED,
  );
});

test('sends a Data Set bit for bit, in fragments that the peer takes', async () => {
  const content = Buffer.from(Array.from({ length: 50_001 }, (_, at) => at % 251));
  for (const maxBytes of [1024, 4096, 0]) {
    const longest: number[] = [];
    const came: Buffer[] = [];
    const peer = await at({
      associate: (request) => accept(request, { maxBytes }),
      heard: (bytes) => {
        longest.push(bytes.length);
        if ((bytes[5]! & 1) === 0) came.push(bytes.subarray(6));
      },
      answer: (asked) => respond(asked, 0xb000),
    });
    const status = await withAssociation(peer, proposal(MR), signal, (association) =>
      store(association, association.contextOf(MR)!, {
        sopInstanceUID: INSTANCE,
        dataSet: pieces(content, 7_777),
      }),
    );
    assert.is(status, 0xb000);
    assert.ok(Buffer.concat(came).equals(content), `${maxBytes}`);
    if (maxBytes !== 0) assert.ok(Math.max(...longest) <= maxBytes);
    else assert.is(came.length, 1);
  }
});

test('lists what the peer finds, and no more than was asked for', async () => {
  const rows = (count: number): Script => ({
    answer: (asked) => [
      ...Array.from({ length: count }, (_, at) => respond(asked, 0xff00, [[0x00080018, `1.2.${at}`]])).flat(),
      ...respond(asked, 0),
    ],
  });
  const { rows: found, isCut } = await search(await at(rows(3)));
  assert.equal([found, isCut], [['1.2.0', '1.2.1', '1.2.2'], false]);
  const cut = await withAssociation(
    await at(rows(50)),
    proposal(STUDY_ROOT_FIND),
    signal,
    async (association) => {
      const context = association.contextOf(STUDY_ROOT_FIND)!;
      const all = await find(association, context, [[0x0020000d, STUDY]], { limit: 10, read });
      association.abort();
      return all;
    },
  );
  assert.equal([cut.rows.length, cut.isCut], [10, true]);
  assert.is((await search(await at({ answer: (asked) => respond(asked, 0xa900) }))).status, 0xa900);
});

test('brings an instance by C-GET, and no other than the one that was asked for', async () => {
  const content = Buffer.from('the Data Set');
  const bringing = (uid: string, times = 1): Script => ({
    answer: (asked) =>
      asked.field === 0x0010
        ? Array.from({ length: times }, () => bring(3, uid, content)).flat()
        : respond({ ...asked, field: 0x0010, id: 1 }, 0),
  });
  const brought = await retrieve(await at(bringing(INSTANCE)));
  assert.equal(brought.taken, { bytes: content, transferSyntax: IMPLICIT });
  assert.is(await endOf(retrieve(await at(bringing('1.2.9')))), VIOLATED);
  assert.is(await endOf(retrieve(await at(bringing(INSTANCE, 2)))), VIOLATED);
  assert.equal(await retrieve(await at({ answer: (asked) => respond(asked, 0xa701) })), {
    status: 0xa701,
    taken: null,
  });
});

test('ends with a peer that breaks the rules in the middle', async () => {
  const data = (content: string): Buffer => pdu(4, Buffer.from(content, 'hex'));
  const broken: readonly (readonly [string, Buffer])[] = [
    ['an empty PDU', data('')],
    ['a fragment beyond the PDU', data('ffffffff0103')],
    [
      'a PDU longer than we take',
      Buffer.from(`0400${(RECEIVED_BYTES_LIMIT + 1).toString(16).padStart(8, '0')}`, 'hex'),
    ],
    ['a Data Set first', data('000000040102cafe')],
    ['a command of another context', data('0000000c0503000000080200000001 00'.replace(' ', ''))],
    ['a second answer', accept(Buffer.alloc(68))],
  ];
  for (const [what, answer] of broken)
    assert.is(await endOf(verify(await at({ answer: () => [answer] }))), VIOLATED, what);
  assert.is(await endOf(verify(await at({ answer: () => [ABORT] }))), ABORTED);
  assert.is(
    await endOf(verify(await at({ answer: () => [Buffer.from('05000000000400000000', 'hex')] }))),
    CLOSED,
  );
  const other = await at({ answer: (asked) => respond({ ...asked, id: asked.id + 1 }, 0) });
  assert.is(await endOf(verify(other)), VIOLATED, 'a response to another message');
});

test('brings no instance in the context of the question, whose transfer syntax is another', async () => {
  const peer = await at({
    answer: (asked) =>
      asked.field === 0x0010
        ? bring(1, INSTANCE, Buffer.from('the Data Set'))
        : respond({ ...asked, field: 0x0010, id: 1 }, 0),
  });
  assert.is(await endOf(retrieve(peer)), VIOLATED);
});

test('ends with a command, an identifier or responses that have no end', async () => {
  const part = Buffer.concat([Buffer.from('000040020101', 'hex'), Buffer.alloc(0x4000)]);
  const endless = await at({ answer: () => [pdu(4, part), pdu(4, part)] });
  assert.is(await endOf(verify(endless)), VIOLATED, 'a command');
  const again = await at({
    answer: (asked) => Array.from({ length: 100 }, () => respond(asked, 0xff00)).flat(),
  });
  assert.is(await endOf(retrieve(again)), VIOLATED, 'pending for ever');
  const long: readonly (readonly [number, string])[] = [[0x00081030, 'x'.repeat(70_000)]];
  assert.is(await endOf(search(await at({ answer: (asked) => respond(asked, 0xff00, long) }))), VIOLATED);
});

/** Some seconds long: nobody waits for so many. */
const DRIPS = 500;
const byteByByte =
  (start: string) =>
  (at: number): Buffer =>
    Buffer.of(Buffer.from(start, 'hex')[at] ?? 0);
/** Accepts an association; from a PDU of `type` on it sends piece after piece, and then is gone. */
async function dripping(type: number, piece: (at: number) => Buffer) {
  let sent = 0;
  const server = createServer((socket) => {
    let timer: NodeJS.Timeout | undefined;
    const drip = (): void => {
      if (sent === DRIPS) socket.destroy();
      else socket.write(piece(sent++));
    };
    socket.on('error', () => {});
    socket.on('close', () => clearInterval(timer));
    socket.on('data', (request: Buffer) => {
      if (request[0] === type) timer ??= setInterval(drip, 20);
      else socket.write(accept(request.subarray(6)));
    });
  });
  const port = await listenOnLoopback(server);
  peers.push({ port: 0, close: () => void server.close() });
  const peer = { host: '127.0.0.1', port, tls: null, calledAE: 'PEER', callingAE: 'RELAYPACS' };
  return { peer, sent: () => sent };
}

test('with a peer that answers byte by byte, without an end, is given up', async () => {
  const accepting = await dripping(1, byteByByte('020000010000'));
  assert.is(await endOf(verify({ ...accepting.peer, idleMs: 200 })), SILENT);
  const leaving = await dripping(5, byteByByte('040000010000'));
  await withAssociation(leaving.peer, proposal(VERIFICATION), signal, async () => {});
  assert.ok(leaving.sent() < DRIPS);
});

test('with a peer that answers fragment by fragment, each in time and without an end, is given up', async () => {
  // A fragment of one byte of a command, which is not the last fragment.
  const answering = await dripping(4, () => Buffer.from('04000000000700000003010100', 'hex'));
  assert.is(await endOf(verify({ ...answering.peer, idleMs: 200 })), SILENT);
  assert.ok(answering.sent() < DRIPS);
});

test('with a peer that falls silent, is gone, or is no longer wanted is given up', async () => {
  assert.is(await endOf(verify(await at({}, { idleMs: 50 }))), SILENT);
  assert.is(await endOf(verify(await at({ associate: () => Buffer.alloc(0) }, { idleMs: 50 }))), SILENT);
  const gone = await at({});
  peers.at(-1)!.close();
  assert.is(await endOf(verify(gone)), 'ECONNREFUSED');
  const own = new AbortController();
  const asked = await at({
    answer: () => {
      own.abort(new Error('no longer wanted'));
      return [];
    },
  });
  const error = await verify(asked, own.signal).catch((thrown: unknown) => thrown);
  assert.is((error as Error).message, 'no longer wanted');
  const before = await verify(asked, AbortSignal.abort(new Error('before'))).catch(
    (thrown: unknown) => thrown,
  );
  assert.is((before as Error).message, 'before');
});
test.run();
