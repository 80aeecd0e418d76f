/** A person hears once of each study that arrives or needs somebody, and of nobody by name. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { notificationOf } from '../../../app/news-words.ts';
import { openDevice, queueStudy, type TestDevice } from '../../../testing/open-queue.ts';
import type { StudyRow } from './local-database.ts';
import { takeNews } from './take-news.ts';

const test = suite('news of studies');

const ARRIVED: Partial<StudyRow> = { state: 'done' };
const held = (instances: number): Partial<StudyRow> => ({
  held: { reasons: [{ reason: 'burned-in-annotation', instances }], leftOut: 0 },
});
const DECIDED: Partial<StudyRow> = { held: { reasons: [], leftOut: 0 } };

async function queueTwo(): Promise<TestDevice> {
  const device = await openDevice();
  await queueStudy(device, 'a', [10]);
  await queueStudy(device, 'b', [10]);
  return device;
}

const said = async ({ database }: TestDevice) =>
  (await takeNews(database)).map(({ id, what }) => `${id} ${what}`);

test('a study that arrives is told once, and another that needs somebody too', async () => {
  const device = await queueTwo();
  const change = (id: string, row: Partial<StudyRow>) => device.database.studies.update(id, row);
  assert.equal(await said(device), []);
  await change('a', ARRIVED);
  assert.equal(await said(device), ['a arrived']);
  await change('b', held(2));
  assert.equal(await said(device), ['b needs-you']);
  await change('b', held(1));
  assert.equal(await said(device), [], 'fewer decisions are no news');
  await change('b', { ...DECIDED, ...ARRIVED });
  assert.equal(await said(device), ['b arrived'], 'a decision ended it');
});

test('a study that needs somebody again is told again', async () => {
  const device = await queueTwo();
  const told: string[][] = [];
  for (const row of [held(1), DECIDED, held(1)]) {
    await device.database.studies.update('a', row);
    told.push(await said(device));
  }
  assert.equal(told, [['a needs-you'], [], ['a needs-you']]);
});

test('news that came while nobody looked is left to the next one, and two that look at once tell it once', async () => {
  const { factory, database } = await queueTwo();
  await database.studies.update('a', ARRIVED);
  database.close();
  const told = await Promise.all([said(await openDevice(factory)), said(await openDevice(factory))]);
  assert.equal(told.flat(), ['a arrived']);
});

test('a study that ends without one instance in the PACS has not arrived', async () => {
  const device = await queueTwo();
  await device.database.studies.update('a', {
    ...ARRIVED,
    reasons: { quarantined: [], refused: [], leftOut: 1 },
  });
  assert.equal(await said(device), []);
});

test('the sentence says how many of what kind, and what to do', () => {
  const news = {
    id: 'a',
    modalities: ['CT', 'SR'],
    instances: 1200,
    track: { inPacs: 1200, needsYou: 1 },
    what: 'arrived',
  } as const;
  assert.equal(notificationOf(news), {
    title: 'CT/SR study is in the PACS',
    body: 'All 1,200 images are in the PACS. Its receipt is ready.',
  });
  assert.is(
    notificationOf({ ...news, leftUnread: { files: 1, isAtLeast: false } }).body,
    'All 1,200 images are in the PACS. Reading was stopped: 1 unread file was left out. Its receipt is ready.',
  );
  assert.equal(notificationOf({ ...news, track: { inPacs: 100, needsYou: 0 } }), {
    title: 'CT/SR study is partly in the PACS',
    body: '100 of 1,200 images in the PACS. The others were left out. Its receipt is ready.',
  });
  assert.equal(notificationOf({ ...news, modalities: [], what: 'needs-you' }), {
    title: 'Study: your decision is needed',
    body: '1 image needs your decision. Open RelayPACS.',
  });
});

test.run();
