/** What a card says that Send will do with the images of its study. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chosenWords } from './chosen-words.ts';

const { going } = chosenWords;
const STUDY = { held: 0, all: 4, out: 0, covered: 0, removesNames: true };

test('a card says what will be sent: with its names, what is left out and what is covered', () => {
  const { sent } = going;
  assert.is(sent(STUDY), 'Will be sent without names');
  assert.is(sent({ ...STUDY, removesNames: false }), 'Will be sent with names');
  assert.is(sent({ ...STUDY, out: 1 }), '4 images will be sent without names, 1 left out');
  assert.is(sent({ ...STUDY, covered: 1 }), 'Will be sent without names, 1 image covered');
  const both = { ...STUDY, out: 2, covered: 3 };
  assert.is(sent(both), '4 images will be sent without names, 2 left out, 3 images covered');
  assert.is(
    sent({ ...both, removesNames: false }),
    '4 images will be sent with names, 2 left out',
    'boxes are drawn only where names are removed',
  );
});

test('a held image is said to stay, and nothing is promised until the policy is known', () => {
  const { sent } = going;
  assert.is(sent({ ...STUDY, held: 1, covered: 2 }), '1 of 4 images stays here until you decide');
  assert.is(sent({ ...STUDY, held: 3 }), '3 of 4 images stay here until you decide');
  assert.is(sent({ ...STUDY, removesNames: null, covered: 2 }), '');
});

test.run();
