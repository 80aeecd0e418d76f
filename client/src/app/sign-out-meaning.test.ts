/** Signing out never discards in silence: what is chosen, being written, waiting or travelling is said. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { signOutMeaning } from './sign-out-meaning.ts';

const NOTHING = { unsafe: 0, chosen: 0, safe: 0, travelling: 0 };

test('that nothing waits is said only where nothing was chosen either', () => {
  assert.is(signOutMeaning(NOTHING), 'Nothing waits on this device.');
  const said = signOutMeaning({ ...NOTHING, chosen: 7 });
  assert.match(said, /^7 instances are chosen and not sent\./);
  assert.not.match(said, 'Nothing waits');
});

test('chosen, travelling and waiting instances are each counted once', () => {
  const said = signOutMeaning({ unsafe: 0, chosen: 1, safe: 5, travelling: 3 });
  assert.match(said, /^1 instance is chosen.* 3 instances stay safe .* 2 instances stay safe /);
});

test('while studies are written into the queue, the rest of the choice is not safe either', () => {
  assert.match(signOutMeaning({ ...NOTHING, unsafe: 2, chosen: 9 }), /^Not safe yet: 9 instances/);
});

test.run();
