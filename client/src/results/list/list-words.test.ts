/** A narrowed list of results says so, and what it leaves out. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ALL } from '../parts/filters.ts';
import { listWords } from './list-words.ts';

const test = suite('a narrowed list of results');

test('says that it holds the results of one study alone, and how many these are', () => {
  const study = { ...ALL, study: '2.25.7' };
  assert.is(listWords.only(study, 3), 'Only the 3 results for this study are shown.');
  assert.is(listWords.only(study, 1), 'Only the 1 result for this study is shown.');
});

test('says no number while there are more results than it shows', () => {
  assert.is(listWords.only({ ...ALL, study: '2.25.7' }, null), 'Only results for this study are shown.');
});

test('names each filter that narrows it', () => {
  const said = (some: Partial<typeof ALL>) => listWords.only({ ...ALL, ...some }, null);
  assert.is(said({ model: 'pneumonia' }), 'Only results by pneumonia are shown.');
  assert.is(said({ period: 'today' }), 'Only results from today are shown.');
  assert.is(said({ whose: 'mine' }), 'Only results that you requested are shown.');
  assert.is(
    said({ study: '2.25.7', model: 'pneumonia', period: 'week', verdict: 'none', whose: 'mine' }),
    'Only results for this study, by pneumonia, from the last 7 days, without a verdict, that you requested are shown.',
  );
});

test.run();
