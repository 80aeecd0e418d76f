/** Each instance that needs a person is counted once, wherever the list meets it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { untilRead } from '../../testing/open-api.ts';
import { DEIDENTIFIED, filesOf, openIngest } from '../../testing/open-ingest.ts';
import { storeOver } from '../../testing/open-queue.ts';
import { queuedStudy } from '../../testing/queued-study.ts';
import { assertEach } from '../../testing/assert-each.ts';
import { sumOf } from './count-reasons.ts';
import { listNeeds, type HeldFound } from './list-needs.ts';

const NOTHING = { studies: [], lost: [], foreign: 0, found: [], noRoom: 0 };
const HELD = { cause: 'held', reason: 'burned-in-annotation', instances: 3 } as const;
const found = (instances: number, reason: string = HELD.reason): HeldFound => ({
  id: 'f',
  studyInstanceUID: '1.2.3',
  isRestSent: false,
  reasons: [{ reason, instances, isReleasable: true }],
});
const queued = (heldStudy: string | null) => queuedStudy({ needs: [HELD], heldStudy });
const counts = (heldStudy: string | null, again: HeldFound): [number, string[]] => {
  const needs = listNeeds({ ...NOTHING, studies: [queued(heldStudy)], found: [again] });
  return [sumOf(needs), needs.map((need) => (need.found ? 'found' : 'queued'))];
};

test('held files that are chosen again count once, where a person can look at them', () => {
  assert.equal(counts('1.2.3', found(3)), [3, ['found']]);
});

test('files that were not chosen again still count with the entry that holds them', () => {
  assert.equal(counts('1.2.3', found(1)), [3, ['queued', 'found']]);
});

test('more of them than before all count, and neither another study nor another reason is taken for them', () => {
  assert.equal(counts('1.2.3', found(5)), [5, ['found']]);
  assert.equal(counts('1.2.9', found(3)), [6, ['queued', 'found']]);
  assert.equal(counts(null, found(3)), [6, ['queued', 'found']]);
  assert.equal(counts('1.2.3', found(3, 'undeclared-text')), [6, ['queued', 'found']]);
});

test('after a restart the queue still knows of which study it holds files', async () => {
  const made = syntheticStudy({
    seed: 61,
    series: 2,
    instancesPerSeries: 2,
    rows: 8,
    columns: 8,
    burnedInSeries: 2,
  });
  const device = await openIngest({ chosen: DEIDENTIFIED });
  await device.store.addFiles(filesOf(made));
  await device.store.send();
  using queue = storeOver(device);
  assert.ok(await untilRead(() => queue.studies.value.some(({ heldStudy }) => heldStudy !== null)));
  assertEach(queue.studies.value, ({ heldStudy, needs }) => [heldStudy, sumOf(needs)], [
    [made.studyInstanceUID, 2],
  ]);
});

test.run();
