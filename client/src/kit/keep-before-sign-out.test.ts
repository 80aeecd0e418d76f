import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createFarewell } from './keep-before-sign-out.ts';

test('what waits is kept before somebody signs out; what fails or does not answer is counted', async () => {
  const due: (() => void)[] = [];
  const farewell = createFarewell((work) => void due.push(work));
  assert.is(await farewell.keepAll(), 0, 'nothing waits: nobody is held up');
  let kept = 0;
  const remove = farewell.add(async () => ((kept += 1), true));
  assert.is(await farewell.keepAll(), 0);
  farewell.add(async () => false);
  farewell.add(() => Promise.reject(new Error('away')));
  farewell.add(() => new Promise(() => undefined));
  const all = farewell.keepAll();
  await turn();
  due.forEach((isDue) => isDue());
  assert.equal([await all, kept], [3, 2]);
  remove();
  const rest = farewell.keepAll();
  await turn();
  due.forEach((isDue) => isDue());
  assert.equal([await rest, kept], [3, 2], 'who has left the page is not asked');
});

test.run();
