// test:all: every kind of lie at once; lying-pacs.test.ts of forward and ill-pacs.test.ts guard it by day
/**
 * A short run before a PACS that lies, always the same; in the gate, each kind of PACS and each proof once. The
 * long one is `npm run lab -- lying-pacs`.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { everyNth } from '#testing/every-nth.ts';
import { openTestGround, type TestGround } from '../testing/open-pipeline.ts';
import { PROOFS } from '#shared/protocol/destination.ts';
import { addTally, emptyTally, sum } from './judge-receipts.ts';
import { KINDS, variantsOf } from './liar.ts';
import { runWorld } from './lies.ts';

const SEED = Number(process.env['RELAY_SEED'] ?? 1);
const RUNS = Number(process.env['RELAY_TEST_RUNS'] ?? variantsOf(KINDS).length);
const WORLDS = everyNth([...Array(RUNS).keys()], PROOFS.length + 1);

const test = suite('before a PACS that lies');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

test('no receipt says stored, refused or lost of what is not, nothing is posted again, and every study ends', async () => {
  const tally = emptyTally();
  for (const nth of WORLDS) addTally(tally, await runWorld({ ground, seed: SEED, nth, kinds: KINDS }));
  assert.equal(tally.wrong, [], `seed ${SEED}`);
  assert.is(tally.worlds, WORLDS.length);
  assert.ok(sum(tally.faults) > 10 * WORLDS.length, `only ${sum(tally.faults)} faults`);
  assert.ok(tally.receipts >= tally.studies, `${tally.receipts} receipts of ${tally.studies} studies`);
});

test.run();
