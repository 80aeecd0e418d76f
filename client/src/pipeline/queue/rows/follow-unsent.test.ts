import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openDevice } from '../../../testing/open-queue.ts';
import { readUnsent } from './follow-unsent.ts';
import { keepUnsent, keptUnsent } from './unsent.ts';

const PLACE = { kind: 'verdict', account: 'anna', id: 'one' } as const;

test('a tab that has read a verdict forgets that one, and none that was written later', async () => {
  const { database } = await openDevice();
  assert.is(await readUnsent(database, PLACE), null);
  await keepUnsent(database, PLACE, 'agree');
  const read = (await readUnsent(database, PLACE))!;
  assert.is(read.said, 'agree');
  await keepUnsent(database, PLACE, 'disagree');
  await read.forget();
  assert.equal(await keptUnsent(database, PLACE), ['disagree']);
  await (await readUnsent(database, PLACE))!.forget();
  assert.equal(await keptUnsent(database, PLACE), []);
});

test.run();
