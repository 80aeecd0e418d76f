/**
 * `npm run lab -- clocks [--seed N] [--rounds 7]`: the clocks of a gateway and of its PostgreSQL are set, ahead and
 * behind, by two hours and by a year, while studies wait and while the PACS lags or is away. Seven rounds hold
 * nearly every way to do so. Exits 0 if every study was stored, once, within two minutes of the PACS's return, and
 * nobody was told of a loss.
 */
import { rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { findFaketime } from '../system/shifted-clock.ts';
import { drawRounds, runClocks } from './clocks/run-clocks.ts';
import { makeWorkplace } from './database/workplace.ts';

const WITHIN_MS = 120_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      rounds: { type: 'string', default: '7' },
    },
  });
  const library = await findFaketime();
  if (library === null) {
    process.stderr.write('libfaketime is not installed (Debian: apt-get install libfaketime).\n');
    return 1;
  }
  const seed = Number(values.seed);
  const folder = await makeWorkplace('relay-lab-clocks-');
  try {
    const { studies, longestMs, faults } = await runClocks({
      ...{ folder, library, seed, say },
      ...{ rounds: drawRounds(seed).slice(0, Number(values.rounds)), withinMs: WITHIN_MS },
    });
    for (const fault of faults) say(fault);
    say(
      `seed ${seed}: ${studies} studies, ${faults.length} faults, the slowest ended ${(longestMs / 1000).toFixed(1)} s after the PACS was back`,
    );
    return faults.length === 0 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
