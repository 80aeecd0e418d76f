/** Debian's storescp, which takes what it is given and keeps each Data Set bit for bit (`+B`). It answers no query. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { endWithUs } from '../../../scripts/system/end-with-us.ts';
import { freePort } from '../../../scripts/system/ports.ts';

const PROGRAM = '/usr/bin/storescp';
const LOOK_AGAIN_MS = 40;

export const hasStorescp = (): boolean => existsSync(PROGRAM);

export type RunningStorescp = {
  readonly port: number;
  /** Files as storescp wrote them. */
  held(): Promise<readonly Buffer[]>;
  stop(): Promise<void>;
};

/** `more`: further options. Throws where it ends at once. */
export async function startStorescp(...more: readonly string[]): Promise<RunningStorescp> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-storescp-'));
  const port = await freePort();
  const child = spawn(PROGRAM, ['+B', '-od', folder, ...more, String(port)], {
    stdio: 'ignore',
    detached: true,
  });
  endWithUs(child);
  const ended = once(child, 'exit');
  while (!(await isOpen(port))) {
    if (child.exitCode !== null) throw new Error(`storescp ended at once (${child.exitCode})`);
    await after(LOOK_AGAIN_MS);
  }
  return {
    port,
    held: async () => {
      const names = (await readdir(folder)).sort();
      return Promise.all(names.map((name) => readFile(join(folder, name))));
    },
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

async function isOpen(port: number): Promise<boolean> {
  const socket = createConnection({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
