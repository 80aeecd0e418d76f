/** The one press that removes sample data. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Sample, SampleRemoval } from '#shared/protocol/sample.ts';
import { json, openTestApi, unreachable } from '../testing/open-api.ts';
import { createSampleStore } from './sample.store.ts';

const test = suite('the store of sample data');
const THERE: Sample = { accounts: 4, studies: 7, cases: 3, keepers: null };
const GONE: Sample = { accounts: 0, studies: 0, cases: 0, keepers: null };

const step = (studies: number, next: string | null, left: SampleRemoval['left'] = []): SampleRemoval => ({
  removed: { accounts: 0, studies, cases: 0 },
  left,
  next,
});

test('one press takes step after step, and then looks what is there', async () => {
  const answers: object[] = [THERE, step(5, '2.25.5'), step(2, null), GONE];
  const { api, asked } = openTestApi(() => json(answers.shift()));
  const store = createSampleStore(api);
  await store.load();
  assert.equal(store.sample.value.value, THERE);
  const removing = store.remove();
  assert.is(store.removed.value, 0);
  await store.remove();
  await removing;
  assert.equal(
    asked.map(({ method, path }) => `${method} ${path}`),
    [
      'GET /admin/sample',
      'DELETE /admin/sample?after=',
      'DELETE /admin/sample?after=2.25.5',
      'GET /admin/sample',
    ],
    'a second press meanwhile changes nothing',
  );
  assert.equal([store.sample.value.value, store.removed.value, store.left.value], [GONE, null, []]);
});

test('names each reason once for all that is left, and can be pressed again', async () => {
  const kept = { because: 'no-deletion', name: 'archive', count: 5 } as const;
  const answers = [
    () => json(step(0, '2.25.5', [kept])),
    () => json(step(0, null, [{ ...kept, count: 2 }])),
    () => json(THERE),
    unreachable,
  ];
  const { api } = openTestApi(() => answers.shift()!());
  const store = createSampleStore(api);
  await store.remove();
  assert.equal(store.left.value, [{ ...kept, count: 7 }]);
  await store.remove();
  assert.is(store.trouble.value?.title, 'The gateway is not responding.');
  assert.is(store.removed.value, null);
});

test.run();
