// test:all: attacks on a whole gateway; hostile-input and the tests of http/ and intake/ hold each defence by day
/**
 * A short run of `npm run lab -- hostile`: every recipe, smaller. It looks at answers, counts and what one account
 * sees of another; how long the gateway stands still and how much memory it takes is for the long run, which knows
 * the machine.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skipped } from '#testing/environment.ts';
import { copyWith } from '#testing/mutated-copy.ts';
import { findOrthanc } from '../../system/orthanc.ts';
import { DEFENCES } from './defences.ts';
import { faultsOf } from './judge.ts';
import { RECIPES } from './recipes.ts';
import { runHostile, type HostileSettings } from './run-hostile.ts';

const SEED = Number(process.env.RELAY_SEED ?? 1);
const LIMITS = { workMs: null, blockedMs: null, grownBytes: null };

const run = (chosen: Pick<HostileSettings, 'only' | 'by' | 'root'>) =>
  runHostile({ ...chosen, seed: SEED, factor: 0.05, say: () => undefined });

const test = suite('hostile');
if ((await findOrthanc()) === null) skipped('hostile recipes', 'Orthanc is not installed');
else {
  test(`a hostile account, device or stranger gets its answer and sees nothing, and other people’s studies arrive (seed ${SEED})`, async () => {
    const report = await run({});
    assert.equal(faultsOf(report, LIMITS), []);
    assert.is(report.attacks.length, 3 * RECIPES.length);
  });

  test('a gateway that shows uploads to others is found out', async () => {
    const missing = DEFENCES.find(({ name }) => name === 'an upload is shown to the one who made it')!;
    const copy = await copyWith(missing.lines);
    try {
      const faults = faultsOf(
        await run({ only: missing.recipes, by: ['account'], root: copy.root }),
        LIMITS,
      ).join('\n');
      assert.match(faults, /account sees \/upload\/\S+\/status\S*: 200/);
    } finally {
      await copy.remove();
    }
  });
}

test('each defence has recipes that find it missing', () => {
  const names = RECIPES.map(({ name }) => name);
  for (const { name, recipes } of DEFENCES)
    for (const recipe of recipes) assert.ok(names.includes(recipe), `${name}: ${recipe}`);
});

test.run();
