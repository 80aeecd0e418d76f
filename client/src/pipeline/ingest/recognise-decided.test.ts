/** A study that is chosen again, some of whose images were decided about: the page says so before Send. */
import { effect } from '@preact/signals';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { createDecisions } from '../queue/rows/decide-study.ts';
import { giveTurns, untilRead } from '../../testing/open-api.ts';
import {
  DEIDENTIFIED,
  filesOf,
  IDENTIFIED,
  openIngest,
  type TestIngestOptions,
  chooseOn,
  deliver,
  foundOf,
  receiptFor,
} from '../../testing/open-ingest.ts';
import { decisionTools } from '../../testing/open-queue.ts';
import { valuesOf } from '../../testing/values-of.ts';
import { assertEach } from '../../testing/assert-each.ts';
import { compareWithSent, heldIn } from './card/compare-with-sent.ts';
import { decidedAs } from './found/held-back.ts';
import { goingOfFound, inPacsOf, sendableOf } from './found/sendable.ts';
import { uidsAsSent } from './card/sent-before.ts';

const test = suite('a study that was decided about, chosen again');
const BOX = { frames: null, x: 2, y: 2, width: 4, height: 4 };
const SHAPE = { seed: 71, series: 2, instancesPerSeries: 2, rows: 16, columns: 16, burnedInSeries: 2 };
const made = syntheticStudy(SHAPE);

type Store = Awaited<ReturnType<typeof openIngest>>['store'];
const filesOn = (store: Store) => foundOf(store, made.studyInstanceUID);
const until = (holds: () => boolean) =>
  new Promise<void>((resolve) => {
    const end = effect(() => {
      if (holds()) queueMicrotask(() => end());
      if (holds()) resolve();
    });
  });
const leftOutOf = ({ leftOut }: Pick<Store, 'leftOut'>) =>
  leftOut.value.get(made.studyInstanceUID)?.instances ?? 0;

/** Sends four images: two as they are and one covered are in the PACS; one was left out. */
async function decided(more: TestIngestOptions['tools'] = {}) {
  const device = await openIngest({ chosen: DEIDENTIFIED });
  const { database, store } = device;
  await store.addFiles(filesOf(made));
  await store.send();
  const [first] = await database.studies.toArray();
  await store.reopen(first!.id);
  store.release(filesOn(store).slice(0, 1), [BOX]);
  await store.send();
  await deliver({ database });
  const [row] = await database.studies.filter(({ held }) => held.reasons.length > 0).toArray();
  await createDecisions(decisionTools({ database })).leaveOutHeld(row!.id, 'burned-in-annotation');
  const later = await openIngest({ chosen: DEIDENTIFIED, device, tools: more });
  return { ...later, device };
}

test('needs nobody before Send either: what is in the PACS is not held, and what was left out is left out', async () => {
  const { store } = await decided();
  await store.addFiles(filesOf(made));
  await until(() => store.heldBack.value.length === 0);
  const [study] = store.studies.value;
  assert.equal([goingOfFound(study!, store), leftOutOf(store)], [{ going: 'sent', held: 0 }, 1]);
  // A person who has changed their mind can still release it.
  const leftOut = filesOn(store).filter((file) => decidedAs(DEIDENTIFIED, new Map(), file) === 'left-out');
  store.release(leftOut);
  assert.is(leftOutOf(store), 0);
  store.choosePolicy(IDENTIFIED.name);
  assert.equal([store.heldBack.value.length, leftOutOf(store)], [0, 0]);
});

test('no second version is sent of an image that the PACS has, whatever boxes are drawn on it', async () => {
  const { store } = await decided();
  await store.addFiles(filesOf(made));
  await until(() => store.heldBack.value.length === 0);
  const there = filesOn(store).filter((file) => decidedAs(DEIDENTIFIED, new Map(), file) === 'in-pacs');
  store.release(there, [{ ...BOX, x: 4 }]);
  assert.equal([there.length, store.released.value.size], [1, 0]);
});

test('is asked about again once the PACS has deleted what was sent, whatever was decided then', async () => {
  const { store, database, device } = await decided({ inPacsNow: async () => new Set() });
  await store.addFiles(filesOf(made));
  const gone = () => filesOn(store).filter(({ goneSince }) => goneSince !== undefined);
  await until(() => store.heldBack.value.length === 1 && gone().length === 1);
  assert.equal([gone().length, store.heldBack.value.length, leftOutOf(store)], [1, 1, 1]);
  const sent = await database.instances.toArray();
  store.release(gone(), [{ ...BOX, x: 4 }]);
  assert.equal([store.released.value.size, store.heldBack.value.length], [1, 0]);
  await store.send();
  const [newest] = await database.studies.filter(({ state }) => state === 'safe').toArray();
  const rows = await database.instances.where('studyId').equals(newest!.id).toArray();
  const covered = rows.filter(({ isCovered }) => isCovered);
  const before = sent.find(({ sopInstanceUID }) => sopInstanceUID === covered[0]?.sopInstanceUID);
  assert.equal([covered.length, before?.isCovered, before?.digest === covered[0]?.digest], [1, true, false]);
  await database.studies.update(newest!.id, { state: 'done', queuedAt: 2 });
  await database.instances.toCollection().modify({ state: 'stored' });
  const later = await chooseOn(device, filesOf(made));
  await until(() => later.store.heldBack.value.length === 0);
  await later.store.send();
  const named = (await database.instances.toArray()).filter(({ inPacs }) => inPacs);
  assert.equal(
    valuesOf(named, 'digest'),
    valuesOf(covered, 'digest'),
    'the version that stands is announced',
  );
});

