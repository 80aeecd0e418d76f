import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { BuiltInViewer } from '#shared/protocol/viewer.ts';
import { json, openTestApi, unreachable, untilRead } from '../testing/open-api.ts';
import { createBuiltInViewerStore } from './built-in-viewer.store.ts';

const test = suite('the store of the built-in viewer');
const NO_PROBLEM = { problem: null, code: null, host: 'registry.test', hasProxy: false };
const ABSENT: BuiltInViewer = { state: 'absent', version: '3.13.2', size: 100, fetched: 0, ...NO_PROBLEM };

test('asks again while the viewer is fetched, and no longer', async () => {
  const states: BuiltInViewer[] = [
    ABSENT,
    { ...ABSENT, state: 'fetching', fetched: 10 },
    { ...ABSENT, state: 'fetching', fetched: 60 },
    { ...ABSENT, state: 'on' },
  ];
  const { api, asked } = openTestApi(() => json(states.shift()));
  const timers: (() => void)[] = [];
  const store = createBuiltInViewerStore(api, (work) => timers.push(work));
  await store.load();
  assert.is(store.viewer.value.value?.state, 'absent');
  assert.is(timers.length, 0);
  await store.turn(true);
  assert.equal(asked.at(-1)?.body, { on: true });
  for (const fetched of [10, 60]) {
    assert.is(store.viewer.value.value?.fetched, fetched);
    assert.is(timers.length, 1);
    timers.shift()!();
    assert.ok(await untilRead(() => store.viewer.value.value?.fetched !== fetched));
  }
  assert.is(store.viewer.value.value?.state, 'on');
  assert.is(timers.length, 0);
});

test('says that the gateway does not answer, and asks nothing once it is closed', async () => {
  let answer = (): Response => unreachable();
  const { api, asked } = openTestApi(() => answer());
  const timers: (() => void)[] = [];
  const store = createBuiltInViewerStore(api, (work) => timers.push(work));
  await store.remove();
  assert.is(store.trouble.value?.title, 'The gateway is not responding.');
  assert.not.ok(store.isBusy.value);
  answer = () => json({ ...ABSENT, state: 'fetching' });
  await store.turn(true);
  assert.is(store.trouble.value, null);
  store.close();
  const before = asked.length;
  timers.shift()!();
  assert.is(asked.length, before);
});

test.run();
