/** A study that was cancelled on this device, and came into the PACS all the same: from a stick, or another device. */
import { effect, signal as signalOf } from '@preact/signals';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SentStudy } from '#shared/protocol/studies.ts';
import { EMPTY_PAGE, outcomesOf } from '../app/choice-outcomes.ts';
import { sayStudy } from '../app/say-track.ts';
import { askTold } from '../app/use-told-since.ts';
import { sentBefore } from '../pipeline/ingest/card/sent-before.ts';
import { NOTHING_SENT } from '../pipeline/ingest/found/sent-from-here.ts';
import { cancelledWhat } from '../pipeline/queue/cancelled-what.ts';
import { noteTold } from '../pipeline/queue/note-told.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { openOwnDevice, queueOver, queueStudy, storeOver, STUDY } from '../testing/open-queue.ts';
import { queuedStudy } from '../testing/queued-study.ts';
import { whereOf } from './where-of.ts';
import { countsOf, listedNow, toldStudy, type ToldUpload } from '../testing/told-study.ts';

const test = suite('a study that was cancelled here');
const OWN = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';
const CANCELLED_AT = new Date(2026, 10, 26, 5, 44).getTime();
const NOW = new Date(2026, 10, 26, 6, 0);

type Store = ReturnType<typeof storeOver>;

const upload = (uploadId: string, inPacs: number, promised = 3): Partial<ToldUpload> => ({
  ...{ uploadId, counts: countsOf({ promised, inPacs }), receipt: { id: uploadId, revision: 1 } as never },
});

const told = (...uploads: Partial<ToldUpload>[]) =>
  toldStudy(uploads, {
    ...{ studyInstanceUID: STUDY, firstSentAt: NOW.toISOString(), lastSentAt: NOW.toISOString() },
  });

/** Once the screen shows it so. */
function shown(store: Store, isShown: (study: QueuedStudy) => boolean): Promise<QueuedStudy> {
  const { promise, resolve } = Promise.withResolvers<QueuedStudy>();
  const stop = effect(() => {
    const [study] = store.studies.value;
    if (study?.state === 'taken-back' && isShown(study)) resolve(study);
  });
  return promise.finally(stop);
}

/** Three instances, cancelled after the first byte or after they were saved to a file for a stick. */
async function cancelled(how: 'midway' | 'on-stick') {
  const device = await openOwnDevice();
  const { database } = device;
  const now = () => CANCELLED_AT;
  const instances = await queueStudy(device, 'study', [100, 200, 300]);
  const store = storeOver(device, { now });
  if (how === 'on-stick') {
    await database.studies.update('study', { savedToStickAt: 1 });
    await store.takeBack('study');
  } else {
    const uids = { uploadId: OWN, studyInstanceUID: STUDY, revision: 1 };
    await queueOver(device).announced('study', { ...uids, have: [], need: instances, conflict: [] });
    await queueOver(device).beginSending('study');
    await store.cancel('study');
  }
  const study = await shown(store, ({ toldSince }) => toldSince === null);
  const afterTold = () => shown(store, ({ toldSince }) => toldSince !== null);
  return { store, study, afterTold, [Symbol.dispose]: () => store.close() };
}

/** The words that each place of the screen has for the study. */
function saidOf(study: QueuedStudy, sent: readonly SentStudy[] = []) {
  const [entry] = listedNow({ studies: [study], sent }, NOW);
  const { choices, notSent } = outcomesOf(NOTHING_SENT, [study], EMPTY_PAGE);
  assert.is(whereOf(entry!).said, sayStudy(study, 'online'), 'seen and heard alike');
  return {
    row: whereOf(entry!).said,
    hasReceipt: entry!.hasReceipt,
    notSent: choices.reduce((sum, { missing }) => sum + missing, 0),
    named: notSent.leftOut.length,
    card: sentBefore([study], []).get(STUDY),
  };
}

