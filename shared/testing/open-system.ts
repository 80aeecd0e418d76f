/** A gateway with its embedded database and an Orthanc of its own, in a folder that goes with them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOrthanc } from '../../scripts/system/orthanc.ts';
import { freePort } from '../../scripts/system/ports.ts';
import { createGatewayUnderTest } from './gateway-under-test.ts';

export const ADMIN_PASSWORD = 'an-admin-of-the-tests';

/** `databaseUrl`: of a PostgreSQL server in place of the embedded one. */
export async function openSystem(databaseUrl?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'relay-system-'));
  const dataDir = join(folder, 'data');
  const orthanc = await startOrthanc({ folder: join(folder, 'pacs'), port: await freePort() });
  const gateway = createGatewayUnderTest({
    port: await freePort(),
    webPort: await freePort(),
    dataDir,
    adminPassword: ADMIN_PASSWORD,
    pacs: orthanc,
    ...(databaseUrl !== undefined && { databaseUrl }),
  });
  await gateway.start();
  return {
    folder,
    dataDir,
    orthanc,
    gateway,
    async close(): Promise<void> {
      await gateway.stop();
      await orthanc.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
