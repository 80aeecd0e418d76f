/** A real Orthanc that is asked for storage commitment, and reports in an association that it requests itself. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Destination } from '#shared/protocol/destination.ts';
import { receiptSchema } from '#shared/protocol/receipt.ts';
import { skip } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { findOrthanc, startOrthanc } from '../../../../scripts/system/orthanc.ts';
import { freePort } from '../../../../scripts/system/ports.ts';
import { jsonOf } from '../../testing/open-cases.ts';
import { openListeningGateway } from '../../testing/open-dimse-peer.ts';
import { askOf, sendStudy } from '../../testing/open-film.ts';

const test = suite('storage commitment with Orthanc');

test('is given at the port of the gateway, and stands on the receipt', async () => {
  if ((await findOrthanc()) === null) skip('storage commitment with Orthanc', 'Orthanc is not installed');
  const folder = await mkdtemp(join(tmpdir(), 'relay-commitment-'));
  const gateway = await openListeningGateway();
  const port = await freePort();
  const orthanc = await startOrthanc({
    folder,
    settings: {
      ...{ DicomServerEnabled: true, DicomPort: port, DicomAet: 'ORTHANC', DicomCheckCalledAet: true },
      DicomAlwaysAllowGet: true,
      DicomModalities: { relay: ['RELAYPACS', '127.0.0.1', gateway.port] },
    },
  });
  try {
    const { accessToken: admin } = await gateway.signIn();
    const { id } = await jsonOf<Destination>(gateway, 'POST /admin/destinations', {
      ...{ token: admin, status: 201 },
      body: {
        ...{ kind: 'dimse', name: 'archive', url: `dimse://RELAYPACS@127.0.0.1:${port}/ORTHANC` },
        ...{ authentication: { kind: 'none' }, ca: null, certificate: null, commitment: true },
      },
    });
    await jsonOf(gateway, `POST /admin/destinations/${id}/primary`, { token: admin });
    const { accessToken: token } = await gateway.userWith(['technician']);
    const { instances } = syntheticStudy({ seed: 9701, instancesPerSeries: 2, rows: 16, columns: 16 });
    const uploadId = await sendStudy(askOf(gateway), token, instances);
    const jws = await until('the receipt', async () => {
      const answer = await gateway.call('GET', `/upload/${uploadId}/receipt`, { token });
      return answer.status === 200 && answer.text();
    });
    const payload = Buffer.from(jws.split('.')[1]!, 'base64url').toString();
    const listed = receiptSchema.parse(JSON.parse(payload)).instances;
    assert.equal(
      listed.map(({ state, committed, proof }) => [state, committed, proof]),
      instances.map(() => ['stored', true, 'read-back']),
    );
  } finally {
    await gateway.close();
    await orthanc.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

test.run();
