/**
 * A short run of `npm run lab -- hostile`: every recipe, smaller. It looks at answers and counts; how long the
 * gateway stands still and how much memory it takes is for the long run, which knows the machine.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skipped } from '#testing/environment.ts';
import { findOrthanc } from '../../system/orthanc.ts';
import { RECIPES } from './recipes.ts';
import { describeAttack, runHostile } from './run-hostile.ts';

const SEED = Number(process.env.RELAY_SEED ?? 1);

const test = suite('hostile');
if ((await findOrthanc()) === null) skipped('hostile recipes', 'Orthanc is not installed');
else
  test(`a hostile account, device or stranger gets its answer, and other people’s studies arrive (seed ${SEED})`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'relay-hostile-'));
    try {
      const report = await runHostile({ folder, seed: SEED, factor: 0.05, say: () => undefined });
      const wrong = report.attacks.filter(({ isRight }) => !isRight).map(describeAttack);
      assert.equal(wrong, []);
      assert.is(report.attacks.length, 3 * RECIPES.length);
      assert.ok(report.hasSurvived, 'the same process');
      assert.ok(report.honest.sent > 0);
      assert.is(report.honest.stored, report.honest.sent, 'every honest study is stored');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

test.run();
