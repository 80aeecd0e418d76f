// test:all: a PACS with small requests; pipeline/forward/take-batch.test guards how a study is cut
/** A real Orthanc behind a real nginx with its limit of 1 MB: what fits arrives, and the limit is told and learned. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { UploadStatus } from '#shared/protocol/api.ts';
import type { Destination } from '#shared/protocol/destination.ts';
import { skip } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { findNginx, passTo, startNginx } from '#testing/hostile-proxy.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { findOrthanc, startOrthanc } from '../../../scripts/system/orthanc.ts';
import { freePort } from '../../../scripts/system/ports.ts';
import { jsonOf } from '../testing/open-cases.ts';
import { askOf, sendStudy } from '../testing/open-film.ts';
import { openTestGateway } from '../testing/open-gateway.ts';

const test = suite('a PACS behind a proxy with a limit of 1 MB');
const MIB = 1024 ** 2;
const STARTED_AT = Date.now();

/** A gateway whose primary destination is an Orthanc behind a proxy with this port. */
async function openBehind(port: number) {
  const gateway = await openTestGateway();
  const { accessToken: admin } = await gateway.signIn();
  const body = {
    ...{ kind: 'dicomweb', name: 'behind', url: `http://127.0.0.1:${port}/dicom-web` },
    ...{ ca: null, certificate: null, authentication: { kind: 'none' } },
  };
  const made = { token: admin, status: 201, body };
  const { id } = await jsonOf<Destination>(gateway, 'POST /admin/destinations', made);
  await jsonOf(gateway, `POST /admin/destinations/${id}/primary`, { token: admin });
  const { accessToken: token } = await gateway.userWith(['technician']);
  const listed = () =>
    jsonOf<{ destinations: Destination[] }>(gateway, 'GET /admin/destinations', { token: admin });
  return {
    gateway,
    shown: async () => (await listed()).destinations.find((one) => one.id === id)!,
    send: (seed: number, instancesPerSeries: number, rows: number) =>
      sendStudy(
        askOf(gateway),
        token,
        syntheticStudy({ seed, instancesPerSeries, rows, columns: rows }).instances,
      ),
    status: (uploadId: string) =>
      jsonOf<UploadStatus>(gateway, `GET /upload/${uploadId}/status?instances=1`, { token }),
    async retry(uploadId: string) {
      const { instances = [] } = await this.status(uploadId);
      const keys = instances.map(({ sopInstanceUID, digest }) => ({ sopInstanceUID, digest }));
      const body = { decision: 'retry', instances: keys };
      await jsonOf(gateway, `POST /upload/${uploadId}/decisions`, { token, body });
    },
  };
}
type Behind = Awaited<ReturnType<typeof openBehind>>;

async function arrives({ status }: Behind, uploadId: string, count: number): Promise<void> {
  await until('the study to be in the PACS', async () => (await status(uploadId)).state === 'closed');
  assert.is((await status(uploadId)).counts.inPacs, count);
}

async function waitsForItsSize({ status, shown }: Behind, uploadId: string): Promise<void> {
  await until(
    'the study to wait for its size',
    async () => (await status(uploadId)).waiting?.because === 'pacs-refuses-size',
  );
  const { waiting, waitingSince, waitingInstances, waitingBytes } = await shown();
  assert.equal([waiting, waitingInstances], [1, 1]);
  assert.ok(waitingBytes > 2 * MIB);
  assert.ok(Date.parse(waitingSince!) > STARTED_AT);
}

test('gets what fits in smaller requests, and the study says what does not, until the limit is raised', async () => {
  const nginx = findNginx();
  if ((await findOrthanc()) === null || nginx === null)
    return skip('a PACS behind a proxy', 'Orthanc or nginx is not installed');
  const folder = await mkdtemp(join(tmpdir(), 'relay-small-'));
  const orthanc = await startOrthanc({ folder, settings: { AuthenticationEnabled: false } });
  const port = await freePort();
  const location = passTo(Number(new URL(orthanc.url).port));
  let proxy = await startNginx(nginx, { port, location });
  const behind = await openBehind(port);
  try {
    await arrives(behind, await behind.send(9801, 20, 320), 20);
    const { tuning, refused } = await behind.shown();
    assert.ok(tuning.batchBytes! <= MIB, `${tuning.batchBytes}`);
    assert.ok(refused!.bytes! > MIB, `${refused?.bytes}`);
    const film = await behind.send(9802, 1, 1024);
    await waitsForItsSize(behind, film);
    await proxy.stop();
    proxy = await startNginx(nginx, { port, location, server: ['client_max_body_size 0;'] });
    await behind.retry(film);
    await arrives(behind, film, 1);
    const raised = await behind.shown();
    assert.equal([raised.refused, raised.waiting], [null, 0]);
  } finally {
    await behind.gateway.close();
    await proxy.stop();
    await orthanc.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

test.run();
