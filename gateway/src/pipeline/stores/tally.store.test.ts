/** Minutes are counted, however many gateways count them and whatever becomes of one. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Database } from '../../database/database.ts';
import { openTestDatabase } from '../../testing/open-database.ts';
import { countedMinutes, createMinuteCounter } from './tally.store.ts';

const test = suite('the minutes in which a gateway ran');
let database: Database;
test.before(async () => {
  database = await openTestDatabase();
});
test.after(() => database.close());

/** How many minutes were counted meanwhile. */
async function counted(during: () => Promise<void>): Promise<number> {
  const before = await countedMinutes(database.db);
  await during();
  return (await countedMinutes(database.db)) - before;
}

test('are counted from the second call on: a start is no minute', async () => {
  const tick = createMinuteCounter(database.db);
  assert.is(await counted(tick), 0);
  assert.is(await counted(tick), 1);
  assert.is(await counted(tick), 1);
});

test('are counted once, however many gateways count', async () => {
  const ticks = [1, 2, 3].map(() => createMinuteCounter(database.db));
  for (const tick of ticks) await tick();
  for (let minute = 0; minute < 5; minute += 1)
    assert.is(
      await counted(async () => {
        for (const tick of ticks) await tick();
      }),
      1,
    );
  assert.is(await counted(async () => void (await Promise.all(ticks.map((tick) => tick())))), 1, 'at once');
});

test('continue when the gateway that counted is gone, and one that was away for long brings none with it', async () => {
  const one = createMinuteCounter(database.db);
  const two = createMinuteCounter(database.db);
  for (const tick of [one, two, one, one]) await tick();
  assert.is(await counted(two), 0, 'somebody else counted since it last looked');
  assert.is(await counted(two), 1);
});

test.run();
