/** A real Orthanc that is asked for storage commitment over DICOMweb, which it does not have. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Destination, DestinationExamination } from '#shared/protocol/destination.ts';
import type { UploadStatus } from '#shared/protocol/api.ts';
import { skip } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { findOrthanc, startOrthanc } from '../../../scripts/system/orthanc.ts';
import { jsonOf } from '../testing/open-cases.ts';
import { askOf, sendStudy } from '../testing/open-film.ts';
import { openTestGateway } from '../testing/open-gateway.ts';

const test = suite('storage commitment over DICOMweb with Orthanc');

test('is missed by the test, keeps the study waiting, and loses nothing once it is turned off', async () => {
  if ((await findOrthanc()) === null) skip('storage commitment with Orthanc', 'Orthanc is not installed');
  const folder = await mkdtemp(join(tmpdir(), 'relay-commit-web-'));
  const gateway = await openTestGateway();
  const orthanc = await startOrthanc({ folder });
  try {
    const { accessToken: admin } = await gateway.signIn();
    const [username = '', password = ''] = Buffer.from(orthanc.authorization.split(' ')[1] ?? '', 'base64')
      .toString()
      .split(':');
    const wish = {
      ...{ kind: 'dicomweb', name: 'archive', url: orthanc.url, ca: null, certificate: null },
      authentication: { kind: 'basic', username, password },
    };
    const body = { ...wish, commitment: true };
    const { id } = await jsonOf<Destination>(gateway, 'POST /admin/destinations', {
      ...{ token: admin, status: 201, body },
    });
    await jsonOf(gateway, `POST /admin/destinations/${id}/primary`, { token: admin });
    const tested = await jsonOf<DestinationExamination>(gateway, `POST /admin/destinations/${id}/test`, {
      ...{ token: admin, body: { scope: 'reach' } },
    });
    assert.is(tested.verdict?.code, 'commitment-missing');
    const { accessToken: token } = await gateway.userWith(['technician']);
    const { instances } = syntheticStudy({ seed: 9702, instancesPerSeries: 2, rows: 16, columns: 16 });
    const uploadId = await sendStudy(askOf(gateway), token, instances);
    const status = () => jsonOf<UploadStatus>(gateway, `GET /upload/${uploadId}/status`, { token });
    await until('the study to wait', async () => (await status()).waiting?.because === 'pacs-settings-wrong');
    await jsonOf(gateway, `PUT /admin/destinations/${id}`, { token: admin, body: wish });
    await until('the study to be in the PACS', async () => (await status()).state === 'closed');
    assert.is((await status()).counts.inPacs, instances.length);
  } finally {
    await gateway.close();
    await orthanc.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

test.run();
