/** A person who signs out with an unsaved verdict is told, on any page. */
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSignOutTasks } from '../net/sign-out-tasks.ts';
import type { SessionStore } from '../net/session.ts';
import { unsentWords, type Unsent } from './unsent-words.ts';

test('an unsaved verdict counts when its radiologist signs out, and not when another person does', async () => {
  const user = signal({ id: 'anna' });
  const session = { user } as unknown as SessionStore;
  const signOutTasks = createSignOutTasks(() => undefined);
  const words = unsentWords(session, signOutTasks);
  words.hold({ result: { id: 'one' } } as Unsent);
  assert.is(await signOutTasks.finishAll(), 1);
  user.value = { id: 'bert' };
  assert.equal(unsentWords(session, signOutTasks).all.value, [], 'no one else sees it');
  assert.is(await signOutTasks.finishAll(), 0);
  user.value = { id: 'anna' };
  assert.is(unsentWords(session, signOutTasks), words);
  assert.is(words.take('one')?.result.id, 'one');
  assert.is(await signOutTasks.finishAll(), 0);
});

test.run();
