/** A page that is reloaded after Send says of the disc what it would have said without that, or nothing. */
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { DEIDENTIFIED, filesOf, IDENTIFIED, openIngest } from '../testing/open-ingest.ts';
import { queuedStudy } from '../testing/queued-study.ts';
import { markOfStudy } from '../pipeline/queue/mark-of-study.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { sayOf } from './choice-outcome.ts';
import { outcomesOf, pageOf, unsentStudies } from './choice-outcomes.ts';
import { keepSent } from './keep-sent.ts';
import { leaveChoice } from './leave-choice.ts';
import { ownStorage } from '../testing/own-storage.ts';

const FIRST = syntheticStudy({ seed: 93, instancesPerSeries: 2 });
const OTHER = syntheticStudy({ seed: 94, instancesPerSeries: 2 });
const NOWHERE = { unsafe: 0, safe: 0, onTheWay: 0, atGateway: 0, inPacs: 0, needsYou: 0, leftOut: 0 };
const ALL_SAID = { standing: 'in-pacs', studies: 1, except: 0, isAtLeast: false };
const NOTHING_SAID = { standing: null, studies: 0, except: 0, isAtLeast: false };

/** A window whose page is opened again and again. */
function openWindow(kept = new Map<string, string>()) {
  const storage = ownStorage(kept);
  const sent = new Set<string>();
  return async (who = 'a', now = 0, policy = IDENTIFIED) => {
    const { store, hooks } = await openIngest({ chosen: policy });
    // Nobody has signed in while the page opens.
    const account = signal<string | null>(null);
    keepSent({ ingest: store, account, storage, now: () => now });
    account.value = who;
    const said = (some: Partial<QueuedStudy> = {}) => {
      for (const id of store.sentFromHere.value.sent.keys()) sent.add(id);
      const there = { ...NOWHERE, inPacs: 12 };
      const studies = [...sent].map((id) =>
        queuedStudy({ id, state: 'done', receiptId: 'receipt', track: there, completedAt: 1, ...some }),
      );
      return sayOf(outcomesOf(store.sentFromHere.value, studies, pageOf(store)).choices);
    };
    return { store, hooks, said };
  };
}

test('a reloaded page says that the disc of a study that has arrived may go, with the images left out of it', async () => {
  const open = openWindow();
  const { store, said } = await open();
  await store.addFiles(filesOf(FIRST));
  await store.send();
  assert.equal(said(), ALL_SAID);
  for (const _ of [1, 2]) assert.equal((await open()).said(), ALL_SAID);
  const lacking = { track: { ...NOWHERE, inPacs: 11, leftOut: 1 } };
  assert.equal((await open()).said(lacking), { ...ALL_SAID, except: 1, isAtLeast: false });
  assert.is((await open()).said({ state: 'uploading', receiptId: null }).standing, 'on-device');
  const page = await open();
  await page.store.addFiles(filesOf(OTHER));
  assert.is(page.said().standing, 'keep', 'more was chosen, and is not sent');
});

test('a page on which something was left unsent says nothing of the disc once it is reloaded', async () => {
  const damaged = new File([new Uint8Array(200)], 'cut.dcm');
  for (const left of [filesOf(OTHER), [damaged]]) {
    const open = openWindow();
    const { store } = await open();
    await store.addFiles([...filesOf(FIRST), ...left]);
    store.toggle(String(OTHER.studyInstanceUID));
    await store.send();
    assert.is(store.sentFromHere.value.sent.size, 1);
    assert.equal((await open()).said(), NOTHING_SAID);
    store.clear();
    assert.equal((await open()).said(), NOTHING_SAID, 'cleared beside a study that was sent');
    store.settleNotSent();
    assert.equal((await open()).said(), ALL_SAID, 'they are off the list; the doubt stays (disc-doubt.ts)');
  }
});

test('a page of which one patient’s part was sent and the next one’s failed says nothing of the disc', async () => {
  const open = openWindow();
  const { store, hooks } = await open('a', 0, DEIDENTIFIED);
  const other = syntheticStudy({
    seed: 93,
    instancesPerSeries: 2,
    patient: { name: 'Weber^Karl', id: '3300-001' },
  });
  const [first] = filesOf(FIRST);
  await store.addFiles([first!, filesOf(other)[1]!]);
  const uid = String(FIRST.studyInstanceUID);
  await store.settlePatients(
    uid,
    [...store.mixed.value.values()].flatMap(({ parts }) => parts.flatMap(({ keys }) => keys)),
  );
  const ids = new Set<string>();
  hooks.beforeTask = async (task) => {
    if ('studyId' in task) ids.add(task.studyId);
    if (ids.size > 1) throw new Error('the disk fails');
  };
  await store.send();
  assert.equal([store.problem.value, store.sentFromHere.value.sent.size], ['device-failed', 1]);
  assert.equal((await open()).said(), NOTHING_SAID);
  store.toggle(uid);
  assert.is(unsentStudies(store)[0]?.instances, 1);
});

test('a page opens where another version of it kept something else, and says nothing of the disc', async () => {
  for (const text of ['{', '7', '{"account":"a"}', '{"account":"a","choices":[1],"sent":[7],"settled":[]}'])
    assert.equal((await openWindow(new Map([['relaypacs-sent', text]]))()).said(), NOTHING_SAID, text);
});

test('a page that is reloaded while more is chosen says nothing of the disc', async () => {
  const open = openWindow();
  const { store } = await open();
  await store.addFiles(filesOf(FIRST));
  await store.send();
  await store.addFiles(filesOf(OTHER));
  assert.equal((await open()).said(), NOTHING_SAID);
});

test('a page of another person, after signing out, or on the next day knows no study that was sent', async () => {
  const open = openWindow();
  const { store } = await open();
  await store.addFiles(filesOf(FIRST));
  await store.send();
  const today = Date.now();
  assert.equal((await open('b')).said(), NOTHING_SAID);
  assert.equal((await open()).said(), NOTHING_SAID, 'somebody else was here');
  const again = openWindow();
  const first = await again('a', today);
  await first.store.addFiles(filesOf(FIRST));
  await first.store.send();
  assert.equal((await again('a', today + 24 * 3_600_000)).said(), NOTHING_SAID);
  const other = openWindow();
  const page = await other();
  await page.store.addFiles(filesOf(FIRST));
  await page.store.send();
  leaveChoice(page.store);
  assert.equal((await other()).said(), NOTHING_SAID);
});

test('a study that was cancelled and is chosen again after a reload counts once', async () => {
  const open = openWindow();
  const { store } = await open();
  await store.addFiles(filesOf(FIRST));
  await store.send();
  const page = await open();
  await page.store.addFiles(filesOf(FIRST));
  const instances = FIRST.instances.length;
  const track = { ...NOWHERE, leftOut: instances };
  const mark = markOfStudy(FIRST.studyInstanceUID);
  const cancelled = { state: 'taken-back', instances, mark, track } as const;
  assert.is(page.said(cancelled).except, instances);
});

test.run();
