/**
 * SIGKILL at moments that a seed chooses, while clients store by STOW-RS, two of them the same instances. Whatever an
 * answer named as stored is in the PACS, whatever was accepted gets there, and a client that sends again changes
 * nothing. `RELAY_SEED` repeats a run, `RELAY_KILLS` makes it longer.
 */
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skipped } from '#testing/environment.ts';
import { createGatewayUnderTest, until } from '#testing/gateway-under-test.ts';
import { seededRandom } from '#testing/synthetic-study.ts';
import { findOrthanc, startOrthanc } from '../../../../scripts/system/orthanc.ts';
import { freePort } from '../../../../scripts/system/ports.ts';
import { ADMIN_PASSWORD, digestInOrthanc, writeStudy } from '../../testing/killed-study.ts';

const KILLS = Number(process.env.RELAY_KILLS ?? 5);
const SEED = Number(process.env.RELAY_SEED ?? 1);
const LIFE_AT_MOST_MS = 1_500;
const LARGE_BYTES = 6 * 1024 * 1024;
const BOUNDARY = 'boundary-of-a-store';

const test = suite('stores that kills interrupt');

type Said = Record<
  string,
  { readonly Value?: readonly Record<string, { readonly Value?: readonly string[] }>[] }
>;
const uidsIn = (said: Said): string[] =>
  (said['00081199']?.Value ?? []).flatMap((item) => item['00081155']?.Value ?? []);

async function* bodyOf(folder: string): AsyncGenerator<Uint8Array> {
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith('.dcm')) continue;
    yield Buffer.from(`--${BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n`);
    yield* createReadStream(join(folder, name), { highWaterMark: 64 * 1024 });
    yield Buffer.from('\r\n');
  }
  yield Buffer.from(`--${BOUNDARY}--`);
}

async function tokenAt(api: string): Promise<string> {
  const answer = await fetch(`${api}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: ADMIN_PASSWORD }),
  });
  return ((await answer.json()) as { accessToken: string }).accessToken;
}

/** Null: the gateway died under it, or is not there. */
async function storeOnce(api: string, folder: string): Promise<{ status: number; said: Said } | null> {
  try {
    const request: RequestInit & { duplex: 'half' } = {
      ...{
        method: 'POST',
        body: bodyOf(folder) as unknown as NonNullable<RequestInit['body']>,
        duplex: 'half' as const,
      },
      headers: {
        authorization: `Bearer ${await tokenAt(api)}`,
        'content-type': `multipart/related; type="application/dicom"; boundary=${BOUNDARY}`,
      },
    };
    const answer = await fetch(`${api}/dicom-web/studies?policy=identified`, request);
    return { status: answer.status, said: (await answer.json()) as Said };
  } catch {
    return null;
  }
}

const orthancHere = await findOrthanc();
if (orthancHere === null) skipped('stores that kills interrupt', 'no Orthanc');
else
  test(`are in the PACS where an answer says so, and none is lost (${KILLS} kills, seed ${SEED})`, async () => {
    const random = seededRandom(SEED);
    const folder = await mkdtemp(join(tmpdir(), 'relay-killed-store-'));
    const orthanc = await startOrthanc({ folder: join(folder, 'pacs'), port: await freePort() });
    const gateway = createGatewayUnderTest({
      port: await freePort(),
      webPort: await freePort(),
      dataDir: join(folder, 'data'),
      adminPassword: ADMIN_PASSWORD,
      pacs: orthanc,
    });
    try {
      await gateway.start();
      const digests = new Map<string, string>();
      const folders = [join(folder, 'one'), join(folder, 'two')];
      for (const [index, path] of folders.entries())
        for (const { sopInstanceUID, digest } of await writeStudy(path, 3000 + index, LARGE_BYTES))
          digests.set(sopInstanceUID, digest);
      let interrupted = 0;
      let isKilling = true;
      // Each stores again until it was answered after the last kill.
      const client = async (path: string): Promise<void> => {
        for (let isLast = false; !isLast; ) {
          isLast = !isKilling;
          const answer = await storeOnce(gateway.api, path);
          if (answer === null) {
            interrupted += 1;
            isLast = false;
            await after(50);
            continue;
          }
          assert.ok([200, 202].includes(answer.status), `seed ${SEED}: ${answer.status}`);
          for (const uid of uidsIn(answer.said))
            assert.is(await digestInOrthanc(orthanc, uid), digests.get(uid), `seed ${SEED}: told stored`);
        }
      };
      const clients = Promise.all([folders[0]!, folders[0]!, folders[1]!].map(client));
      for (let kill = 0; kill < KILLS; kill += 1) {
        await after(Math.floor(random() * LIFE_AT_MOST_MS));
        await gateway.kill();
        await gateway.start();
      }
      isKilling = false;
      await clients;
      assert.ok(interrupted > 0, 'no kill met a store');
      for (const [uid, digest] of digests)
        await until(`an instance in the PACS, seed ${SEED}`, async () => {
          return (await digestInOrthanc(orthanc, uid).catch(() => null)) === digest;
        });
    } finally {
      await gateway.stop();
      await orthanc.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });

test.run();
