/**
 * Keeps the world that the browser tests of one run share: one Orthanc, one gateway, one Chromium, in the folder
 * that the first argument names. Runs as a process of its own, prints the address at which it answers, and
 * starts a part when it is first asked for. SIGTERM ends it with everything it started.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buildWebApp, isWebAppCurrent } from '../../scripts/build.ts';
import { startOrthanc } from '../../scripts/system/orthanc.ts';
import { freePort } from '../../scripts/system/ports.ts';
import { PASSWORD } from './accounts.ts';
import { testEnvironment } from './environment.ts';
import { createGatewayUnderTest } from './gateway-under-test.ts';
import { serveBrowser } from './inspect-page.ts';
import type { SharedBrowser, SharedWorld } from './world.ts';

const folder = process.argv[2]!;
const stops: (() => Promise<unknown>)[] = [];

async function startGateway(): Promise<SharedWorld> {
  if (!(await isWebAppCurrent())) await buildWebApp();
  const orthanc = await startOrthanc({ folder: join(folder, 'orthanc') });
  stops.unshift(() => orthanc.stop());
  const webPort = await freePort();
  const gateway = createGatewayUnderTest({
    port: await freePort(),
    webPort,
    dataDir: join(folder, 'data'),
    pacs: orthanc,
    adminPassword: PASSWORD,
  });
  stops.unshift(() => gateway.stop());
  await gateway.start();
  const { url, restUrl, authorization } = orthanc;
  return {
    orthanc: { url, restUrl, authorization },
    gateway: { api: gateway.api, web: gateway.web },
    webPort,
  };
}

async function startBrowser(): Promise<SharedBrowser> {
  const { headlessShell } = testEnvironment();
  if (headlessShell === null) throw new Error('there is no Chromium');
  const browser = await serveBrowser(headlessShell);
  stops.unshift(() => browser.close());
  return { endpoint: browser.wsEndpoint() };
}

/** The available parts; each starts once. */
const starts: Readonly<Record<string, () => Promise<object>>> = {
  '/gateway': startGateway,
  '/browser': startBrowser,
};
const started = new Map<string, Promise<object>>();

function start(path: string): Promise<object> {
  const already = started.get(path);
  if (already) return already;
  const starting = starts[path]?.() ?? Promise.reject(new Error('there is no such part'));
  started.set(path, starting);
  return starting;
}

const server = createServer((request, response) => {
  start(request.url ?? '').then(
    (part) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(part)),
    (error: Error) => response.writeHead(500).end(error.message),
  );
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});

process.once('SIGTERM', async () => {
  await Promise.allSettled(started.values());
  for (const stop of stops) await stop();
  process.exit(0);
});
// The runner that started it is gone.
process.stdin.resume().once('end', () => process.kill(process.pid, 'SIGTERM'));
