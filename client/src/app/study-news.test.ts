/** A person hears once of each study that arrives or needs somebody, and of nobody by name. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createNewsSince, type WatchedStudy } from './study-news.ts';
import { notificationOf } from './news-words.ts';

const test = suite('news of studies');

const study = (id: string, more: Partial<WatchedStudy> = {}): WatchedStudy => ({
  id,
  modalities: ['CT'],
  instances: 12,
  track: { inPacs: 0, needsYou: 0 },
  state: 'uploading',
  ...more,
});
const ARRIVED = { state: 'done', track: { inPacs: 12, needsYou: 0 } } as const;
const needing = (needsYou: number) => ({ state: 'attention', track: { inPacs: 0, needsYou } }) as const;
const said = (since: ReturnType<typeof createNewsSince>, ...studies: WatchedStudy[]) =>
  since(studies).map(({ id, what }) => `${id} ${what}`);

test('a study that arrives is told once, and another that needs somebody too', () => {
  const since = createNewsSince();
  assert.equal(said(since, study('a'), study('b')), []);
  assert.equal(said(since, study('a', ARRIVED), study('b')), ['a arrived']);
  assert.equal(said(since, study('a', ARRIVED), study('b', needing(2))), ['b needs-you']);
  assert.equal(said(since, study('a', ARRIVED), study('b', needing(1))), [], 'fewer decisions are no news');
  assert.equal(said(since, study('b', ARRIVED)), ['b arrived'], 'a decision ended it');
});

test('a study that was over when it was first seen is not told: the page has just opened, or another person signed in', () => {
  const since = createNewsSince();
  assert.equal(said(since, study('a', ARRIVED)), []);
  assert.equal(said(since, study('c', needing(1))), []);
  assert.equal(said(since, study('a', ARRIVED)), [], 'the first person is back');
});

test('a study that ends without one instance in the PACS has not arrived', () => {
  const since = createNewsSince();
  since([study('a')]);
  assert.equal(said(since, study('a', { state: 'done' })), []);
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
    body: 'All 1,200 instances are in the PACS. Its receipt is ready.',
  });
  assert.equal(notificationOf({ ...news, track: { inPacs: 100, needsYou: 0 } }), {
    title: 'CT/SR study is in the PACS in part',
    body: '100 of 1,200 instances in the PACS. The others were left out. Its receipt is ready.',
  });
  assert.equal(notificationOf({ ...news, modalities: [], what: 'needs-you' }), {
    title: 'Study needs you',
    body: '1 instance needs your decision. Open RelayPACS to decide.',
  });
});

test.run();
