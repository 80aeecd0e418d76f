import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { onDisk, openDevice } from '../../../testing/open-queue.ts';
import { countUnsent, forgetUnsent, keepUnsent, keptUnsent } from './unsent.ts';

const SAID = { verdict: 'correct', reason: 'PLANTED reason of a person' };
const OF_ANNA = { kind: 'verdict', account: 'anna' } as const;

test('an unsent verdict lies on the device unreadable, for its author alone, until it is forgotten', async () => {
  const { database } = await openDevice();
  const place = { ...OF_ANNA, id: 'one' };
  await keepUnsent(database, place, { verdict: 'agree' });
  await keepUnsent(database, place, SAID);
  await keepUnsent(database, { ...OF_ANNA, id: 'two' }, SAID);
  assert.not.match(await onDisk(database), 'PLANTED');
  assert.equal(await keptUnsent(database, OF_ANNA), [SAID, SAID], 'one for each result, the last one');
  assert.equal(await keptUnsent(database, { ...OF_ANNA, account: 'ann' }), [], 'no one else has it');
  await forgetUnsent(database, place);
  assert.is((await keptUnsent(database, OF_ANNA)).length, 1);
});

test('verdicts and steps of reviews under one id are two, and both are counted', async () => {
  const { database } = await openDevice();
  const step = { ...OF_ANNA, kind: 'step', id: 'one' } as const;
  await keepUnsent(database, { ...OF_ANNA, id: 'one' }, SAID);
  await keepUnsent(database, step, { answers: {} });
  assert.equal(await keptUnsent(database, step), [{ answers: {} }]);
  assert.equal(await keptUnsent(database, OF_ANNA), [SAID]);
  assert.equal([await countUnsent(database, 'anna'), await countUnsent(database, 'ann')], [2, 0]);
  await forgetUnsent(database, step);
  assert.equal([await keptUnsent(database, OF_ANNA), await countUnsent(database, 'anna')], [[SAID], 1]);
});

test('a verdict under another result’s name does not open', async () => {
  const { database } = await openDevice();
  await keepUnsent(database, { ...OF_ANNA, id: 'one' }, SAID);
  const row = (await database.device.where('name').startsWith('verdict/').first())!;
  await database.device.put({ name: 'verdict/anna/two', value: row.value });
  assert.is((await keptUnsent(database, OF_ANNA)).length, 1);
});

test.run();
