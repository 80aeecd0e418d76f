// test:all: clocks that jump by a year; the tests of each limit guard it by day
/** The clock of the gateway is set, by hours or by a year, and nothing becomes true or false by it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createStowPacs } from '../ports/pacs/stow-pacs.ts';
import { startLyingPacs } from '../testing/lying-dicomweb.ts';
import { HONEST } from '../testing/web-conduct.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openTestGround, openTestPipeline, type TestGround } from '../testing/open-pipeline.ts';
import { newStudy } from '../testing/open-study.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { DAY_MINUTES, passMinutes } from '../testing/pass-minutes.ts';
import { runExpiry } from './eviction/run-expiry.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;
const STEPS = [-YEAR_MS, -2 * HOUR_MS, 2 * HOUR_MS, YEAR_MS];
const BEGIN = Date.parse('2026-01-01T00:00:00Z');

const test = suite('the clock is set');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

test('before the PACS shows what it took: nothing is posted again or lost before ten minutes were counted, and then it is', async () => {
  for (const step of STEPS) {
    let now = BEGIN;
    const instances = newStudy(2);
    const liar = await startLyingPacs({ instances, now: () => now });
    liar.conduct = { ...HONEST, keeps: 'none', claims: true };
    const pipeline = await openTestPipeline({
      pacs: createStowPacs({ url: liar.url, authorization: null }),
      start: false,
      ground,
      now: () => new Date(now),
      tools: { patience: { lagMinutes: 10, pauses: [0] } },
    });
    const { uploadId } = await pipeline.init(toManifest(instances));
    await pipeline.send(uploadId, instances);
    await pipeline.runAll();
    const given = (): number => Math.max(...liar.given.values());
    for (let posts = 1; posts <= 3; posts += 1) {
      now += step;
      await pipeline.runAll();
      await passMinutes(pipeline.tools.db, 10);
      await pipeline.runAll();
      now -= step;
      await pipeline.runAll();
      assert.equal([(await pipeline.status(uploadId)).state, given()], ['forwarded', posts], `${step}`);
      await passMinutes(pipeline.tools.db, 1);
      await pipeline.runAll();
    }
    const { instances: ended = [] } = await pipeline.status(uploadId);
    assert.equal([given(), ...ended.map(({ reason }) => reason)], [3, 'pacs-lost', 'pacs-lost'], `${step}`);
    await pipeline.close();
    await liar.close();
  }
});

test('while a device is awaited: its promises are given up after thirty days were counted, and then they are', async () => {
  for (const step of STEPS) {
    let now = BEGIN;
    const pipeline = await openTestPipeline({
      pacs: openTestPacs(),
      start: false,
      ground,
      now: () => new Date(now),
    });
    const { uploadId } = await pipeline.init(toManifest(newStudy(1)));
    const stateAfter = async (minutes: number): Promise<string> => {
      await passMinutes(pipeline.tools.db, minutes);
      await runExpiry(pipeline.tools);
      await pipeline.runAll();
      return (await pipeline.status(uploadId)).state;
    };
    now += step;
    assert.is(await stateAfter(0), 'receiving', `${step}`);
    assert.is(await stateAfter(30 * DAY_MINUTES), 'receiving', `${step}`);
    now -= 2 * step;
    assert.is(await stateAfter(0), 'receiving', `${step}`);
    assert.is(await stateAfter(1), 'closed', `${step}`);
    assert.is((await pipeline.status(uploadId)).instances?.[0]?.reason, 'never-arrived');
    await pipeline.close();
  }
});

test('while an account is disabled: what it promised under another date is given up all the same', async () => {
  let now = BEGIN + YEAR_MS;
  const pipeline = await openTestPipeline({
    pacs: openTestPacs(),
    start: false,
    ground,
    now: () => new Date(now),
  });
  const { uploadId } = await pipeline.init(toManifest(newStudy(1)));
  now = BEGIN;
  await pipeline.tools.db
    .updateTable('account')
    .set({ disabled_at: new Date(now) })
    .where('id', '=', pipeline.accountId)
    .execute();
  await runExpiry(pipeline.tools);
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  await pipeline.close();
});

test.run();
