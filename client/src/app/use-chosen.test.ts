/** Signing out clears studies that a person chose to send, and no decision against sending one is counted. */
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { FoundStudy } from '../pipeline/ingest/found/found-study.ts';
import { IDENTIFIED } from '../testing/open-ingest.ts';
import { chosenIn } from './use-chosen.ts';

test('instances that a person took out of the selection, or that the PACS has, are not counted', () => {
  const wanted = signal(true);
  const policy = signal(IDENTIFIED);
  const released = signal(new Map());
  const inPacs = signal({ policy: IDENTIFIED, released: released.value, places: new Set<number>() });
  const found = [
    { studyInstanceUID: '1', instances: 3, selected: signal(true), inPacs },
    { instances: 1, selected: wanted, inPacs: signal(null) },
  ] as readonly unknown[] as readonly FoundStudy[];
  const studies = signal(found);
  const leftOut = signal(new Map([['1', { instances: 1, bytes: 9 }]]));
  const page = { studies, leftOut, policy, released };
  assert.is(chosenIn({ ...page, leftOut: signal(new Map()) }), 4);
  assert.is(chosenIn(page), 3, 'of which a person left one out');
  wanted.value = false;
  assert.is(chosenIn(page), 2);
  inPacs.value = { ...inPacs.value, places: new Set([0, 1]) };
  assert.is(chosenIn(page), 0, 'the PACS has the others already');
  inPacs.value = { ...inPacs.value, places: new Set([0, 1, 2]) };
  wanted.value = true;
  assert.is(chosenIn(page), 1, 'whatever the PACS has of another study');
});

test.run();
