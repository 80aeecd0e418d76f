/** The DIMSE port with TLS: who is let in, who is not, and that its times hold before anybody is. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freePort } from '../../../../scripts/system/ports.ts';
import { AssociationFailed } from '../../dimse/association-failed.ts';
import { withAssociation, type PeerSettings } from '../../dimse/association.ts';
import { SUCCESS } from '../../dimse/command-fields.ts';
import { echo, VERIFICATION } from '../../dimse/messages.ts';
import {
  CERTIFICATE,
  CERTIFICATE_KEY,
  NEXT_CERTIFICATE,
  NEXT_CERTIFICATE_KEY,
  PRIVATE_CA,
  PRIVATE_CERTIFICATE,
  PRIVATE_CERTIFICATE_KEY,
} from '../../testing/certificate.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { openTestPipeline } from '../../testing/open-pipeline.ts';
import { createDimseListener, type Times } from './dimse-listener.ts';
import { insertPeer } from './dimse-peer.store.ts';
import type { DimseTls } from './secure-sockets.ts';

const test = suite('the DIMSE port with TLS');
const NEVER_MS = 3_600_000;
const signal = new AbortController().signal;
const IMPLICIT = '1.2.840.10008.1.2';

let pipeline: Awaited<ReturnType<typeof openTestPipeline>>;
test.before(async () => {
  pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false });
  const { tools, siteId, accountId } = pipeline;
  const peer = { name: 'CT', aeTitle: 'CT', addresses: ['127.0.0.1'], policy: 'identified', reason: null };
  const owned = { id: tools.newId(), siteId, accountId, now: new Date() };
  await tools.db.transaction().execute((trx) => insertPeer(trx, { ...peer, ...owned }));
});
test.after(() => pipeline.close());

const SERVER = { cert: CERTIFICATE, key: CERTIFICATE_KEY };
const HOSPITAL = { cert: PRIVATE_CERTIFICATE, key: PRIVATE_CERTIFICATE_KEY };
const STRANGER = { cert: NEXT_CERTIFICATE, key: NEXT_CERTIFICATE_KEY };

async function listening(tls: DimseTls, times: Partial<Times> = {}) {
  const { tools, siteId } = pipeline;
  const place = { aeTitle: 'RELAYPACS', host: '127.0.0.1', port: await freePort(), tls };
  const listener = createDimseListener({
    ...{ pipeline: tools, spool: tools, siteId, place, expiresAfterMs: NEVER_MS },
    times: { requestMs: NEVER_MS, idleMs: NEVER_MS, wholeMs: NEVER_MS, ...times },
    checks: { check: async () => null, close: async () => undefined },
  });
  await listener.open();
  return { listener, port: place.port };
}

/** The status of C-ECHO, or how it failed. */
async function ask(port: number, tls: PeerSettings['tls']): Promise<number | 'failed'> {
  const peer = { host: '127.0.0.1', port, tls, calledAE: 'RELAYPACS', callingAE: 'CT' };
  const contexts = [{ abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] }];
  try {
    return await withAssociation(peer, { contexts }, signal, (association) =>
      echo(association, association.contextOf(VERIFICATION)!),
    );
  } catch (error) {
    if (error instanceof AssociationFailed) return 'failed';
    throw error;
  }
}

test('answers whoever trusts its certificate, and nobody in clear text', async () => {
  const { listener, port } = await listening({ ...SERVER, ca: null });
  assert.is(listener.state().listener?.tls, 'server');
  assert.not.match(JSON.stringify(listener.state()), 'PRIVATE KEY');
  assert.is(await ask(port, { ca: CERTIFICATE, own: null }), SUCCESS);
  assert.is(await ask(port, { ca: null, own: null }), 'failed', 'a modality that does not trust it');
  assert.is(await ask(port, null), 'failed', 'clear text');
  assert.is(await ask(port, { ca: CERTIFICATE, own: null }), SUCCESS, 'and goes on');
  await listener.close();
});

test('asks for a certificate where it has an authority, and takes no other', async () => {
  const { listener, port } = await listening({ ...SERVER, ca: PRIVATE_CA });
  assert.is(listener.state().listener?.tls, 'mutual');
  assert.is(await ask(port, { ca: CERTIFICATE, own: HOSPITAL }), SUCCESS);
  assert.is(await ask(port, { ca: CERTIFICATE, own: null }), 'failed', 'none');
  assert.is(await ask(port, { ca: CERTIFICATE, own: STRANGER }), 'failed', 'of another authority');
  assert.is(await ask(port, { ca: CERTIFICATE, own: HOSPITAL }), SUCCESS, 'and goes on');
  assert.equal(
    pipeline.lines.filter(({ event }) => event === 'unexpected-error'),
    [],
  );
  await listener.close();
});

test('gives a handshake the time of a request, and no more', async () => {
  const { listener, port } = await listening({ ...SERVER, ca: null }, { requestMs: 200 });
  for (const said of [Buffer.alloc(0), Buffer.from('1603010200', 'hex')]) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    socket.write(said);
    await once(socket, 'close');
    assert.is(socket.readyState, 'closed');
  }
  await listener.close();
});

test.run();
