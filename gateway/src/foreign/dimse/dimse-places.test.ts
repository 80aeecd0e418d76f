/** Connections of a peer that say nothing: they take no more places than one address has. */
import { connect, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import { freePort } from '../../../../scripts/system/ports.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { openTestPipeline } from '../../testing/open-pipeline.ts';
import { createDimseListener } from './dimse-listener.ts';
import { insertPeer } from './dimse-peer.store.ts';

const test = suite('silent connections');
const NEVER_MS = 3_600_000;
const ASKING_OF_ONE = 16;

test('of one peer are closed beyond those that it may have', async () => {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false });
  const { tools, siteId, accountId } = pipeline;
  const peer = { name: 'CT', aeTitle: 'CT', addresses: ['127.0.0.1'], policy: 'identified', reason: null };
  const owned = { id: tools.newId(), siteId, accountId, now: new Date() };
  await tools.db.transaction().execute((trx) => insertPeer(trx, { ...peer, ...owned }));
  const place = { aeTitle: 'RELAYPACS', host: '127.0.0.1', port: await freePort(), tls: null };
  const listener = createDimseListener({
    ...{ pipeline: tools, spool: tools, siteId, place, expiresAfterMs: NEVER_MS },
    times: { requestMs: NEVER_MS, idleMs: NEVER_MS, wholeMs: NEVER_MS },
    checks: { check: async () => null, close: async () => undefined },
  });
  await listener.open();
  const closed = new Set<Socket>();
  const sockets = Array.from({ length: ASKING_OF_ONE + 8 }, () => {
    const socket = connect(place.port, '127.0.0.1');
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
