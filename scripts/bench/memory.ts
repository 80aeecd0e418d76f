/**
 * How far the gateway's memory grows above idle while ten devices send 2 GB; `ratio`: the growth ÷ the bytes
 * that passed. Also its memory while idle: after its first start on an empty folder, after a later one, and
 * with an external PostgreSQL; `ratio`: that ÷ the budget.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { writeSlices } from '#testing/ct-slices.ts';
import { createGatewayUnderTest } from '#testing/gateway-under-test.ts';
import { residentBytes } from '#testing/process-memory.ts';
import type { BenchRow } from './row.ts';
import { freePort } from '../system/ports.ts';
import { startPostgres } from '../system/postgres.ts';
import { sliceSource } from './slices.ts';
import { openBenchSystem } from './system.ts';

const DEVICES = 10;
const SLICES_A_DEVICE = 380;
const SAMPLE_EVERY_MS = 50;
const MB = 1e6;

/** Budget of the gateway alone; `npm run lab -- database` measures the embedded database as well. */
const BUDGET_MB = 200;
/** By then the memory used to open the database is released. */
const SETTLED_AFTER_MS = 10_000;

/** `starts`: the names of the rows, one for each start in the same folder. */
async function idleRows(starts: readonly string[], databaseUrl?: string): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-bench-'));
  const gateway = createGatewayUnderTest({
    port: await freePort(),
    webPort: await freePort(),
    dataDir: folder,
    adminPassword: 'only for this bench',
    pacs: { url: 'http://127.0.0.1:9/dicom-web', authorization: 'Bearer none' },
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  });
  const rows: BenchRow[] = [];
  for (const name of starts) {
    const startedAt = performance.now();
    await gateway.start();
    const readyMs = Math.round(performance.now() - startedAt);
    await after(SETTLED_AFTER_MS);
    const idleMb = Math.round((await residentBytes(gateway.pid)) / MB);
    rows.push({ name, ratio: idleMb / BUDGET_MB, idleMb, budgetMb: BUDGET_MB, readyMs });
    await gateway.stop();
  }
  await rm(folder, { recursive: true, force: true });
  return rows;
}

async function benchIdle(say: (line: string) => void): Promise<readonly BenchRow[]> {
  say('idle, with the embedded database …');
  const embedded = await idleRows(['idle-first-start', 'idle-again']);
  say('… and beside PostgreSQL');
  const server = await startPostgres();
  return [...embedded, ...(await idleRows(['idle-postgresql'], server.url).finally(() => server.stop()))];
}

export async function benchMemory(say: (line: string) => void): Promise<readonly BenchRow[]> {
  return [...(await benchIdle(say)), ...(await benchGrowth(say))];
}

async function benchGrowth(say: (line: string) => void): Promise<readonly BenchRow[]> {
  const system = await openBenchSystem();
  try {
    const source = await sliceSource(system.folder);
    const folders = Array.from({ length: DEVICES + 1 }, (_, number) =>
      join(system.folder, `device-${number}`),
    );
    for (const [number, folder] of folders.entries()) {
      await mkdir(folder);
      await writeSlices(source, folder, { count: number === 0 ? 20 : SLICES_A_DEVICE, study: number + 1 });
    }
    // Idle is after the first study: the code that sends is loaded then.
    await system.upload(folders[0]!);
    const idle = await residentBytes(system.gateway.pid);
    let peak = idle;
    const sampler = setInterval(
      () =>
        void residentBytes(system.gateway.pid).then(
          (bytes) => (peak = Math.max(peak, bytes)),
          () => undefined,
        ),
      SAMPLE_EVERY_MS,
    );
    say(`${DEVICES} devices send ${SLICES_A_DEVICE} slices each …`);
    await Promise.all(folders.slice(1).map((folder) => system.upload(folder)));
    clearInterval(sampler);
    const bytes = DEVICES * SLICES_A_DEVICE * (await readFile(source.path)).length;
    const growth = peak - idle;
    return [
      {
        name: 'memory',
        ratio: growth / bytes,
        growthMb: Math.round(growth / MB),
        idleMb: Math.round(idle / MB),
        peakMb: Math.round(peak / MB),
        passedMb: Math.round(bytes / MB),
      },
    ];
  } finally {
    await system.close();
  }
}
