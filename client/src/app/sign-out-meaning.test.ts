/** Signing out never discards in silence: what is chosen, being written, waiting or travelling is said. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { queuedStudy } from '../testing/queued-study.ts';
import { labelledIn, signOutMeaning } from './sign-out-meaning.ts';

const NOTHING = {
  ...{ unsafe: 0, chosen: 0, safe: 0, travelling: 0, undecided: 0, cancelling: 0, unsent: 0, labelled: 0 },
};

test('that nothing waits is said only where nothing was chosen either', () => {
  assert.is(signOutMeaning(NOTHING), 'Nothing is waiting on this device.');
  const said = signOutMeaning({ ...NOTHING, chosen: 7 });
  assert.match(said, /^You chose 7 images and did not send them\./);
  assert.not.match(said, 'Nothing is waiting');
});

test('that nothing waits is not said of a decision, a cancelling or a verdict that is still to come', () => {
  for (const [of, said] of [
    ['undecided', '1 image needs your decision. Sign in here again to decide.'],
    ['cancelling', '1 study is still being cancelled. Cancelling continues when you sign in here again.'],
    ['unsent', '1 verdict is not sent yet. It stays on this device until it is sent or you discard it.'],
  ] as const)
    assert.is(signOutMeaning({ ...NOTHING, [of]: 1 }), said);
});

test('chosen, travelling and waiting instances are each counted once', () => {
  const said = signOutMeaning({ ...NOTHING, chosen: 1, safe: 5, travelling: 3, undecided: 2 });
  assert.match(
    said,
    /^You chose 1 image .* 3 images stay safe .* 2 images stay safe .* 2 images need your decision\. Sign in/,
  );
});

test('while studies are written into the queue, the rest of the choice is not safe either', () => {
  assert.match(signOutMeaning({ ...NOTHING, unsafe: 2, chosen: 9 }), /^Not saved yet: 9 images/);
});

test('that names go from the list is said before, whatever else is', () => {
  const names =
    /initials and IDs are deleted from your list.* can be found only by date, modality or receipt/;
  for (const facts of [{}, { safe: 3 }, { unsafe: 2 }])
    assert.match(signOutMeaning({ ...NOTHING, ...facts, labelled: 4 }), names);
  assert.match(
    signOutMeaning({ ...NOTHING, labelled: 4 }),
    'This concerns 4 studies: once in the PACS, they can',
  );
  assert.not.match(signOutMeaning(NOTHING), 'initials');
});

test('a study that was sent twice is one of those whose names go', () => {
  const study = (id: string, studyInstanceUID: string | null, label: string | null = 'L. K. …777') =>
    queuedStudy({ id, studyInstanceUID, label });
  assert.is(labelledIn([study('a', '1.2'), study('b', '1.2'), study('c', null), study('d', '1.3', null)]), 2);
});

test.run();
