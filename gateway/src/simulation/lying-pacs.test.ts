/**
 * A short run before a PACS that lies, always the same; the long one is `npm run lab -- lying-pacs`, which
 * says by RELAY_SEED and RELAY_TEST_RUNS what it wants of it.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createStowPacs } from '../ports/pacs/stow-pacs.ts';
import { openTestGround, type TestGround } from '../testing/open-pipeline.ts';
import { runLies } from './lies.ts';

const SEED = Number(process.env['RELAY_SEED'] ?? 1);
const STUDIES = Number(process.env['RELAY_TEST_RUNS'] ?? 20);
const TOLD_EVERY = 50;

const test = suite('before a PACS that lies');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

test('no receipt says stored, refused or lost of what is not, nothing is posted again, and every study ends', async () => {
  const isLong = process.env['RELAY_TEST_RUNS'] !== undefined;
  const tally = await runLies({
    ground,
    seed: SEED,
    studies: STUDIES,
    openPacs: (url) => createStowPacs({ url, authorization: null }),
    progress: ({ studies, faults, wrong }) => {
      if (isLong && studies % TOLD_EVERY === 0)
        process.stderr.write(`${studies} studies, ${faults} faults, ${wrong.length} wrong\n`);
    },
  });
  if (isLong) process.stderr.write(`${JSON.stringify({ seed: SEED, ...tally }, null, 2)}\n`);
  assert.equal(tally.wrong, [], `seed ${SEED}`);
  assert.is(tally.studies, STUDIES);
  assert.ok(tally.faults > STUDIES, `only ${tally.faults} faults`);
});

test.run();
