/** Held images need a person until each is decided about, also where the rest of their study is sent. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { DEIDENTIFIED, filesOf, openIngest, foundOf } from '../../../testing/open-ingest.ts';
import { valuesOf } from '../../../testing/values-of.ts';
import { sumOf } from '../../queue/count-reasons.ts';
import { listNeeds } from '../../queue/list-needs.ts';
import { carryOut, type Stores } from '../../../studies/carry-out.ts';
import { listDecisions, meaningOf } from '../../../studies/list-decisions.ts';
import { heldFoundOf } from './use-needs.ts';

const SIZE = { rows: 8, columns: 8 };

test('each held image counts until it is decided about, whatever else of its study is sent', async () => {
  const made = syntheticStudy({ seed: 71, series: 1, instancesPerSeries: 4, burnedInSeries: 1, ...SIZE });
  const { store } = await openIngest({ chosen: DEIDENTIFIED });
  await store.addFiles(filesOf(made));
  const files = foundOf(store, made.studyInstanceUID);
  const needs = () => listNeeds({ studies: [], lost: [], foreign: 0, found: heldFoundOf(store), noRoom: 0 });
  const counts = [sumOf(needs())];
  for (const file of files) {
    store.release([file]);
    counts.push(sumOf(needs()));
  }
  assert.equal(counts, [4, 3, 2, 1, 0]);
  store.holdBack(files.slice(0, 2));
  const groups = listDecisions(needs(), { reopenable: () => false, policiesFor: store.policiesFor });
  const decisions = groups.flatMap((group) => group.decisions);
  assert.equal(groups.map(meaningOf), ['held'], 'the rest is sent');
  assert.equal(valuesOf(decisions, 'answers'), [['look', 'leave-out']]);
  await carryOut({ ingest: store } as unknown as Stores, decisions[0]!, 'leave-out');
  assert.is(sumOf(needs()), 0);
  assert.is(store.leftOut.value.get(made.studyInstanceUID)?.instances, 2, 'those alone are left out');
});

test.run();
