/** A gateway with its own Orthanc for a bench, in a folder of its own, and the command line as the device. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { GatewayUnderTest } from '#testing/gateway-under-test.ts';
import { ADMIN_PASSWORD, openSystem } from '#testing/open-system.ts';
import type { RunningOrthanc } from '../system/orthanc.ts';

const RELAY = fileURLToPath(new URL('../relay.ts', import.meta.url));

export type BenchSystem = {
  readonly folder: string;
  readonly gateway: GatewayUnderTest;
  readonly orthanc: RunningOrthanc;
  /** Password of the user `admin`. */
  readonly password: string;
  /**
   * Sends a folder under `identified` and waits for the receipt. @throws Error with what the command line
   * said.
   */
  upload(folder: string): Promise<void>;
  close(): Promise<void>;
};

export async function openBenchSystem(): Promise<BenchSystem> {
  const system = await openSystem();
  return {
    ...system,
    password: ADMIN_PASSWORD,
    upload(study) {
      const account = ['--gateway', system.gateway.api, '--user', 'admin', '--policy', 'identified'];
      const args = [RELAY, 'upload', study, ...account, '--wait', '--json'];
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
  };
}
