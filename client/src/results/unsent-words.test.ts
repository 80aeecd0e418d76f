/** Who signs out while a word of theirs is held is told, from whichever page. */
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Device } from '../app/device.ts';
import { createFarewell } from '../kit/keep-before-sign-out.ts';
import { unsentWords, type Unsent } from './unsent-words.ts';

test('a word that is held is counted when its radiologist signs out, and not when somebody else does', async () => {
  const user = signal({ id: 'anna' });
  const device = { session: { user }, farewell: createFarewell(() => undefined) } as unknown as Pick<
    Device,
    'session' | 'farewell'
  >;
  const words = unsentWords(device);
  words.hold({ result: { id: 'one' } } as Unsent);
  assert.is(await device.farewell.keepAll(), 1);
  user.value = { id: 'bert' };
  assert.equal(unsentWords(device).all.value, [], 'nobody else sees it');
  assert.is(await device.farewell.keepAll(), 0);
  user.value = { id: 'anna' };
  assert.is(unsentWords(device), words);
  assert.is(words.take('one')?.result.id, 'one');
  assert.is(await device.farewell.keepAll(), 0);
});

test.run();
