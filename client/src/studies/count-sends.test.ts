/** A study that was sent from this device in several sends: its row says how much of the whole study is in the PACS. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SentStudy } from '#shared/protocol/studies.ts';
import type { StudyRow } from '../pipeline/queue/rows/local-database.ts';
import {
  openDevice,
  queueOver,
  queueStudy,
  receiptOf,
  storeOver,
  STUDY,
  type TestDevice,
} from '../testing/open-queue.ts';
import { queuedStudy } from '../testing/queued-study.ts';
import { chooseEntries } from './choose-entries.ts';
import { EVERYTHING } from './list-choice.ts';
import { createSendCounts } from './count-sends.ts';
import { createEntries } from './day-entry.ts';
import { createJoin, sendsOf } from './join-sends.ts';
import { whereOf } from './where-of.ts';
import { untilRead } from '../testing/open-api.ts';
import { countsOf, listedNow, toldStudy } from '../testing/told-study.ts';

const test = suite('a study of several sends');
const NOW = new Date(2026, 10, 26, 15);

/** Sends the instances of these places in the study, until the PACS has them; `more`: then written into its row. */
async function send(device: TestDevice, id: string, places: readonly number[], more: Partial<StudyRow> = {}) {
  const sizes = Array.from({ length: 4 }, (_, place) => 100 + place);
  const all = await queueStudy(device, id, sizes, { account: 'a', queuedAt: Number(id) });
  const { database } = device;
  await database.instances
    .where({ studyId: id })
    .filter(({ position }) => !places.includes(position))
    .delete();
  await database.studies.update(id, { instances: places.length, chosen: places.length });
  const queue = queueOver(device);
  await queue.beginSending(id);
  await queue.allSent(id);
  const stored = all.filter(({ position }) => places.includes(position));
  await queue.settle(id, receiptOf(stored, 'stored'));
  await database.studies.update(id, more);
}

const LEFT_OUT = { reasons: [], leftOut: 1, because: { 'left-out-name': 1 } };

/** The day's list once all is counted. */
async function listOf(device: TestDevice, sent: readonly SentStudy[] = []) {
  using store = storeOver(device);
  assert.ok(await untilRead(() => store.ready.value));
  const counts = createSendCounts(store.instancesOf);
  const studies = store.studies.value;
  await counts.update(studies);
  const wholes = counts.wholes.value;
  const entries = listedNow({ studies, sent, wholes }, NOW);
  return createJoin()(entries, wholes);
}

const saidOf = (rows: Awaited<ReturnType<typeof listOf>>) =>
  rows.map((row) => [(row.whole ?? row.track).total, whereOf(row).said, sendsOf(row).length]);

test('of which one image was left out says how many of all its images are in the PACS', async () => {
  const device = await openDevice();
  await send(device, '1', [0, 1]);
  await send(device, '2', [2], { held: LEFT_OUT, chosen: 2 });
  const rows = await listOf(device);
  assert.equal(saidOf(rows), [[4, '3 of 4 in the PACS', 2]]);
  assert.is(whereOf(rows[0]!).icon, 'note');
  const incomplete = chooseEntries(rows, { ...EVERYTHING, shown: 'incomplete' }, NOW);
  assert.equal(incomplete[0]?.entries, rows);
});

test('counts an image of two sends once', async () => {
  const device = await openDevice();
  await send(device, '1', [0, 1, 2]);
  await send(device, '2', [1, 2], { held: LEFT_OUT, chosen: 3 });
  assert.equal(saidOf(await listOf(device)), [[4, '3 of 4 in the PACS', 2]]);
});

test('counts each of two images under one UID that one send brought, and in the PACS the stored one alone', async () => {
  const device = await openDevice();
  await send(device, '1', [0, 1]);
  await send(device, '2', [2]);
  const { instances } = device.database;
  const [first, second] = await instances.where('studyId').equals('1').sortBy('position');
  await instances.where({ studyId: '1', position: second!.position }).modify({
    ...{ sopInstanceUID: first!.sopInstanceUID, state: 'left-out' },
  });
  const reasons = { refused: [], quarantined: [], leftOut: 1 };
  await device.database.studies.update('1', { reasons });
  assert.equal(saidOf(await listOf(device)), [[3, '2 of 3 in the PACS', 2]]);
});

