import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Job, Result } from '#shared/protocol/inference.ts';
import { createVirtualTime } from '#testing/virtual-time.ts';
import { ALL } from './filters.ts';
import { giveTurns, json, openTestApi, unreachable, type Answering } from '../../testing/open-api.ts';
import { idOf, recordedJob, recordedResult, STUDY } from '../../testing/recorded-answers.ts';
import { valuesOf } from '../../testing/values-of.ts';
import { assertEach } from '../../testing/assert-each.ts';
import { createResultsStore } from './results.store.ts';
import { ownStorage } from '../../testing/own-storage.ts';

function open(answer: Answering, storage = ownStorage()) {
  const time = createVirtualTime(() => false);
  const { api, asked } = openTestApi(answer);
  const store = createResultsStore({ api, clock: time, user: 'me', now: time.now, storage });
  const ready = () => time.run(() => store.phase.value !== 'loading', 1_000);
  return { time, store, asked, ready };
}

const page = (...numbers: readonly number[]) => numbers.map((number) => recordedResult(number));

test('results load a page at a time into one list', async () => {
  const { store, ready } = open(({ path }) =>
    json(path.includes('cursor=2') ? { results: page(3), next: null } : { results: page(1, 2), next: '2' }),
  );
  await ready();
  assert.ok(store.hasMore.value);
  await store.more();
  assert.equal(valuesOf(store.results.value, 'id'), [1, 2, 3].map(idOf));
  assert.not.ok(store.hasMore.value);
});

test('a filter reloads the list, persists until the next visit, and still offers the hidden options', async () => {
  const storage = ownStorage();
  const answer: Answering = ({ path }) =>
    json({ results: path.includes('model=lung-fields') ? [] : page(1), next: null });
  const first = open(answer, storage);
  await first.ready();
  first.store.filters.value = { ...ALL, model: 'lung-fields' };
  await first.ready();
  assert.equal(
    [first.store.results.value.length, first.store.models.value, first.store.studies.value],
    [0, ['lung-fields', 'pneumonia'], [STUDY]],
  );
  assert.equal(
    valuesOf(first.store.newest.value, 'id'),
    [idOf(1)],
    'a hidden study is still named by its newest result',
  );
  const second = open(answer, storage);
  await second.ready();
  assert.is(second.store.filters.value.model, 'lung-fields');
});

test('the list of the study of a result has its results alone', async () => {
  const { store, ready } = open(({ path }) =>
    path === `/results/${idOf(1)}` ? json(recordedResult(1)) : json({ results: page(1), next: null }),
  );
  const { signal } = new AbortController();
  store.filters.value = { ...ALL, model: 'pneumonia' };
  await ready();
  await store.showStudyOf(idOf(1), signal);
  assert.equal(store.filters.value, { ...ALL, study: STUDY });
});

test('results of another study are not listed while those of a chosen one are fetched', async () => {
  const answer = Promise.withResolvers<void>();
  const { store, ready } = open(async ({ path }) => {
    if (path.includes('study=')) await answer.promise;
    return json({ results: page(1, 2), next: null });
  });
  await ready();
  const listed = () => store.results.value.length;
  store.filters.value = { ...ALL, study: '1.2.3' };
  assert.is(listed(), 0);
  answer.resolve();
  await ready();
  assert.is(listed(), 2, 'as the gateway answers');
  store.filters.value = { ...ALL, study: STUDY };
  assert.is(listed(), 2, 'those of the study stay');
});

test('of two answers the one to the newer request counts', async () => {
  const first = Promise.withResolvers<void>();
  const { store, time } = open(async ({ path }) => {
    if (!path.includes('model')) await first.promise;
    return json({ results: path.includes('model') ? page(2) : page(1), next: null });
  });
  store.filters.value = { ...ALL, model: 'pneumonia' };
  await time.run(() => store.phase.value === 'ready', 1_000);
  first.resolve();
  await giveTurns();
  assert.equal(valuesOf(store.results.value, 'id'), [idOf(2)]);
});

test('the results of a job join the list automatically', async () => {
  let jobs: readonly Job[] = [recordedJob(1)];
  const { store, time, ready } = open(({ path }) =>
    path === '/jobs'
      ? json({ jobs })
      : json({ results: jobs[0]?.state === 'done' ? page(1) : [], next: null }),
  );
  await ready();
  const watching = new AbortController();
  store.watch(watching.signal);
  assert.ok(await time.run(() => store.jobs.value.length === 1, 5_000));
  jobs = [recordedJob(1, { state: 'done' })];
  assert.ok(await time.run(() => store.results.value.length === 1, 5_000));
  assert.is(store.jobs.value.length, 0, 'a finished job is in the list below');
  watching.abort();
});

