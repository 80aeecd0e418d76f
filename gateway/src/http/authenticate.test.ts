import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import { openDatabase } from '../database/database.ts';
import { createTestDatabase } from '../testing/open-database.ts';
import { createRemembered } from './authenticate.ts';

const test = suite('callers that gateways remember');

test('an account that changes at one gateway is forgotten by the other, long before its memory ends', async () => {
  const shared = await createTestDatabase();
  const open = () => openDatabase({ kind: 'server', url: shared.url });
  const gateways = [await open(), await open()] as const;
  let rights = 'technician';
  // The clock stands still: what is remembered never expires.
  const [here, there] = await Promise.all(
    gateways.map(async (database) =>
      createRemembered(
        async () => rights,
        () => 0,
        await database.shared!.channel('rights'),
      ),
    ),
  );
  assert.equal([await here!.find('a'), await there!.find('a')], ['technician', 'technician']);
  rights = 'auditor';
  assert.equal([await here!.find('a'), await there!.find('a')], ['technician', 'technician']);
  here!.forget('a');
  assert.is(await here!.find('a'), 'auditor');
  await until('the other gateway to forget', async () => (await there!.find('a')) === 'auditor');
  for (const database of gateways) await database.close();
  await shared.drop();
});

test.run();