test('counts an image that was left out because an earlier send brought another one under its UID', async () => {
  const device = await openDevice();
  await send(device, '1', [0, 1]);
  await send(device, '2', [1, 2]);
  await device.database.instances.where({ studyId: '2' }).modify((row) => {
    const rival = { digest: 'f'.repeat(64), state: 'left-out', reason: 'conflicting-instance', stands: true };
    if (row.position === 1) Object.assign(row, rival);
  });
  const reasons = { refused: [], quarantined: [], leftOut: 1 };
  await device.database.studies.update('2', { reasons });
  assert.equal(saidOf(await listOf(device)), [[4, '3 of 4 in the PACS', 2]]);
});

test('is one row of all its images where each send brought other ones', async () => {
  const device = await openDevice();
  await send(device, '1', [0, 1]);
  await send(device, '2', [2, 3]);
  assert.equal(saidOf(await listOf(device)), [[4, 'In the PACS', 2]]);
  await send(device, '3', [0, 1, 2, 3]);
  assert.equal(saidOf(await listOf(device)), [[4, 'In the PACS', 1]], 'the last one stands for all');
});

test('keeps the decision of its most urgent send, and the total of all', async () => {
  const device = await openDevice();
  const held = { reasons: [{ reason: 'burned-in-text', instances: 1 }], leftOut: 0 };
  await send(device, '1', [0], { held, chosen: 2 });
  await send(device, '2', [2, 3]);
  assert.equal(saidOf(await listOf(device)), [[4, '1 to decide', 2]]);
});

test('says the more of the two where the gateway knows of more than this device', async () => {
  const device = await openDevice();
  await send(device, '1', [0, 1]);
  await send(device, '2', [2], { held: LEFT_OUT, chosen: 2 });
  const at = NOW.toISOString();
  const told = (inPacs: number) => {
    const counts = countsOf({ promised: inPacs, inPacs });
    const about = { studyInstanceUID: STUDY, firstSentAt: at, lastSentAt: at };
    return toldStudy([{ counts, withheld: { 'left-out-name': 1 } }], about);
  };
  assert.equal(saidOf(await listOf(device, [told(5)])), [[6, '5 of 6 in the PACS', 2]]);
  assert.equal(saidOf(await listOf(device, [told(2)])), [[4, '3 of 4 in the PACS', 2]], 'told before');
});

test('stays under way until its last send is counted: what is missing is not said of what has just arrived', async () => {
  const device = await openDevice();
  await send(device, '1', [0, 1]);
  await send(device, '2', [2, 3]);
  await device.database.studies.update('2', { state: 'at-gateway', departed: 2, acknowledged: 2 });
  await device.database.instances.where('studyId').equals('2').modify({ state: 'sent' });
  using store = storeOver(device);
  const counts = createSendCounts(store.instancesOf);
  const entriesOf = createEntries();
  const join = createJoin();
  const now = () => {
    const wholes = counts.wholes.value;
    return saidOf(join(listedNow({ studies: store.studies.value, wholes }, NOW, entriesOf), wholes))[0]![1];
  };
  const untilState = async (state: string) =>
    assert.ok(
      await untilRead(() => store.studies.value.some((own) => own.id === '2' && own.state === state)),
    );
  await untilState('at-gateway');
  await counts.update(store.studies.value);
  const before = now();
  await device.database.instances.toCollection().modify({ state: 'stored' });
  await device.database.studies.update('2', { state: 'done' });
  await untilState('done');
  assert.equal([before, now()], ['At the gateway', 'At the gateway']);
  await counts.update(store.studies.value);
  assert.is(now(), 'In the PACS');
});

test('is read again only where a send has changed, and no more once one send is left', async () => {
  const read: string[] = [];
  const counts = createSendCounts(async (id) => {
    read.push(id);
    return [];
  });
  const one = queuedStudy({ id: 'one', studyInstanceUID: STUDY });
  const two = queuedStudy({ id: 'two', studyInstanceUID: STUDY });
  const other = queuedStudy({ id: 'other', studyInstanceUID: '1.2.3' });
  await counts.update([one, two, other]);
  await counts.update([{ ...one, bytesPerSecond: 9, track: { ...one.track, inPacs: 3 } }, two, other]);
  assert.equal(read, ['one', 'two']);
  await counts.update([one, { ...two, state: 'done' }, other]);
  assert.equal(read, ['one', 'two', 'one', 'two']);
  await counts.update([one, { ...two, state: 'taken-back' }, other]);
  assert.equal([read.length, counts.wholes.value.size], [4, 0]);
});

test.run();
