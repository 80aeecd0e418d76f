/** A gateway with its own Orthanc for a bench, in a folder of its own, and the command line as the device. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createGatewayUnderTest, type GatewayUnderTest } from '#testing/gateway-under-test.ts';
import { type RunningOrthanc, startOrthanc } from '../system/orthanc.ts';
import { freePort } from '../system/ports.ts';

const RELAY = fileURLToPath(new URL('../relay.ts', import.meta.url));
const ADMIN_PASSWORD = 'only for this bench';

export type BenchSystem = {
  readonly folder: string;
  readonly gateway: GatewayUnderTest;
  readonly orthanc: RunningOrthanc;
  /** Of the user `admin`. */
  readonly password: string;
  /**
   * Sends a folder under `identified` and waits for the receipt. @throws Error with what the command line
   * said.
   */
  upload(folder: string): Promise<void>;
  close(): Promise<void>;
};

export async function openBenchSystem(): Promise<BenchSystem> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-bench-'));
  const orthanc = await startOrthanc({ folder: join(folder, 'pacs'), port: await freePort() });
  const gateway = createGatewayUnderTest({
    port: await freePort(),
    webPort: await freePort(),
    dataDir: join(folder, 'data'),
    pacs: orthanc,
    adminPassword: ADMIN_PASSWORD,
  });
  await gateway.start();
  return {
    folder,
    gateway,
    orthanc,
    password: ADMIN_PASSWORD,
    upload(study) {
      const args = [
        RELAY,
        'upload',
        study,
        '--gateway',
        gateway.api,
        '--user',
        'admin',
        '--policy',
        'identified',
        '--wait',
        '--json',
      ];
      const child = spawn(process.execPath, args, {
        env: { ...process.env, RELAY_PASSWORD: ADMIN_PASSWORD },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      child.stderr.on('data', (piece) => (said += piece));
      return new Promise((resolve, reject) => {
        child.once('exit', (code) =>
          code === 0 ? resolve() : reject(new Error(`relay upload ended with ${code}: ${said}`)),
        );
      });
    },
    async close() {
      await gateway.stop();
      await orthanc.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
