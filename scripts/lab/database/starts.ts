/**
 * How long starts of a gateway with its embedded database take, and what both hold when idle. Of the database
 * it is the proportional set size: PostgreSQL's processes share most of their memory (proc(5)).
 */
import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { residentBytes } from '#testing/process-memory.ts';
import { openGateway } from './kill.ts';

/** Memory that opening takes for a moment is given back within seconds. */
const SETTLED_AFTER_MS = 10_000;
const MB = 1e6;

export type StartFigures = {
  readonly name: string;
  readonly readyMs: number;
  readonly gatewayMb: number;
  readonly databaseMb: number;
};

/** Of every process that works in this folder, or below the gateway's. */
export async function proportionalBytes(folder: string): Promise<number> {
  const place = await realpath(folder);
  let bytes = 0;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const at = await ignoreFailure(readlink(`/proc/${pid}/cwd`), 'it has ended');
    if (at !== place) continue;
    const text = await ignoreFailure(readFile(`/proc/${pid}/smaps_rollup`, 'utf8'), 'it has ended');
    bytes += Number(/^Pss:\s+(\d+) kB$/m.exec(text ?? '')?.[1] ?? 0) * 1024;
  }
  return bytes;
}

async function measureStart(name: string, folder: string): Promise<StartFigures> {
  const startedAt = performance.now();
  const gateway = await openGateway(folder);
  const readyMs = Math.round(performance.now() - startedAt);
  await after(SETTLED_AFTER_MS);
  const gatewayMb = Math.round((await residentBytes(gateway.pid)) / MB);
  const databaseMb = Math.round((await proportionalBytes(join(folder, 'database', 'cluster'))) / MB);
  await gateway.stop();
  return { name, readyMs, gatewayMb, databaseMb };
}

export async function measureStarts(folder: string): Promise<readonly StartFigures[]> {
  return [await measureStart('first start', folder), await measureStart('second start', folder)];
}
