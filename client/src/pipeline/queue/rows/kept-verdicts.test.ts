import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { onDisk, openDevice } from '../../../testing/open-queue.ts';
import { forgetVerdict, keepVerdict, keptVerdicts } from './kept-verdicts.ts';

const SAID = { verdict: 'correct', reason: 'PLANTED reason of a person' };

test('an unsent verdict lies on the device unreadable, for its author alone, until it is forgotten', async () => {
  const { database } = await openDevice();
  const place = { account: 'anna', resultId: 'one' };
  await keepVerdict(database, place, { verdict: 'agree' });
  await keepVerdict(database, place, SAID);
  await keepVerdict(database, { account: 'anna', resultId: 'two' }, SAID);
  assert.not.match(await onDisk(database), 'PLANTED');
  assert.equal(await keptVerdicts(database, 'anna'), [SAID, SAID], 'one for each result, the last one');
  assert.equal(await keptVerdicts(database, 'ann'), [], 'no one else has it');
  await forgetVerdict(database, place);
  assert.is((await keptVerdicts(database, 'anna')).length, 1);
});

test('a verdict under another result’s name does not open', async () => {
  const { database } = await openDevice();
  await keepVerdict(database, { account: 'anna', resultId: 'one' }, SAID);
  const row = (await database.device.where('name').startsWith('verdict/').first())!;
  await database.device.put({ name: 'verdict/anna/two', value: row.value });
  assert.is((await keptVerdicts(database, 'anna')).length, 1);
});

test.run();
