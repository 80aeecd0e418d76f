// test:all: faults that coincide; each alone is in kill-each-stage, killed-store and upload-right
/**
 * A short run of `npm run lab -- chaos`: studies travel from a browser and from the command line while both, the
 * gateways, the database, the PACS, the link, the disks and the clocks fail by a schedule whose seed is
 * printed. `RELAY_SEED` gives another, `RELAY_CHAOS_MINUTES` makes it longer.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { removeWorld, runChaos } from './run-chaos.ts';
import { findOrthanc } from '../../system/orthanc.ts';

const SEED = Number(process.env.RELAY_SEED ?? 1);
const MINUTES = Number(process.env.RELAY_CHAOS_MINUTES ?? 0.5);
/** Everything ends within a minute after its repair; a busy machine takes its time. */
const PATIENCE_MS = 600_000 + MINUTES * 60_000;

const test = suite('chaos');
const { chromium } = testEnvironment();
const why = (await findOrthanc()) === null ? 'Orthanc is not installed' : null;

if (why !== null) skipped('everything breaks while studies travel', why);
else {
  if (chromium === null) skipped('the browser breaks while studies travel', 'there is no Chromium');

  test(`whatever breaks while studies travel, each instance ends in the PACS once and bit for bit (seed ${SEED})`, async () => {
    const lines: string[] = [];
    const say = (line: string): void => void lines.push(line);
    const folder = await mkdtemp(join(tmpdir(), 'relay-chaos-'));
    const result = await runChaos({
      folder,
      seed: SEED,
      minutes: MINUTES,
      chromium,
      say,
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).catch((error: Error) => {
      throw new Error(`seed ${SEED}: ${error.message}\n${lines.join('\n')}`);
    });
    assert.is(result.kind, 'judged', `seed ${SEED}: it has not ended in time\n${lines.join('\n')}`);
    if (result.kind !== 'judged') return;
    const { state, verdict } = result;
    process.stdout.write(
      `\nseed ${SEED}: ${Object.entries(state.faults)
        .map(([name, times]) => `${name} ${times}`)
        .join(', ')}\n${JSON.stringify(verdict.figures)}\n`,
    );
    for (const [name, because] of Object.entries(state.skipped)) skipped(`chaos: ${name}`, because);
    assert.equal(
      verdict.faults,
      [],
      `npm run lab -- chaos --seed ${SEED} --minutes ${MINUTES}\n${lines.join('\n')}`,
    );
    await removeWorld(folder);
  });
}

test.run();
