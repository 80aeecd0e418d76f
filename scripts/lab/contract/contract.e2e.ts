// test:all: brings TypeScript 5 and a generator from npm; openapi.test.ts holds the document by day
/** Clients that know nothing but `/openapi.json` send a study, by parcels and by STOW-RS, and read its receipt. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip, skipped } from '#testing/environment.ts';
import { noPacsBecause } from '#testing/world.ts';
import { CLIENTS, openContractWorld } from '../contract.ts';

const test = suite('clients made of the contract');
const why = await noPacsBecause();

if (why !== null) skipped('clients made of the contract', why);
else {
  let world: Awaited<ReturnType<typeof openContractWorld>>;
  test.before(async () => {
    world = await openContractWorld();
  });
  test.after(() => world?.close());

  for (const client of ['TypeScript', 'Python'] as const)
    test(`a ${client} client sends a study, reads its receipt, and stores an instance by STOW-RS`, async () => {
      const because = await CLIENTS[client].why();
      if (because !== null) skip(`a client in ${client}`, because);
      assert.match(await world.send(client), /\b[1-9]\d* instances in the receipt, and one by STOW-RS$/);
    });
}

test.run();