test('failed jobs are listed apart from running ones until a person clears them', async () => {
  const jobs: Job[] = [];
  const { store, time, ready } = open(({ path }) =>
    json(path === '/jobs' ? { jobs } : { results: [], next: null }),
  );
  const failed = (number: number, agoMs: number) =>
    recordedJob(number, { state: 'failed', finishedAt: new Date(time.now() - agoMs).toISOString() });
  jobs.push(recordedJob(1), failed(2, 0), failed(3, 3_600_001));
  await ready();
  const watching = new AbortController();
  store.watch(watching.signal);
  assert.ok(await time.run(() => store.failed.value.length === 1, 5_000));
  assertEach([store.jobs.value, store.failed.value], (list) => list.map(({ id }) => id), [
    [idOf(901)],
    [idOf(902)],
  ]);
  store.clearFailed();
  assert.equal([store.jobs.value.length, store.failed.value.length], [1, 0]);
  watching.abort();
});

test('an unreachable gateway is reported and the list stays', async () => {
  let isAway = false;
  const { store, ready } = open(() => (isAway ? unreachable() : json({ results: page(1), next: null })));
  await ready();
  isAway = true;
  await store.refresh();
  assert.equal(
    [store.phase.value, store.results.value.length, store.trouble.value?.kind],
    ['failed', 1, 'wait'],
  );
});

test('opening a result newer than the list adds it to the list', async () => {
  let results = page(2);
  const { store, ready } = open(() => json({ results, next: null }));
  await ready();
  results = page(1, 2);
  store.note(recordedResult(1));
  await ready();
  assert.is(store.neighbour(idOf(1), 1)?.id, idOf(2));
});

test('reloading the list keeps the pages loaded below, and continues from their end', async () => {
  let first = page(2, 3);
  const { store, asked, ready } = open(({ path }) =>
    json(
      path.includes('cursor=3')
        ? { results: page(4, 5), next: '5' }
        : path.includes('cursor=5')
          ? { results: page(6), next: null }
          : { results: first, next: '3' },
    ),
  );
  await ready();
  await store.more();
  first = page(1, 2);
  await store.refresh();
  assert.equal(valuesOf(store.results.value, 'id'), [1, 2, 3, 4, 5].map(idOf));
  await store.ahead(idOf(4));
  assert.not.ok(
    asked.some(({ path }) => path.includes('cursor=5')),
    'only from the last one',
  );
  await store.ahead(idOf(5));
  assert.is(store.neighbour(idOf(5), 1)?.id, idOf(6));
});

test('previous and next follow the list up to its ends', async () => {
  const { store, ready } = open(() => json({ results: page(1, 2), next: null }));
  await ready();
  assert.is(store.neighbour(idOf(1), 1)?.id, idOf(2));
  assert.is(store.neighbour(idOf(2), -1)?.id, idOf(1));
  assert.equal(
    [store.neighbour(idOf(1), -1), store.neighbour(idOf(2), 1), store.neighbour(idOf(7), 1)],
    [null, null, null],
  );
});

test('the filters offer what the gateway has, and a row that stands for others is unfolded in its place', async () => {
  const row = { ...recordedResult(2), alike: 2 };
  const { store, asked, ready } = open(({ path }) => {
    if (path.startsWith('/results/choices')) return json({ models: ['image-kind'], newest: page(7) });
    if (path.includes('cursor=3')) return json({ results: page(4), next: null });
    if (path.includes('alike=')) return json({ results: page(3), next: '3' });
    return json({ results: [...page(1), row, ...page(5)], next: null });
  });
  await ready();
  assert.not.ok(asked.some(({ path }) => path.startsWith('/results/choices')));
  store.learnChoices();
  store.learnChoices();
  await giveTurns();
  assert.equal(store.models.value, ['image-kind', 'pneumonia']);
  assert.is(asked.filter(({ path }) => path.startsWith('/results/choices')).length, 1);
  const { signal } = new AbortController();
  const { next } = await store.unfold(row, null, signal);
  const second = await store.unfold(row, next, signal);
  assert.equal([second.results[0]?.id, second.next], [idOf(4), null]);
  assert.not.ok(asked.some((one) => one.path.includes('alike=') && one.path.includes('folded=')));
  assertEach([2, 3, 4], (number) => store.neighbour(idOf(number), 1)?.id, [3, 4, 5].map(idOf));
});

test('a verdict on a row keeps the images that were unfolded below it, also once another row stands for them', async () => {
  const row = { ...recordedResult(2), alike: 2 };
  let listed: readonly Result[] = [...page(1), row, ...page(5)];
  const { store, ready } = open(({ path }) =>
    json({ results: path.includes('alike=') ? page(3, 4) : listed, next: null }),
  );
  await ready();
  await store.unfold(row, null, new AbortController().signal);
  store.note(recordedResult(2));
  assert.is(store.results.value[1]?.alike, 2);
  const order = () => [1, 2, 3, 4].map((number) => store.neighbour(idOf(number), 1)?.id);
  assert.equal(order(), [2, 3, 4, 5].map(idOf));
  listed = [...page(1, 2), { ...recordedResult(3), alike: 1 }, ...page(5)];
  await store.refresh();
  assert.equal(order(), [2, 3, 4, 5].map(idOf));
  listed = [...page(1), { ...recordedResult(3), alike: 1 }, ...page(5)];
  await store.refresh();
  assert.is(store.neighbour(idOf(4), -1)?.id, idOf(3), 'without the judged one');
});

test.run();
