// test:all: what memory a process holds is the machine’s to say; scripts/bench/memory.ts shows the figures at any time
/**
 * The memory of an idle gateway and of its embedded database, after the first start and after a later one; and
 * of a gateway with a database server.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, readlink, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { createGatewayUnderTest, until } from '#testing/gateway-under-test.ts';
import { canMeasureMemory, residentBytes } from '#testing/process-memory.ts';
import { GATEWAY_MEMORY, GATEWAY_NODE_FLAGS } from '../../scripts/system/gateway-process.ts';
import { freePort } from '../../scripts/system/ports.ts';
import { createTestDatabase } from './testing/open-database.ts';

const MB = 1e6;
/** Multiples of what an idle Node process holds here, some 46 MB: 200 MB and 60 MB. */
const GATEWAY_TIMES = 4.3;
const DATABASE_TIMES = 1.3;

const test = suite('an idle gateway');
const { postgresUrl } = testEnvironment();
let folder: string;
let idleBytes: number;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relay-idle-'));
  const script = 'process.stdout.write("ready"); setInterval(() => {}, 1_000)';
  const idle = spawn(process.execPath, [...GATEWAY_NODE_FLAGS, '--eval', script], { env: GATEWAY_MEMORY });
  await once(idle.stdout, 'data');
  if (canMeasureMemory) idleBytes = await residentBytes(idle.pid!);
  idle.kill('SIGKILL');
});
test.after(() => rm(folder, { recursive: true, force: true }));

async function createGateway(name: string, databaseUrl?: string) {
  return createGatewayUnderTest({
    port: await freePort(),
    webPort: await freePort(),
    dataDir: join(folder, name),
    adminPassword: 'only for this test',
    pacs: { url: 'http://127.0.0.1:9/dicom-web', authorization: 'Bearer none' },
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  });
}

/**
 * Memory used to open the database is released within seconds; the figure is printed, for a
 * person who wonders.
 */
async function isWithin(what: string, limitBytes: number, measure: () => Promise<number>): Promise<void> {
  const bytes = await until(`${what} to hold less than ${Math.round(limitBytes / MB)} MB`, async () => {
    const held = await measure();
    return held < limitBytes ? held : null;
  });
  process.stdout.write(`${what}: ${Math.round(bytes / MB)} MB\n`);
  assert.ok(bytes < limitBytes, what);
}

/**
 * The proportional set size of the processes that work in this folder: PostgreSQL's share most of their memory
 * (proc(5)). @throws Error where there are none: nothing would be measured.
 */
async function heldBy(cluster: string): Promise<number> {
  const place = await realpath(cluster);
  let bytes = 0;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const at = await ignoreFailure(readlink(`/proc/${pid}/cwd`), 'it has ended');
    if (at !== place) continue;
    const text = await ignoreFailure(readFile(`/proc/${pid}/smaps_rollup`, 'utf8'), 'it has ended');
    bytes += Number(/^Pss:\s+(\d+) kB$/m.exec(text ?? '')?.[1] ?? 0) * 1024;
  }
  if (bytes === 0) throw new Error(`no process works in ${cluster}`);
  return bytes;
}

if (!canMeasureMemory) skipped('the memory of an idle gateway', 'only Linux tells it');
else {
  test('stays within four times a process that does nothing, and its embedded database within little more than one, after the first start too', async () => {
    const gateway = await createGateway('embedded');
    const cluster = join(folder, 'embedded', 'database', 'cluster');
    for (const start of ['the first start', 'a later start']) {
      await gateway.start();
      await isWithin(`the gateway after ${start}`, GATEWAY_TIMES * idleBytes, () =>
        residentBytes(gateway.pid),
      );
      await isWithin(`its database after ${start}`, DATABASE_TIMES * idleBytes, () => heldBy(cluster));
      await gateway.stop();
    }
  });

  if (postgresUrl === null)
    skipped('the memory of an idle gateway on PostgreSQL', 'RELAY_TEST_POSTGRES_URL is not set');
  else {
    test('stays within four times a process that does nothing with an external PostgreSQL server', async () => {
      const database = await createTestDatabase();
      const gateway = await createGateway('server', database.url);
      await gateway.start();
      await isWithin('on PostgreSQL, idle', GATEWAY_TIMES * idleBytes, () => residentBytes(gateway.pid));
      await gateway.stop();
      await database.drop();
    });
  }
}

test.run();