test('is asked about at Send too where the page has not asked: nothing is called sent that the PACS has lost', async () => {
  const { store, database } = await decided({ inPacsNow: async () => new Set() });
  await store.addFiles(filesOf(made));
  await store.send();
  const entries = await database.studies.filter(({ held }) => held.reasons.length > 0).toArray();
  assertEach(entries, ({ held: { reasons } }) => reasons, [
    [{ reason: 'burned-in-annotation', instances: 1 }],
  ]);
});

test('counts as it is in the PACS, held instances too', async () => {
  const { store, database } = await decided();
  await store.addFiles(filesOf(made));
  await until(() => store.heldBack.value.length === 0);
  const { instances } = await receiptFor({ database });
  const sent = { receipt: { instances }, inPacs: 3, now: async () => null };
  const { signal } = new AbortController();
  const part = await compareWithSent(store, store.studies.value[0]!, sent, signal);
  assert.equal(part, { there: 3, fresh: 0, differs: 0, staying: 1, leftOut: 0, gone: 0 });
  const going = sendableOf(store);
  assert.equal([going.instances, inPacsOf(store, going.studies)], [3, 3], 'nothing of it is not safe');
});

test('counts as gone from the PACS while it is held', async () => {
  const { store, database } = await decided({ inPacsNow: async () => new Set() });
  await store.addFiles(filesOf(made));
  const gone = () => filesOn(store).filter(({ goneSince }) => goneSince !== undefined);
  await until(() => store.heldBack.value.length === 1 && gone().length === 1);
  const { instances } = await receiptFor({ database });
  const now = async (uids: readonly string[]) => new Set(uids);
  const { signal } = new AbortController();
  const study = store.studies.value[0]!;
  const part = await compareWithSent(store, study, { receipt: { instances }, inPacs: 3, now }, signal);
  assert.equal(part, { there: 2, fresh: 0, differs: 0, staying: 2, leftOut: 0, gone: 1 });
});

test('is compared again where as many of its images stay here, but others or otherwise', async () => {
  const { store } = await openIngest({ chosen: DEIDENTIFIED });
  await store.addFiles(filesOf(made));
  const held = filesOn(store).filter((found) => found.held.length > 0);
  const staying = () => [store.heldBack.value.length, heldIn(store, made.studyInstanceUID)];
  store.release(held.slice(0, 1));
  const [count, before] = staying();
  store.holdBack(held);
  store.release(held.slice(1));
  assert.is(staying()[0], count);
  assert.is.not(staying()[1], before);

  const lost = await decided({ inPacsNow: async () => new Set() });
  await lost.store.addFiles(filesOf(made));
  await until(() => lost.store.heldBack.value.some(({ isGone }) => isGone));
  assert.match(heldIn(lost.store, made.studyInstanceUID), / gone$/);
});

test('is recognised where all of it is held, so that the page can say what the PACS has', async () => {
  const held = syntheticStudy({ seed: 72, instancesPerSeries: 2, rows: 16, columns: 16, burnedInSeries: 1 });
  const { store, database } = await openIngest({ chosen: DEIDENTIFIED });
  await store.addFiles(filesOf(held));
  const { signal } = new AbortController();
  const before = await uidsAsSent(store.inspection, held.studyInstanceUID, signal);
  store.release(foundOf(store, held.studyInstanceUID), [BOX]);
  await store.send();
  const [sent] = await database.studies.toArray();
  assert.equal([...before], [sent!.studyInstanceUID]);
});

test('chosen for what was left out alone, asks about it again', async () => {
  const { store, hooks } = await decided();
  await store.addFiles(filesOf(made));
  await until(() => store.heldBack.value.length === 0);
  const at = filesOn(store).findIndex((file) => decidedAs(DEIDENTIFIED, new Map(), file) === 'left-out');
  const { path } = filesOn(store)[at]!.file;
  store.clear();
  let before: unknown = null;
  hooks.beforeTask = async ({ kind }) => {
    if (kind === 'recognise') before = store.heldBack.value;
  };
  await store.addFiles(filesOf(made).filter(({ name }) => name === path));
  // The page draws the file once more when it was recognised.
  await until(() => store.heldBack.value !== before && before !== null);
  assert.equal([store.heldBack.value.length, leftOutOf(store)], [1, 0]);
});

test('is asked about again where its patient was corrected since, on the page and at Send', async () => {
  const { store, database, hooks } = await decided();
  const corrected = syntheticStudy({ ...SHAPE, patient: { name: 'Right^Patient', id: 'R-1' } });
  let recognised = 0;
  hooks.beforeTask = async ({ kind }) => {
    if (kind === 'recognise') recognised += 1;
  };
  await store.addFiles(filesOf(corrected));
  assert.ok(await untilRead(() => recognised === 2));
  await giveTurns();
  assert.equal([store.heldBack.value.length, leftOutOf(store)], [2, 0]);
  await store.send();
  const rows = await database.studies.toArray();
  const asked = rows.filter(({ held }) => held.reasons.length > 0);
  assertEach(asked, ({ held: { reasons, leftOut } }) => [reasons, leftOut], [
    [[{ reason: 'burned-in-annotation', instances: 2 }], 0],
  ]);
});

test.run();
