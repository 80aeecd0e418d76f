/** The DIMSE port with TLS: who is let in, who is not, and that its times hold before anybody is. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closed } from '../../../../shared/testing/closed.ts';
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
import { openListener, openListenersPipeline } from '../../testing/open-listener.ts';
import type { TestPipeline } from '../../testing/open-pipeline.ts';

const test = suite('the DIMSE port with TLS');
const signal = new AbortController().signal;
const IMPLICIT = '1.2.840.10008.1.2';

let pipeline: TestPipeline;
test.before(async () => {
  pipeline = await openListenersPipeline();
});
test.after(async () => {
  await pipeline.close();
  rmSync(folder, { recursive: true });
});

const folder = mkdtempSync(join(tmpdir(), 'relaypacs-dimse-tls-'));
const FILES = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
const SERVER = { cert: CERTIFICATE, key: CERTIFICATE_KEY, ...FILES };
const HOSPITAL = { cert: PRIVATE_CERTIFICATE, key: PRIVATE_CERTIFICATE_KEY };
const STRANGER = { cert: NEXT_CERTIFICATE, key: NEXT_CERTIFICATE_KEY };

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
  const { listener, port } = await openListener(pipeline, { tls: { ...SERVER, ca: null } });
  assert.is(listener.state().listener?.tls, 'server');
  assert.not.match(JSON.stringify(listener.state()), 'PRIVATE KEY');
  assert.is(await ask(port, { ca: CERTIFICATE, own: null }), SUCCESS);
  assert.is(await ask(port, { ca: null, own: null }), 'failed', 'a modality that does not trust it');
  assert.is(await ask(port, null), 'failed', 'clear text');
  assert.is(await ask(port, { ca: CERTIFICATE, own: null }), SUCCESS, 'and still answers');
  await listener.close();
});

test('asks for a certificate where it has an authority, and takes no other', async () => {
  const { listener, port } = await openListener(pipeline, { tls: { ...SERVER, ca: PRIVATE_CA } });
  assert.is(listener.state().listener?.tls, 'mutual');
  assert.is(await ask(port, { ca: CERTIFICATE, own: HOSPITAL }), SUCCESS);
  assert.is(await ask(port, { ca: CERTIFICATE, own: null }), 'failed', 'none');
  assert.is(await ask(port, { ca: CERTIFICATE, own: STRANGER }), 'failed', 'of another authority');
  assert.is(await ask(port, { ca: CERTIFICATE, own: HOSPITAL }), SUCCESS, 'and still answers');
  assert.equal(
    pipeline.lines.filter(({ event }) => event === 'unexpected-error'),
    [],
  );
  await listener.close();
});

test('serves a renewed certificate to the next caller, and asks for theirs as before', async () => {
  const { listener, port, look } = await openListener(pipeline, { tls: { ...SERVER, ca: PRIVATE_CA } });
  const put = (cert: string, key: string): void => {
    writeFileSync(FILES.certFile, cert);
    writeFileSync(FILES.keyFile, key);
    look();
  };
  put(NEXT_CERTIFICATE, CERTIFICATE_KEY);
  assert.is(await ask(port, { ca: CERTIFICATE, own: HOSPITAL }), SUCCESS, 'half of a pair changes nothing');
  put(NEXT_CERTIFICATE, NEXT_CERTIFICATE_KEY);
  assert.is(await ask(port, { ca: NEXT_CERTIFICATE, own: HOSPITAL }), SUCCESS);
  assert.is(await ask(port, { ca: CERTIFICATE, own: HOSPITAL }), 'failed', 'the one before');
  assert.is(await ask(port, { ca: NEXT_CERTIFICATE, own: null }), 'failed', 'without a certificate');
  assert.is(await ask(port, { ca: NEXT_CERTIFICATE, own: STRANGER }), 'failed', 'of another authority');
  await listener.close();
});

test('gives a handshake the time of a request, and no more', async () => {
  const { listener, port } = await openListener(pipeline, {
    tls: { ...SERVER, ca: null },
    times: { requestMs: 200 },
  });
  for (const said of [Buffer.alloc(0), Buffer.from('1603010200', 'hex')]) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    socket.write(said);
    await closed(socket);
    assert.is(socket.readyState, 'closed');
  }
  await listener.close();
});

test.run();
