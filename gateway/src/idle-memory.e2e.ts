/**
 * The memory of an idle gateway: after its first start, after a later one, and beside a
 * database server.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { createGatewayUnderTest, until } from '#testing/gateway-under-test.ts';
import { canMeasureMemory, residentBytes } from '#testing/process-memory.ts';
import { freePort } from '../../scripts/system/ports.ts';
import { createTestDatabase } from './testing/open-database.ts';

const MB = 1e6;
const EMBEDDED_LIMIT_BYTES = 600 * MB;
const SERVER_LIMIT_BYTES = 200 * MB;

const test = suite('an idle gateway');
const { postgresUrl } = testEnvironment();
let folder: string;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relay-idle-'));
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
async function isWithin(what: string, pid: number, limitBytes: number): Promise<void> {
  const bytes = await until(`${what} to hold less than ${limitBytes / MB} MB`, async () => {
    const held = await residentBytes(pid);
    return held < limitBytes ? held : null;
  });
  process.stdout.write(`${what}: ${Math.round(bytes / MB)} MB\n`);
  assert.ok(bytes < limitBytes, what);
}

if (!canMeasureMemory) skipped('the memory of an idle gateway', 'only Linux tells it');
else {
  test('stays within 600 MB with the embedded database, after the first start on an empty folder too', async () => {
    const gateway = await createGateway('embedded');
    for (const what of ['the first start, idle', 'a later start, idle']) {
      await gateway.start();
      await isWithin(what, gateway.pid, EMBEDDED_LIMIT_BYTES);
      await gateway.stop();
    }
  });

  if (postgresUrl === null)
    skipped('the memory of an idle gateway on PostgreSQL', 'RELAY_TEST_POSTGRES_URL is not set');
  else {
    test('stays within 200 MB with an external PostgreSQL server', async () => {
      const database = await createTestDatabase();
      const gateway = await createGateway('server', database.url);
      await gateway.start();
      await isWithin('on PostgreSQL, idle', gateway.pid, SERVER_LIMIT_BYTES);
      await gateway.stop();
      await database.drop();
    });
  }
}

test.run();
