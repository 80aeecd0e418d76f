/** The number on Send, the ticks, and what is queued follow one rule. */
import { effect } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import {
  DEIDENTIFIED,
  filesOf,
  IDENTIFIED,
  openIngest,
  foundOf,
  receiptFor,
} from '../../../testing/open-ingest.ts';
import { listNeeds } from '../../queue/list-needs.ts';
import { listDecisions } from '../../../studies/list-decisions.ts';
import { compareWithSent } from '../card/compare-with-sent.ts';
import { headingOf } from '../page/heading-of.ts';
import { coveredOf, goingOf, goingOfFound, inPacsOf, queueingShare, sendableOf } from './sendable.ts';
import { heldFoundOf } from './use-needs.ts';

const STUDIES = {
  whole: { seed: 61, series: 1, instancesPerSeries: 2 },
  'in part': { seed: 62, series: 2, instancesPerSeries: 2, burnedInSeries: 2 },
  'all held': { seed: 63, series: 1, instancesPerSeries: 3, burnedInSeries: 1 },
  'not ticked': { seed: 64, series: 1, instancesPerSeries: 1 },
};

async function chosen() {
  const device = await openIngest({ chosen: DEIDENTIFIED });
  const made = Object.entries(STUDIES).map(([kind, options]) => ({
    kind,
    study: syntheticStudy({ ...options, rows: 16, columns: 16 }),
  }));
  for (const { study } of made) await device.store.addFiles(filesOf(study));
  const kindOf = new Map(made.map(({ kind, study }) => [String(study.studyInstanceUID), kind]));
  device.store.toggle(made[3]!.study.studyInstanceUID);
  return { ...device, made, kindOf };
}

test('a study whose tick says that it is sent is queued, and no other one', async () => {
  const { store, database, kindOf } = await chosen();
  const going = store.studies.value.map((study) => {
    const { going: is, held } = goingOfFound(study, store);
    return [kindOf.get(study.studyInstanceUID), is, held];
  });
  assert.equal(going.sort(), [
    ['all held', 'held', 3],
    ['in part', 'sent', 2],
    ['not ticked', 'not-chosen', 0],
    ['whole', 'sent', 0],
  ]);
  const { studies, instances, held } = sendableOf(store);
  assert.equal([studies.length, instances, held.length], [2, 4, 1]);
  await store.send();
  const rows = await database.studies.toArray();
  assert.equal([rows.length, await database.instances.count()], [studies.length, instances]);
  const left = store.studies.value.map(({ studyInstanceUID }) => kindOf.get(studyInstanceUID));
  assert.equal(left.sort(), ['all held', 'not ticked']);
});

test('the heading counts what Send takes and has not made safe yet, nothing that stays', async () => {
  const { store } = await chosen();
  const said: string[] = [];
  const stop = effect(() => void said.push(headingOf(store)));
  await store.send();
  stop();
  const each = said.filter((heading, at) => heading !== said[at - 1]);
  assert.equal(each.slice(0, 3), ['4 studies found', '2 studies not saved yet', '1 study not saved yet']);
  assert.is(each.at(-1), '2 studies found');
  assert.is(each.length, 4, each.join(', '));
});

test('a release is seen at once by the tick and by the number on Send', async () => {
  const { store, made } = await chosen();
  const { studyInstanceUID } = made[2]!.study;
  store.release(foundOf(store, studyInstanceUID));
  const study = store.studies.value.find((found) => found.studyInstanceUID === studyInstanceUID);
  assert.equal(goingOfFound(study!, store), { going: 'sent', held: 0 });
  assert.equal([sendableOf(store).studies.length, sendableOf(store).instances], [3, 7]);
});

test('of a study of which the rest was left out, the last held image waits for a person', async () => {
  const { store, made, database } = await chosen();
  const { studyInstanceUID } = made[2]!.study;
  const [first, ...others] = foundOf(store, studyInstanceUID);
  await store.leaveOut(others, true);
  const study = () => store.studies.value.find((found) => found.studyInstanceUID === studyInstanceUID)!;
  assert.equal(goingOfFound(study(), store), { going: 'held', held: 1 });
  assert.equal([sendableOf(store).studies.length, sendableOf(store).instances], [2, 4]);
  const decisions = listDecisions(
    listNeeds({ studies: [], lost: [], foreign: 0, found: heldFoundOf(store), noRoom: 0 }),
    { reopenable: () => false, policiesFor: store.policiesFor },
  ).flatMap((group) => group.decisions);
  const last = decisions.find(({ found }) => found?.studyInstanceUID === studyInstanceUID);
  assert.equal(last?.answers, ['look', 'set-aside']);
  await store.leaveOut([first!], true);
  assert.equal(goingOfFound(study(), store), { going: 'held', held: 0 });
  await store.send();
  assert.is(await database.studies.count(), 2);
});

