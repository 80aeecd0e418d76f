/**
 * Keeps the world that the browser tests of one run share: one Orthanc and one gateway, in the folder that the first
 * argument names. Runs as a process of its own, prints the address at which it answers, and starts them when it is
 * first asked; `/log` gives the last lines of the gateway's log. SIGTERM ends it with everything it started.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { bringWebApp } from '../../scripts/build.ts';
import { startOrthanc } from '../../scripts/system/orthanc.ts';
import { freePort } from '../../scripts/system/ports.ts';
import { PASSWORD } from './accounts.ts';
import { createGatewayUnderTest, readLog } from './gateway-under-test.ts';
import type { SharedWorld } from './world.ts';

const folder = process.argv[2]!;
const stops: (() => Promise<unknown>)[] = [];
let log = (): string => '';

async function startGateway(): Promise<SharedWorld> {
  await bringWebApp();
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
  log = () => readLog(gateway.lines);
  const { url, restUrl, authorization } = orthanc;
  return {
    orthanc: { url, restUrl, authorization },
    gateway: { api: gateway.api, web: gateway.web },
    webPort,
  };
}

let started: Promise<SharedWorld> | undefined;

const server = createServer((request, response) => {
  if (request.url === '/log') return void response.end(log());
  started ??= startGateway();
  started.then(
    (world) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(world)),
    (error: Error) => response.writeHead(500).end(error.message),
  );
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});

process.once('SIGTERM', async () => {
  await Promise.allSettled([started]);
  for (const stop of stops) await stop();
  process.exit(0);
});
// The runner that started it is gone.
process.stdin.resume().once('end', () => process.kill(process.pid, 'SIGTERM'));
