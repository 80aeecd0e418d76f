/** A narrowed list of results says so, and what it leaves out. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ALL } from '../parts/filters.ts';
import { listWords } from './list-words.ts';

const test = suite('a narrowed list of results');

test('says that it holds the results of one study alone, and how many these are', () => {
  const study = { ...ALL, study: '2.25.7' };
  assert.is(listWords.only(study, 3), 'Only the 3 results of this study are listed.');
  assert.is(listWords.only(study, 1), 'Only the 1 result of this study is listed.');
});

test('says no number while there are more results than it shows', () => {
  assert.is(listWords.only({ ...ALL, study: '2.25.7' }, null), 'Only results of this study are listed.');
});

test('names each filter that narrows it', () => {
  const said = (some: Partial<typeof ALL>) => listWords.only({ ...ALL, ...some }, null);
  assert.is(said({ model: 'pneumonia' }), 'Only results by pneumonia are listed.');
  assert.is(said({ period: 'today' }), 'Only results of today are listed.');
  assert.is(said({ whose: 'mine' }), 'Only results that you requested are listed.');
  assert.is(
    said({ study: '2.25.7', model: 'pneumonia', period: 'week', verdict: 'none', whose: 'mine' }),
    'Only results of this study, by pneumonia, of the last 7 days, without a verdict, that you requested are listed.',
  );
});

test.run();