test('instances in the PACS count as such once they were compared, for that policy and that choice alone', async () => {
  const { store, database } = await openIngest({ chosen: DEIDENTIFIED });
  const files = filesOf(syntheticStudy({ seed: 65, instancesPerSeries: 3, rows: 16, columns: 16 }));
  const inPacs = () => inPacsOf(store, sendableOf(store).studies);
  await store.addFiles(files.slice(0, 2));
  await store.send();
  const { instances } = await receiptFor({ database });
  let asked: readonly string[] = [];
  const compare = (there: ReadonlySet<string> | null = null) =>
    compareWithSent(
      store,
      store.studies.value[0]!,
      {
        receipt: { instances },
        inPacs: 2,
        now: async (uids) => {
          asked = uids;
          return there;
        },
      },
      new AbortController().signal,
    );
  await store.addFiles(files.slice(0, 2));
  assert.is(inPacs(), 0);
  await compare();
  assert.equal([inPacs(), sendableOf(store).instances], [2, 2]);
  store.choosePolicy(IDENTIFIED.name);
  assert.is(inPacs(), 0, 'under another policy it is another study');
  store.choosePolicy(DEIDENTIFIED.name);
  await store.addFiles(files);
  assert.is(inPacs(), 0, 'there is more to compare');
  await compare();
  assert.equal([inPacs(), sendableOf(store).instances], [2, 3]);
  const part = await compare(new Set([instances[0]!.sopInstanceUID]));
  assert.equal([inPacs(), part?.there, part?.fresh, part?.gone], [1, 1, 2, 1], 'the PACS has lost one');
  store.clear();
  await store.addFiles(files.slice(1));
  await compare();
  assert.is(asked.length, 1, 'the PACS is asked for what is chosen, not for all that was sent');
});

test('images that a person covered are counted, those released without a box are not', async () => {
  const { store, made } = await chosen();
  const { studyInstanceUID } = made[2]!.study;
  const files = foundOf(store, studyInstanceUID);
  assert.is(coveredOf(store, store.studies.value), 0);
  store.release(files.slice(0, 1));
  store.release(files.slice(1), [{ x: 0, y: 0, width: 8, height: 8, frames: null }]);
  assert.is(coveredOf(store, store.studies.value), 2);
  const others = store.studies.value.filter((study) => study.studyInstanceUID !== studyInstanceUID);
  assert.is(coveredOf(store, others), 0);
});

test('of a study that is too large nothing is sent, whatever is held of it, and one that nobody ticked just stays', () => {
  const facts = { isChosen: true, isTooLarge: true, isStopped: false, isMixed: false, instances: 5, held: 0 };
  assert.is(goingOf(facts), 'too-large');
  assert.is(goingOf({ ...facts, held: 5 }), 'too-large');
  assert.is(goingOf({ ...facts, isChosen: false }), 'not-chosen');
  assert.is(goingOf({ ...facts, isTooLarge: false, held: 5 }), 'held');
  assert.is(goingOf({ ...facts, isTooLarge: false, held: 4 }), 'sent');
  assert.is(goingOf({ ...facts, isTooLarge: false, isMixed: true }), 'held');
  assert.is(goingOf({ ...facts, isChosen: false, isMixed: true }), 'not-chosen');
  assert.is(goingOf({ ...facts, isTooLarge: false, isStopped: true }), 'stopped');
  assert.is(goingOf({ ...facts, isChosen: false, isStopped: true }), 'not-chosen');
});

test('the bar of Send shows what the sentence beside it counts', () => {
  const nothing = { named: 0, instances: 0, instancesTotal: 60, bytes: 0, bytesTotal: 900 };
  assert.equal(queueingShare({ ...nothing, named: 31 }), { isNaming: true, share: 31 / 60 });
  assert.equal(queueingShare({ ...nothing, named: 60 }), { isNaming: false, share: 0 });
  const half = { named: 60, instances: 20, bytes: 300 };
  assert.equal(queueingShare({ ...nothing, ...half }), { isNaming: false, share: 1 / 3 });
  assert.is(queueingShare({ ...nothing, instancesTotal: 0, bytesTotal: 0 }).share, 0);
});

test.run();
