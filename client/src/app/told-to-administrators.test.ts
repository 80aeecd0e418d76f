/** Sentences that everybody reads, administrators among them: none tells an administrator to tell the administrator. */
import { glob, readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { needsWords } from '../studies/needs-words.ts';
import { notTakenWords } from '../studies/not-taken-words.ts';

const test = suite('the words that administrators read, too');

/** A PACS has an administrator of its own. */
const TELLS =
  /\b(tell|ask|contact|give the code to)\b[^.:;]*\b(the|your|an) administrator\b(?! of your PACS)/i;
/** People who send studies, administrators among them, never see this sentence. */
const NOT_TO_THEM = 'Ask your administrator, or sign in with another account.';

test('say what an administrator must do, to administrators and to everybody else', async () => {
  const root = new URL('../../../', import.meta.url);
  const files = [];
  for await (const file of glob(['client/src/**/*-words.ts', 'shared/src/**/*.ts'], { cwd: root }))
    files.push(file);
  assert.ok(files.length > 60);
  const said = await Promise.all(files.map((file) => readFile(new URL(file, root), 'utf8')));
  const telling = said
    .flatMap((text) => text.replaceAll(NOT_TO_THEM, '').split('\n'))
    .filter((line) => TELLS.test(line));
  assert.equal(telling, []);
});

test('offer no cover where the pixels are not the reason', () => {
  assert.match(notTakenWords.look(true), 'cover the name');
  assert.not.match(notTakenWords.look(false), 'cover');
});

test('do not say that the rest of a study is sent before it is', () => {
  assert.not.match(needsWords.means.held, 'is sent');
});

test.run();
