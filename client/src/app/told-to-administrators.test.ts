/** Sentences that everybody reads, administrators among them: none tells an administrator to tell the administrator. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { trackWords } from '../pipeline/queue/track-words.ts';
import { needsWords } from '../studies/needs-words.ts';
import { notTakenWords } from '../studies/not-taken-words.ts';
import { appWords } from './app-words.ts';

const test = suite('the words that administrators read, too');

test('say what an administrator must do, to administrators and to everybody else', () => {
  for (const said of [...Object.values(appWords.status.link), ...Object.values(trackWords.waiting)])
    assert.not.match(said, /\b(tell|ask) (the|your) administrator/i);
});

test('offer no cover where the pixels are not the reason', () => {
  assert.match(notTakenWords.look(true), 'cover the name');
  assert.not.match(notTakenWords.look(false), 'cover');
});

test('do not say that the rest of a study is sent before it is', () => {
  assert.not.match(needsWords.means.held, 'is sent');
});

test.run();
