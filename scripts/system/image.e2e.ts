// test:all: Builds the image from Debian's packages and npm, which takes minutes; nothing faster shows that it runs.
/**
 * The container image as docs/install.md describes it: built without a registry, run with a read-only root and one
 * volume, killed and started again. A study goes through it into a real Orthanc.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { askAs, createAccount, PASSWORD } from '#testing/accounts.ts';
import { findContainerPrograms, openContainers, RUN_FLAGS, type Containers } from '#testing/container.ts';
import type { UploadStatus } from '#shared/protocol/api.ts';
import { skip } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { runRelay } from '#testing/run-relay.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { ROOT } from '../check/source-files.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from './orthanc.ts';
import { freePort } from './ports.ts';

const IMAGE = 'localhost/relaypacs-under-test';
const NAME = 'relaypacs-under-test';
/** null: the image can be built and run. */
const WHY_NOT =
  findContainerPrograms() === null
    ? 'mmdebstrap, buildah, podman or runc is not installed'
    : process.getuid?.() !== 0
      ? 'only root builds it'
      : (await findOrthanc()) === null
        ? 'Orthanc is not installed'
        : null;

const test = suite('the container image');
let folder: string;
let containers: Containers;
let orthanc: RunningOrthanc;
test.before(async () => {
  // Gigabytes: the folder of a run may lie in memory.
  folder = await mkdtemp('/var/tmp/relay-image-');
  if (WHY_NOT !== null) return;
  containers = await openContainers(join(folder, 'containers'));
  orthanc = await startOrthanc({ folder: join(folder, 'pacs') });
});
test.after(async () => {
  if (WHY_NOT === null) {
    await containers.podman('rm', '--force', '--volumes', '--ignore', NAME);
    await containers.podman('rmi', '--all', '--force');
    await orthanc.stop();
  }
  await rm(folder, { recursive: true, force: true });
});

async function isReady(api: string): Promise<boolean> {
  const answer = await fetch(`${api}/health/ready`).catch(() => null);
  await answer?.body?.cancel();
  return answer?.ok ?? false;
}

async function untilReady(api: string): Promise<void> {
  await until('the container to be ready', () => isReady(api)).catch(async ({ message }: Error) => {
    throw new Error(`${message}\n${await containers.podman('logs', NAME)}`);
  });
}

/** Starts the container; it shares the machine's network, so that both loopbacks are one. */
async function runImage(): Promise<{ readonly api: string }> {
  const port = await freePort();
  const settings = {
    RELAY_PORT: port,
    RELAY_WEB_PORT: await freePort(),
    RELAY_ADMIN_PASSWORD: PASSWORD,
    PACS_URL: orthanc.url,
    PACS_AUTHORIZATION: orthanc.authorization,
  };
  const env = Object.entries(settings).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const volume = ['--volume', 'relaypacs-data:/data', '--read-only', '--network', 'host'];
  // No systemd runs that would start the health check; the test does.
  const words = ['--detach', '--name', NAME, '--health-interval', 'disable', ...RUN_FLAGS, ...volume, ...env];
  await containers.podman('run', ...words, IMAGE);
  const api = `http://127.0.0.1:${port}`;
  await untilReady(api);
  return { api };
}

async function sendStudy(api: string, username: string): Promise<string> {
  const into = join(folder, 'study');
  await mkdir(into);
  const study = syntheticStudy({ seed: 8001, instancesPerSeries: 3, rows: 512, columns: 512 });
  for (const [at, { bytes }] of study.instances.entries()) await writeFile(join(into, `${at}.dcm`), bytes);
  const words = [
    'upload',
    into,
    '--gateway',
    api,
    '--user',
    username,
    '--policy',
    'identified',
    '--wait',
    '--json',
  ];
  const { code, out, said } = await runRelay(words, { RELAY_PASSWORD: PASSWORD });
  assert.is(code, 0, said);
  return /"uploadId": ?"([^"]+)"/.exec(out)![1]!;
}

test('is built, takes a study to Orthanc, and after a kill still knows it', async () => {
  if (WHY_NOT !== null) skip('the container image', WHY_NOT);
  await containers.run(join(ROOT, 'scripts/service/build-image.sh'), IMAGE);
  const gateway = await runImage();
  const { username } = await createAccount(gateway, 'tess', ['technician']);
  const uploadId = await sendStudy(gateway.api, username);

  const inside = (...words: readonly string[]) => containers.podman('exec', NAME, ...words);
  assert.is(await inside('id', '-un'), 'node');
  await inside('sh', '-c', '! touch /app/x 2> /dev/null && touch /data/x && rm /data/x');
  await containers.podman('healthcheck', 'run', NAME);
  // Without a session: in the database that is in the container too.
  const password = ['--env', `RELAY_NEW_PASSWORD=${PASSWORD}`];
  const set = await containers.podman('exec', ...password, NAME, 'relay', 'user', 'password', username);
  assert.match(set, `The password of ${username} was set`);

  await containers.podman('kill', NAME);
  await containers.podman('wait', NAME);
  assert.not.ok(await isReady(gateway.api));
  await containers.podman('start', NAME);
  await untilReady(gateway.api);
  const { bytes } = await askAs<UploadStatus>(gateway, username, `/upload/${uploadId}/status`);
  assert.equal([bytes.inPacs > 0, bytes.inPacs], [true, bytes.promised]);
  const headers = { authorization: orthanc.authorization };
  const stored = (await (await fetch(`${orthanc.url}/instances`, { headers })).json()) as unknown[];
  assert.is(stored.length, 3);
});

test.run();
