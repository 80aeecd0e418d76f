/** Finished studies leave the device after a month; anything that waits stays, however old it is. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DAY_MS } from '#shared/day.ts';
import { openDevice, queueStudy } from '../../../testing/open-queue.ts';
import { forgetFinished, KEPT_DAYS } from './forget-finished.ts';
import type { StudyRow } from './local-database.ts';

const FINISHED_AT = 1_000;
const MONTH_LATER = FINISHED_AT + KEPT_DAYS * DAY_MS;

async function leftAt(now: number, row: Partial<StudyRow>): Promise<{ studies: number; instances: number }> {
  const { database, ...device } = await openDevice();
  await queueStudy({ database, ...device }, 'study', [10]);
  await database.studies.update('study', { completedAt: FINISHED_AT, ...row });
  await forgetFinished(database, now);
  return { studies: await database.studies.count(), instances: await database.instances.count() };
}

const GONE = { studies: 0, instances: 0 };
const HERE = { studies: 1, instances: 1 };

test('a finished or taken-back study goes with all its rows, and not before its time', async () => {
  for (const state of ['done', 'taken-back'] as const) {
    assert.equal(await leftAt(MONTH_LATER, { state }), HERE, state);
    assert.equal(await leftAt(MONTH_LATER + 1, { state }), GONE, state);
  }
});

test('without a time of its end the time counts at which it was queued', async () => {
  assert.equal(await leftAt(MONTH_LATER + 1, { state: 'done', completedAt: null }), GONE);
});

test('a study that waits, or of which a person must still decide something, stays', async () => {
  for (const state of ['reading', 'safe', 'uploading', 'at-gateway', 'attention', 'failed'] as const)
    assert.equal(await leftAt(MONTH_LATER * 2, { state }), HERE, state);
  const held = { reasons: [{ reason: 'burned-in-annotation', instances: 1 }], leftOut: 0 };
  assert.equal(await leftAt(MONTH_LATER * 2, { state: 'done', held }), HERE);
});

test.run();
