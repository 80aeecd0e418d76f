/** Reading is an event: one for an account, a study and a quarter of an hour, with counts. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { receiptOf, assembledStudy } from '../testing/open-study.ts';
import { openTestGround, type TestGround } from '../testing/open-pipeline.ts';
import { addAccount } from '../testing/add-account.ts';
import { closeReadings, recordReading } from './record-reading.ts';

const test = suite('reading');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

const MINUTE_MS = 60_000;

async function readings(siteId: string): Promise<Record<string, unknown>[]> {
  const rows = await ground.database.db
    .selectFrom('audit')
    .select('fields')
    .where('event', '=', 'records-read')
    .where('site_id', '=', siteId)
    .orderBy('seq')
    .execute();
  return rows.map(({ fields }) => fields);
}

test('is one event of the trail with its counts, once the quarter of an hour is over', async () => {
  const { pipeline } = await assembledStudy(ground, 1);
  const { accountId: id, siteId } = pipeline;
  const { db } = pipeline.tools;
  let now = new Date('2026-05-01T10:01:00Z');
  const tools = { db, now: () => now };
  for (let nr = 0; nr < 40; nr += 1)
    await recordReading(tools, { id, siteId }, '1.2.3', { kind: 'images', subject: `1.2.3.${nr % 4}` });
  await recordReading(tools, { id, siteId }, '1.2.3', 'reports');
  await recordReading(tools, { id, siteId }, '1.2.4', 'images');
  await recordReading(tools, { id, siteId }, '1.2.4', 'site-viewer');
  now = new Date(now.getTime() + 10 * MINUTE_MS);
  await recordReading(tools, { id, siteId }, '1.2.3', 'images');
  await closeReadings(tools);
  assert.equal(await readings(siteId), []);
  now = new Date(now.getTime() + 10 * MINUTE_MS);
  await recordReading(tools, { id, siteId }, '1.2.3', 'images');
  await closeReadings(tools);
  await closeReadings(tools);
  const counted = (await readings(siteId))
    .map(({ studyInstanceUID, images, reports, receipts, exports, siteViewer, from, until, accountId }) => [
      studyInstanceUID,
      ...[images, reports, receipts, exports, siteViewer],
      from,
      until,
      accountId === id,
    ])
    .sort();
  assert.equal(counted, [
    ['1.2.3', 4, 1, 0, 0, undefined, '2026-05-01T10:01:00.000Z', '2026-05-01T10:11:00.000Z', true],
    ['1.2.4', 1, 0, 0, 0, true, '2026-05-01T10:01:00.000Z', '2026-05-01T10:01:00.000Z', true],
  ]);
  const times = await db.selectFrom('audit').select('at').where('event', '=', 'records-read').execute();
  assert.equal(
    times.map(({ at }) => at.toISOString()),
    ['2026-05-01T10:01:00.000Z', '2026-05-01T10:01:00.000Z'],
    'that of the first reading, not of the end of the quarter of an hour',
  );
  await pipeline.close();
});

test('that was counted under a clock which was wrong becomes an event all the same', async () => {
  const { pipeline } = await assembledStudy(ground, 1);
  const { accountId: id, siteId } = pipeline;
  const { db } = pipeline.tools;
  await recordReading({ db, now: () => new Date('2030-01-01') }, { id, siteId }, null, 'exports');
  await closeReadings({ db, now: () => new Date('2026-01-01') });
  assert.equal(
    (await readings(siteId)).map(({ studyInstanceUID, exports }) => [studyInstanceUID, exports]),
    [[null, 1]],
  );
  await pipeline.close();
});

test('of an image’s header is one of the study’s records, and no search; it says whether a name was told', async () => {
  const { pipeline } = await assembledStudy(ground, 1);
  const { accountId: id, siteId } = pipeline;
  const tools = { db: pipeline.tools.db, now: () => new Date('2026-05-01T10:01:00Z') };
  await recordReading(tools, { id, siteId }, '1.2.3', 'headers');
  await recordReading(tools, { id, siteId }, '1.2.3', 'named-headers');
  await recordReading(tools, { id, siteId }, '1.2.4', 'headers');
  await closeReadings({ ...tools, now: () => new Date('2026-05-01T10:31:00Z') });
  const told = (await readings(siteId)).map(({ studyInstanceUID: uid, named, images }) => [
    uid,
    named,
    images,
  ]);
  assert.equal(told.sort(), [
    ['1.2.3', true, 0],
    ['1.2.4', undefined, 0],
  ]);
  await pipeline.close();
});

test('of a receipt is recorded, unless its reader sent the study', async () => {
  const { pipeline, uploadId } = await assembledStudy(ground, 1);
  await pipeline.runAll();
  await receiptOf(pipeline, uploadId);
  const auditor = await addAccount(pipeline);
  pipeline.actAs(auditor, ['auditor']);
  const { receipt } = await receiptOf(pipeline, uploadId);
  await closeReadings({ db: pipeline.tools.db, now: () => new Date(Date.now() + 60 * MINUTE_MS) });
  assert.equal(
    (await readings(pipeline.siteId)).map(({ studyInstanceUID, receipts, accountId }) => [
      studyInstanceUID,
      receipts,
      accountId,
    ]),
    [[receipt.studyInstanceUID, 1, auditor]],
  );
  await pipeline.close();
});

test.run();
