/** A short run before a PACS that lies, always the same; the long one is `npm run lab -- lying-pacs`. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openTestGround, type TestGround } from '../testing/open-pipeline.ts';
import { addTally, emptyTally, sum } from './judge-receipts.ts';
import { KINDS, variantsOf } from './liar.ts';
import { runWorld } from './lies.ts';

const SEED = Number(process.env['RELAY_SEED'] ?? 1);
const WORLDS = Number(process.env['RELAY_TEST_RUNS'] ?? variantsOf(KINDS).length);

const test = suite('before a PACS that lies');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

test('no receipt says stored, refused or lost of what is not, nothing is posted again, and every study ends', async () => {
  const tally = emptyTally();
  for (let nth = 0; nth < WORLDS; nth += 1)
    addTally(tally, await runWorld({ ground, seed: SEED, nth, kinds: KINDS }));
  assert.equal(tally.wrong, [], `seed ${SEED}`);
  assert.is(tally.worlds, WORLDS);
  assert.ok(sum(tally.faults) > 10 * WORLDS, `only ${sum(tally.faults)} faults`);
  assert.ok(tally.receipts >= tally.studies, `${tally.receipts} receipts of ${tally.studies} studies`);
});

test.run();
