/** Signing out clears studies that a person chose to send, and no decision against sending one is counted. */
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { FoundStudy } from '../pipeline/ingest/found-study.ts';
import { chosenIn } from './use-chosen.ts';

test('instances of a study that a person took out of the selection are not counted', () => {
  const wanted = signal(true);
  const found = [
    { studyInstanceUID: '1', instances: 3, selected: signal(true) },
    { instances: 1, selected: wanted },
  ] as readonly unknown[] as readonly FoundStudy[];
  const studies = signal(found);
  const leftOut = signal(new Map([['1', { instances: 1, bytes: 9 }]]));
  assert.is(chosenIn({ studies, leftOut: signal(new Map()) }), 4);
  assert.is(chosenIn({ studies, leftOut }), 3, 'of which a person left one out');
  wanted.value = false;
  assert.is(chosenIn({ studies, leftOut }), 2);
});

test.run();
