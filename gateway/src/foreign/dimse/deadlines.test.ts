/** Peers that drip, or say nothing: no association lives on bytes that mean nothing, and silence takes few places. */
import { connect, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import { closed as ended } from '../../../../shared/testing/closed.ts';
import { NO_DATA_SET } from '../../dimse/association.ts';
import { ECHO_RQ } from '../../dimse/command-fields.ts';
import { encodeCommand } from '../../dimse/elements.ts';
import { VERIFICATION, WITH_DATA_SET } from '../../dimse/messages.ts';
import { encodeAssociateRequest, encodeData } from '../../dimse/pdu.ts';
import { openListener, openListenersPipeline } from '../../testing/open-listener.ts';
import type { TestPipeline } from '../../testing/open-pipeline.ts';
import type { Times } from './dimse-listener.ts';

const test = suite('a peer');
const SOON_MS = 200;
const CT = '1.2.840.10008.5.1.4.1.1.2';
const EXPLICIT = '1.2.840.10008.1.2.1';

let pipeline: TestPipeline;
test.before(async () => {
  pipeline = await openListenersPipeline();
});
test.after(() => pipeline.close());

const REQUEST = encodeAssociateRequest({
  ...{ calledAE: 'RELAYPACS', callingAE: 'CT', takes: [] },
  contexts: [
    { id: 1, abstractSyntax: CT, transferSyntaxes: [EXPLICIT] },
    { id: 3, abstractSyntax: VERIFICATION, transferSyntaxes: [EXPLICIT] },
  ],
});
const data = (contextId: number, isCommand: boolean, isLast: boolean, fragment: Buffer) =>
  encodeData({ contextId, isCommand, isLast, fragment });
const STORE = encodeCommand([
  [0x0002, CT],
  [0x0100, 0x0001],
  [0x0110, 1],
  [0x0700, 0],
  [0x0800, WITH_DATA_SET],
  [0x1000, '1.2.3.4'],
]);
const ECHO = encodeCommand([
  [0x0002, VERIFICATION],
  [0x0100, ECHO_RQ],
  [0x0110, 1],
  [0x0800, NO_DATA_SET],
]);

/** Often enough for every time but those of the whole; and nobody waits for so many. */
const EVERY_MS = 20;
const DRIPS = 500;

/** Whether the gateway ends the connection of a peer that says `first` and then a piece after the other. */
async function isEnded(times: Partial<Times>, first: readonly Buffer[], piece: Buffer): Promise<boolean> {
  const { listener, port } = await openListener(pipeline, { times });
  const socket: Socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  for (const bytes of first) socket.write(bytes);
  let sent = 0;
  const timer = setInterval(() => {
    if (sent === DRIPS) socket.destroy();
    else socket.write(piece);
    sent += 1;
  }, EVERY_MS);
  try {
    await ended(socket);
    return sent <= DRIPS;
  } finally {
    clearInterval(timer);
    socket.destroy();
    await listener.close();
  }
}

test('that drips in its request for an association is cut off', async () => {
  assert.ok(await isEnded({ requestMs: SOON_MS }, [REQUEST.subarray(0, 8)], Buffer.of(0)));
});

test('that drips in a command, or in a Data Set, fragment by fragment, is as good as silent', async () => {
  const drop = (isCommand: boolean) => data(1, isCommand, false, Buffer.of(0));
  assert.ok(await isEnded({ idleMs: SOON_MS }, [REQUEST], drop(true)), 'a command');
  assert.ok(
    await isEnded({ idleMs: SOON_MS }, [REQUEST, data(1, true, true, STORE)], drop(false)),
    'a Data Set',
  );
});

test('that sends message after message is cut off when the whole time of an association is over', async () => {
  assert.ok(await isEnded({ wholeMs: SOON_MS }, [REQUEST], data(3, true, true, ECHO)));
});

const ASKING_OF_ONE = 16;

test('that says nothing is cut off beyond the connections that one address may have', async () => {
  const { listener, port } = await openListener(pipeline, {});
  const closed = new Set<Socket>();
  const sockets = Array.from({ length: ASKING_OF_ONE + 8 }, () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined).on('close', () => closed.add(socket));
    return socket.resume();
  });
  try {
    await until('those beyond to be closed', async () => closed.size >= 8);
    assert.is(closed.size, 8);
  } finally {
    for (const socket of sockets) socket.destroy();
    await listener.close();
  }
});

test.run();
