/**
 * `npm run lab -- hostile [--seed N] [--only NAME]`: recipes by which a gateway was stopped or filled, run by
 * an account, a device and a stranger while a tablet uploads. Prints for each how long the gateway's event
 * loop stood still and how much memory it took, and exits 0 where every answer was right, nothing blocked for
 * longer than 200 ms (times the calibration) or took more than 400 MB, and every honest study was stored.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { calibrate, describeCalibration } from '../calibration.ts';
import { runHostile } from './hostile/run-hostile.ts';

const BLOCKED_MS = 200;
const GROWN_BYTES = 400e6;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { seed: { type: 'string' }, only: { type: 'string' } },
  });
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  if (!Number.isSafeInteger(seed)) {
    process.stderr.write('usage: npm run lab -- hostile [--seed N] [--only NAME]\n');
    return 2;
  }
  const calibration = await calibrate();
  say(`seed ${seed}; ${describeCalibration(calibration)}`);
  const folder = await mkdtemp(join(tmpdir(), 'relay-hostile-'));
  try {
    const { attacks, honest, hasSurvived } = await runHostile({
      ...{ folder, seed, factor: 1, say },
      ...(values.only === undefined ? {} : { only: values.only }),
    });
    const blockedMs = Math.max(...attacks.map((attack) => attack.blockedMs));
    const grownBytes = Math.max(...attacks.map((attack) => attack.grownBytes));
    const wrong = attacks.filter(({ isRight }) => !isRight).length;
    say(
      `seed ${seed}: ${attacks.length} attacks, ${wrong} answered wrongly; longest block ${blockedMs.toFixed(0)} ms, ` +
        `memory +${(grownBytes / 1e6).toFixed(0)} MB; ${honest.stored} of ${honest.sent} honest studies stored`,
    );
    const isHeld =
      hasSurvived &&
      wrong === 0 &&
      honest.stored === honest.sent &&
      grownBytes <= GROWN_BYTES &&
      blockedMs <= BLOCKED_MS * calibration.ratio;
    return isHeld ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
