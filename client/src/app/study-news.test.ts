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
  needsYou: 0,
  state: 'uploading',
  ...more,
});
const said = (since: ReturnType<typeof createNewsSince>, ...studies: WatchedStudy[]) =>
  since(studies).map(({ id, what }) => `${id} ${what}`);

test('a study that arrives is told once, and another that needs somebody too', () => {
  const since = createNewsSince();
  assert.equal(said(since, study('a'), study('b')), []);
  assert.equal(said(since, study('a', { state: 'done' }), study('b')), ['a arrived']);
  assert.equal(said(since, study('a', { state: 'done' }), study('b', { state: 'attention', needsYou: 2 })), [
    'b needs-you',
  ]);
  assert.equal(
    said(since, study('a', { state: 'done' }), study('b', { state: 'attention', needsYou: 1 })),
    [],
    'fewer decisions are no news',
  );
  assert.equal(said(since, study('b', { state: 'done' })), ['b arrived'], 'a decision ended it');
});

test('a study that was over when it was first seen is not told: the page has just opened, or another person signed in', () => {
  const since = createNewsSince();
  assert.equal(said(since, study('a', { state: 'done' })), []);
  assert.equal(said(since, study('c', { state: 'attention', needsYou: 1 })), []);
  assert.equal(said(since, study('a', { state: 'done' })), [], 'the first person is back');
});

test('the sentence says how many of what kind, and what to do', () => {
  const news = { id: 'a', modalities: ['CT', 'SR'], instances: 1200, needsYou: 1 };
  assert.equal(notificationOf({ ...news, what: 'arrived' }), {
    title: 'CT/SR study is in the PACS',
    body: 'All 1,200 instances have arrived. Its receipt is ready.',
  });
  assert.equal(notificationOf({ ...news, modalities: [], what: 'needs-you' }), {
    title: 'Study needs you',
    body: '1 instance needs your decision. Open RelayPACS to decide.',
  });
});

test.run();
