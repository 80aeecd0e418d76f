/** The store of a case: its parts are known each on its own, and nothing with names comes behind the switch. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case } from '#shared/protocol/cases.ts';
import { troubleIn } from '../kit/resource.ts';
import { giveTurns, json, openTestApi, refusal, unreachable, untilRead } from '../testing/open-api.ts';
import { createCaseStore } from './case.store.ts';

const test = suite('the store of a case');
const ID = '00000000-0000-4000-8000-000000000001';
const CASE: Case = {
  ...{ id: ID, number: 1, version: 1, title: 'A case', tags: [], status: 'open', priority: 'routine' },
  ...{ dueOn: null, assignee: null, pseudonym: null, expects: null, modalities: [], studyCount: 0 },
  ...{ isEarly: false, finding: 'not-examined', createdBy: null, closedAt: null, studies: [], withheld: [] },
  ...{ createdAt: '2026-11-20T10:00:00.000Z', changedAt: '2026-11-20T10:00:00.000Z' },
};

test('notes and patients that could not be read are not none, and are asked for again', async () => {
  let isReachable = false;
  const { api } = openTestApi(({ path }) => {
    if (path === `/cases/${ID}`) return json(CASE);
    if (!isReachable) return unreachable();
    return json(path.endsWith('/notes') ? { notes: [], hidden: 0 } : { studies: [] });
  });
  const store = createCaseStore(api, ID);
  await store.load(false);
  const parts = [store.notes, store.patients];
  const areAll = (state: string) => parts.every(({ answer }) => answer.value.state === state);
  assert.ok(await untilRead(() => areAll('failed')), 'each says that it could not be read');
  assert.is(store.case.answer.value.state, 'known');
  isReachable = true;
  await Promise.all(parts.map((part) => part.again()));
  assert.ok(areAll('known'));
});

test('the parts of a case that could not be read a second time are not being loaded for ever', async () => {
  let isReachable = true;
  const { api } = openTestApi(({ path }) => {
    if (!isReachable) return unreachable();
    if (path === `/cases/${ID}`) return json(CASE);
    return json(path.endsWith('/notes') ? { notes: [], hidden: 0 } : { studies: [] });
  });
  const store = createCaseStore(api, ID);
  const parts = [store.notes, store.patients];
  const areAll = (state: string) => parts.every(({ answer }) => answer.value.state === state);
  await store.load(false);
  assert.ok(await untilRead(() => areAll('known')));
  isReachable = false;
  await store.load(false);
  assert.is(store.case.answer.value.state, 'known');
  assert.ok(await untilRead(() => areAll('failed')), 'each says that it could not be read');
});

test('a case that is gone is missing, and one whose gateway cannot be reached is waited for', async () => {
  for (const [answer, isMissing, kind] of [
    [() => refusal(404, 'not-found'), true, 'stop'],
    [unreachable, false, 'wait'],
  ] as const) {
    const store = createCaseStore(openTestApi(answer).api, ID);
    await store.load(false);
    assert.is(store.case.answer.value.state, 'failed');
    assert.is(store.isMissing.value, isMissing);
    assert.is(troubleIn(store.case.answer.value)?.kind, kind);
  }
});

test('names that were on their way when they were hidden are not taken', async () => {
  const named = Promise.withResolvers<Response>();
  const { api, asked } = openTestApi(({ path }) => {
    if (path.endsWith('?anonymise=1')) return json({ ...CASE, title: null, withheld: ['notes', 'patient'] });
    return path === `/cases/${ID}` ? json(CASE) : named.promise;
  });
  const store = createCaseStore(api, ID);
  await store.load(false);
  await store.load(true);
  named.resolve(json({ notes: [], hidden: 0 }));
  await giveTurns();
  assert.is(store.notes.answer.value.state, 'loading');
  assert.is(store.case.value.value?.title, null);
  assert.is(asked.filter(({ path }) => path.endsWith('/notes')).length, 1);
});

test.run();
