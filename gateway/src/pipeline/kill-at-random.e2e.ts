// test:all: kills at random find rare moments; kill-each-stage guards each known one
/**
 * SIGKILL at moments that a seed chooses, with the embedded database: several studies travel while the
 * gateway dies again and again. `RELAY_SEED` repeats a run, `RELAY_KILLS` makes it longer.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createGatewayUnderTest, until } from '#testing/gateway-under-test.ts';
import { startRecordingProxy } from '#testing/recording-proxy.ts';
import { seededRandom } from '#testing/synthetic-study.ts';
import { skipped } from '#testing/environment.ts';
import { findOrthanc, startOrthanc } from '../../../scripts/system/orthanc.ts';
import { freePort } from '../../../scripts/system/ports.ts';
import { ADMIN_PASSWORD, digestInOrthanc, upload, writeStudy } from '../testing/killed-study.ts';

const STUDIES = 3;
const KILLS = Number(process.env.RELAY_KILLS ?? 5);
const SEED = Number(process.env.RELAY_SEED ?? 1);
/** A study of this size takes about this long: random kills within it meet every stage sooner or later. */
const LIFE_AT_MOST_MS = 1_500;
/** Two parcels at least, so that there is something to resume. */
const LARGE_BYTES = 6 * 1024 * 1024;

const test = suite('kills at random');

const orthancHere = await findOrthanc();
if (orthancHere === null) skipped('kills at random', 'no Orthanc');
else
  test(`${KILLS} kills at random, seed ${SEED}: every instance is in the PACS, posted at most once and once a kill`, async () => {
    const random = seededRandom(SEED);
    const folder = await mkdtemp(join(tmpdir(), 'relay-random-kills-'));
    const orthanc = await startOrthanc({ folder: join(folder, 'pacs'), port: await freePort() });
    const proxy = await startRecordingProxy(orthanc.url);
    const gateway = createGatewayUnderTest({
      port: await freePort(),
      webPort: await freePort(),
      dataDir: join(folder, 'data'),
      adminPassword: ADMIN_PASSWORD,
      pacs: { url: proxy.url, authorization: orthanc.authorization },
    });
    try {
      await gateway.start();
      const studies = await Promise.all(
        Array.from({ length: STUDIES }, async (_, index) => {
          const path = join(folder, `study-${index}`);
          return { path, sent: await writeStudy(path, 2000 + index, LARGE_BYTES) };
        }),
      );
      const uploads = studies.map(({ path }) => upload(path, gateway.api));
      // A command line that has not begun may say that the gateway cannot be reached; one that has begun may
      // not.
      await until(
        'every study to be announced',
        () =>
          gateway.lines.filter(({ event, route }) => event === 'request' && route === '/upload/init')
            .length >= STUDIES,
      );
      for (let kill = 0; kill < KILLS; kill += 1) {
        // The wait is the experiment: the moment of the kill is what the seed varies.
        await after(Math.floor(random() * LIFE_AT_MOST_MS));
        await gateway.kill();
        await gateway.start();
      }
      for (const [index, { sent }] of studies.entries()) {
        const result = await uploads[index]!;
        assert.is(result.code, 0, `seed ${SEED}: ${result.stderr}`);
        for (const { sopInstanceUID, digest } of sent) {
          const posts = proxy.posted.get(sopInstanceUID) ?? 0;
          assert.ok(posts >= 1 && posts <= 1 + KILLS, `seed ${SEED}: posted ${posts} times`);
          assert.is(
            await digestInOrthanc(orthanc, sopInstanceUID),
            digest,
            `seed ${SEED}: bit for bit in the PACS`,
          );
        }
      }
    } finally {
      await gateway.stop();
      await proxy.stop();
      await orthanc.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });

test.run();
