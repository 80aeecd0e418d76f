/** A gateway of a test's own with a real Orthanc behind it, on real ports, without a browser. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOrthanc, type RunningOrthanc } from '../../scripts/system/orthanc.ts';
import { freePort } from '../../scripts/system/ports.ts';
import { PASSWORD } from './accounts.ts';
import { allFiles } from './ask-orthanc.ts';
import { createGatewayUnderTest, type GatewaySettings, type GatewayUnderTest } from './gateway-under-test.ts';
import { sha256 } from './sha256.ts';

export type GatewayAndPacs = {
  readonly folder: string;
  readonly orthanc: RunningOrthanc;
  /** Started. */
  readonly gateway: GatewayUnderTest;
  /** The digests of all that the PACS holds, sorted. */
  heldByPacs(): Promise<readonly string[]>;
  close(): Promise<void>;
};

/** Further settings of the gateway, and the sources to run it from. */
type Wanted = Pick<GatewaySettings, 'env' | 'root' | 'databaseUrl'>;

/** `purpose`: in the name of its folder, which `close` removes. */
export async function openGatewayAndPacs(purpose: string, wanted: Wanted = {}): Promise<GatewayAndPacs> {
  const folder = await mkdtemp(join(tmpdir(), `relay-${purpose}-`));
  const orthanc = await startOrthanc({ folder: join(folder, 'pacs') });
  const gateway = createGatewayUnderTest({
    port: await freePort(),
    webPort: await freePort(),
    dataDir: join(folder, 'data'),
    adminPassword: PASSWORD,
    pacs: orthanc,
    ...wanted,
  });
  const close = async (): Promise<void> => {
    await gateway.stop();
    await orthanc.stop();
    await rm(folder, { recursive: true, force: true });
  };
  await gateway.start().catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    folder,
    orthanc,
    gateway,
    async heldByPacs() {
      const digests: string[] = [];
      for await (const file of allFiles(orthanc)) digests.push(sha256(file));
      return digests.sort();
    },
    close,
  };
}
