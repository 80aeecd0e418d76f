/** Sentences that people had to read twice stand in no words file any more, and the plain ones do. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readSources } from '../../../scripts/check/source-files.ts';

const files = (await readSources()).filter(({ path }) =>
  /^client\/.*-words\.ts$|^shared\/src\/protocol\/(reasons|problem-table|[a-z]+-problems)\.ts$/.test(path),
);

/** The new sentences as they stand in the code; null: nothing is said instead. */
const REWRITTEN: readonly (readonly [old: RegExp, plain: string | null])[] = [
  [/disc or files may go/, 'You can remove the disc or delete the files.'],
  [/\bneeds? you\b/, "'to decide'"],
  [/Send takes/, 'of your ${studies(chosen)} will be sent'],
  [/or are unusual/, 'images(count)} held back on this device'],
  [/Finger or mouse|'Moves'|'Draws'/, "mode: 'Finger'"],
  [/index names/, 'listed on the disc'],
  [/in the normal order/, null],
  [/'Not checked'/, 'Picture can’t be shown here.'],
  [/Nothing waits/, 'Nothing is waiting on this device'],
  [/chosen here is not sent/, 'Not sent until you decide'],
  [/chosen and not sent/, "not sent. Choose ${count === 1 ? 'it' : 'them'} again."],
  [/models that look at films/, 'AI model files'],
  [/Of other people/, 'Other people’s studies, being sent'],
  [/opens without an address/, 'Once installed, it opens like any app'],
  [/Press it/, 'Tap it: the page gives the reason for each'],
  [/Made up for you/, 'This password was generated'],
  [/I can judge it/, "'Assessable'"],
  [/Have it read/, "'Request a reading'"],
  [/Who reads how much/, "'Workload by reader'"],
  [/Open a case/, "'Create case'"],
  [/95 of 100/, 'median; 95th percentile'],
];

for (const [old, plain] of REWRITTEN)
  test(`no words file says ${old.source}`, () => {
    for (const { path, text } of files) assert.not.match(text, old, path);
    if (plain !== null)
      assert.ok(
        files.some(({ text }) => text.includes(plain)),
        plain,
      );
  });

test('pages of technicians speak of images', () => {
  const theirs = files.filter(({ path }) => /^client\/src\/(app|kit|pipeline|studies)\//.test(path));
  assert.ok(theirs.length > 20);
  for (const { path, text } of theirs)
    for (const line of text.split('\n'))
      if (!/^\s*(\/\/|\/?\*)/.test(line)) assert.not.match(line, /[ '`“][Ii]nstances? [a-z]/, path);
});

test.run();
