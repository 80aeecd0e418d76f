/** Connections of a peer that say nothing: they take no more places than one address has. */
import { connect, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import { openListener, openListenersPipeline } from '../../testing/open-listener.ts';

const test = suite('silent connections');
const ASKING_OF_ONE = 16;

test('of one peer are closed beyond those that it may have', async () => {
  const pipeline = await openListenersPipeline();
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
    await pipeline.close();
  }
});

test.run();