test('says up to when none of it was in the PACS, until the gateway has been asked since', async () => {
  using here = await cancelled('midway');
  const { store, study, afterTold } = here;
  assert.match(saidOf(study).row, /^Cancelled: none in the PACS by .*5:44/);
  assert.match(cancelledWhat(study), /According to the gateway/);
  assert.is(saidOf(study).card?.isCancelled, 'by-then');
  await noteTold(store, [told(upload(OTHER, 3))], CANCELLED_AT - 1);
  assert.is(store.studies.value[0]?.toldSince, null, 'it was cancelled after that');
  await noteTold(store, [told(upload(OWN, 0))], CANCELLED_AT);
  const since = await afterTold();
  assert.is(saidOf(since).row, 'Cancelled: none in the PACS');
  assert.match(cancelledWhat(since), /None of it is in the PACS\./);
  assert.equal([saidOf(since).notSent, saidOf(since).card?.isCancelled], [3, 'still']);
});

test('is in the PACS everywhere once another device has sent it, with the way to its receipt', async () => {
  using here = await cancelled('midway');
  const { store, afterTold } = here;
  const sent = [told(upload(OWN, 1), upload(OTHER, 3))];
  const api = { json: async <T>() => ({ studies: sent, next: null }) as T };
  await askTold(api, store, CANCELLED_AT, new AbortController().signal);
  const study = await afterTold();
  assert.equal(saidOf(study, sent), {
    ...{ row: 'Cancelled: 3 of 3 in the PACS', hasReceipt: true, notSent: 0, named: 0 },
    card: { inPacs: 3, at: 1, page: { page: 'sent', id: OTHER } },
  });
  assert.match(
    cancelledWhat(study),
    /5:44.*All 3 images are in the PACS\. They came with another upload: from another device, or sent again from here\.$/,
  );
});

test('is not in the PACS by another part of its study, which another disc had', async () => {
  using here = await cancelled('midway');
  const { store, afterTold } = here;
  await noteTold(store, [told(upload(OTHER, 10, 10), upload(OWN, 1))], CANCELLED_AT);
  const study = await afterTold();
  assert.equal([saidOf(study).row, saidOf(study).notSent], ['Cancelled: 1 of 3 in the PACS', 2]);
  assert.is(study.toldSince?.isOther, false);
});

test('is in the PACS once somebody has sent the file for a stick, of which nothing warns any more', async () => {
  using here = await cancelled('on-stick');
  const { store, study, afterTold } = here;
  assert.equal([saidOf(study).row, saidOf(study).notSent], ['Cancelled', 3]);
  await noteTold(store, [told(upload(OTHER, 3))], CANCELLED_AT);
  const since = await afterTold();
  assert.equal([saidOf(since).row, saidOf(since).notSent], ['Cancelled: 3 of 3 in the PACS', 0]);
  assert.match(
    cancelledWhat(since),
    /are in the PACS\. They came with another upload: from the file for a USB stick, from another device/,
  );
});

test('the gateway is asked for that study alone where it knows of it, and otherwise by no identifier', async () => {
  const asked: string[] = [];
  const api = {
    json: async <T>(path: string) => {
      asked.push(path);
      return { studies: [], next: null } as T;
    },
  };
  const { signal } = new AbortController();
  for (const how of ['midway', 'on-stick'] as const) {
    using here = await cancelled(how);
    await askTold(api, here.store, CANCELLED_AT, signal);
  }
  assert.equal(asked, [`/studies?limit=10&q=${STUDY}`, '/studies?limit=200']);
  const there = queuedStudy({ state: 'taken-back', wasCancelled: true });
  await askTold(api, { studies: signalOf([there]), noteTold: async () => undefined }, CANCELLED_AT, signal);
  assert.is(asked.length, 2, 'nothing of it is missing');
});

test('counts as not sent what the PACS lacks of it, and says nothing of another way where its own upload brought them', async () => {
  using here = await cancelled('midway');
  const { store, afterTold } = here;
  await noteTold(store, [told(upload(OWN, 2))], CANCELLED_AT);
  const study = await afterTold();
  assert.equal([saidOf(study).row, saidOf(study).notSent], ['Cancelled: 2 of 3 in the PACS', 1]);
  assert.match(cancelledWhat(study), /2 of 3 images are in the PACS\. The rest was not sent/);
});

test.run();
