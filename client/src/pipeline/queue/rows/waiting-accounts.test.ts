import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { StudyRow } from './local-database.ts';
import { openDevice } from '../../../testing/open-queue.ts';
import { valuesOf } from '../../../testing/values-of.ts';
import { claimNobodys, tellOwnerMissing, watchAccounts } from './waiting-accounts.ts';

const row = (id: string, account: string | null, more: Partial<StudyRow> = {}): StudyRow =>
  ({
    ...{ id, account, ...{ queuedAt: 1, studyInstanceUID: '1.2', title: null, bytes: 1, instances: 1 } },
    policy: { name: 'identified', version: 1, deidentify: false },
    ...{ state: 'safe', uploadId: null, waiting: null, problem: null, receiptId: null, completedAt: null },
    ...{ sentBytes: 0, neededBytes: 0, departed: 0, counts: null, reasons: null, rank: null, score: null },
    ...{ named: true, packing: false, paused: false },
    ...more,
  }) as StudyRow;

async function databaseWith(...rows: StudyRow[]) {
  const { database } = await openDevice();
  await database.studies.bulkAdd(rows);
  return database;
}

test('every account with waiting studies is reported, and each new one, but none whose studies are finished', async () => {
  const database = await databaseWith(
    row('a', 'ann'),
    row('b', 'ben', { state: 'done' }),
    row('c', null, { state: 'taken-back' }),
  );
  const told: string[] = [];
  let heard = Promise.withResolvers<void>();
  const stop = watchAccounts(database, (accounts) => {
    told.push(accounts.join());
    heard.resolve();
  });
  await heard.promise;
  heard = Promise.withResolvers();
  await database.studies.update('a', { sentBytes: 5 });
  await database.studies.add(row('d', 'dan'));
  await heard.promise;
  stop();
  assert.equal(told, ['ann', 'ann,dan']);
});

test('studies queued while nobody was signed in go to the person who signs in, other people’s do not', async () => {
  const database = await databaseWith(row('a', 'ann'), row('n', null));
  await claimNobodys(database, 'ben');
  assert.equal(valuesOf(await database.studies.toArray(), 'id', 'account'), [
    ['a', 'ann'],
    ['n', 'ben'],
  ]);
});

test('an ended right is noted on all of its account’s open studies, and on no others; a new right clears the note', async () => {
  const others: Partial<StudyRow>[] = [
    { state: 'done' },
    { state: 'failed' },
    { state: 'attention' },
    { waiting: 'interrupted' },
  ];
  const database = await databaseWith(
    row('a', 'ann'),
    row('b', 'ann', { state: 'at-gateway', waiting: 'pacs-unreachable' }),
    row('z', 'ben', { waiting: 'signed-out' }),
    ...others.map((more, index) => row(`o${index}`, 'ann', more)),
  );
  const waiting = async () => (await database.studies.toArray()).map((study) => study.waiting);
  await tellOwnerMissing(database, 'ann', true);
  assert.equal(await waiting(), ['signed-out', 'signed-out', null, null, null, 'interrupted', 'signed-out']);
  await tellOwnerMissing(database, 'ann', false);
  assert.equal(await waiting(), [null, null, null, null, null, 'interrupted', 'signed-out']);
});

test.run();
