/**
 * `npm run lab -- hostile [--seed N] [--recipes NAME,…] [--without NAME]`: recipes by which a gateway was stopped,
 * filled or made to tell, run by an account, a device and a stranger while a tablet uploads. Prints for each how
 * long the gateway's event loop stood still (and how much of that its thread was at work) and how much memory it
 * took. Exits 0 where every answer was right, nothing blocked for longer than 200 ms of work (times the calibration) or
 * took more than 400 MB, no account saw anything of another, and every honest study was stored. `--without`: one
 * defence (defences.ts), or `all` one after the other, is switched off in a copy of the project, its recipes are
 * run by the account, and the exit is 0 where each run found it missing.
 */
import { parseArgs } from 'node:util';
import { copyWith } from '#testing/mutated-copy.ts';
import { calibrateThread, describeCalibration } from '../calibration.ts';
import { DEFENCES, type Defence } from './hostile/defences.ts';
import { faultsOf, type Limits } from './hostile/judge.ts';
import { runHostile, type HostileReport, type HostileSettings } from './hostile/run-hostile.ts';

const WORK_MS = 200;
/** Far above what a thread waits for a core of a busy machine. */
const BLOCKED_MS = 2_000;
const GROWN_BYTES = 400e6;
const USAGE = 'usage: npm run lab -- hostile [--seed N] [--recipes NAME,…] [--without NAME]\n';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

type Chosen = Pick<HostileSettings, 'seed' | 'only' | 'by' | 'root'>;

const runIn = (chosen: Chosen): Promise<HostileReport> => runHostile({ ...chosen, factor: 1, say });

function describeReport(seed: number, { attacks, honest }: HostileReport): string {
  const most = (of: (attack: HostileReport['attacks'][number]) => number): number =>
    Math.max(...attacks.map(of));
  return (
    `seed ${seed}: ${attacks.length} attacks; longest block ${most(({ atWorkMs }) => atWorkMs)} ms of work in ` +
    `${most(({ blockedMs }) => blockedMs)} ms, memory +${Math.round(most(({ grownBytes }) => grownBytes) / 1e6)} MB; ` +
    `${honest.stored} of ${honest.sent} honest studies stored`
  );
}

/** Whether the run finds that it is missing. */
async function isMissed({ name, recipes, lines }: Defence, seed: number, limits: Limits): Promise<boolean> {
  say(`without: ${name}`);
  const copy = await copyWith(lines);
  try {
    const faults = faultsOf(await runIn({ seed, only: recipes, by: ['account'], root: copy.root }), limits);
    say(faults.length > 0 ? `  red: ${faults.slice(0, 3).join('; ')}` : '✘ green: nothing was found');
    return faults.length > 0;
  } finally {
    await copy.remove();
  }
}

/** A busy machine makes a thread wait, not work longer: work is held against the processor's time alone. */
async function limitsHere(seed: number): Promise<Limits> {
  const calibration = await calibrateThread();
  const { threadRatio } = calibration;
  say(`seed ${seed}; ${describeCalibration(calibration)}; of the processor's time ${threadRatio.toFixed(2)}`);
  return {
    workMs: WORK_MS * threadRatio,
    blockedMs: BLOCKED_MS * calibration.ratio,
    grownBytes: GROWN_BYTES,
  };
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { seed: { type: 'string' }, recipes: { type: 'string' }, without: { type: 'string' } },
  });
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const { recipes, without } = values;
  const only = recipes?.split(',') ?? [''];
  const missing = DEFENCES.filter(({ name }) => without === 'all' || name === without);
  if (!Number.isSafeInteger(seed) || (without !== undefined && missing.length === 0)) {
    process.stderr.write(`${USAGE}NAME one of\n${DEFENCES.map(({ name }) => `  ${name}\n`).join('')}`);
    return 2;
  }
  const limits = await limitsHere(seed);
  let unnoticed = 0;
  for (const one of missing) if (!(await isMissed(one, seed, limits))) unnoticed += 1;
  if (without !== undefined) return unnoticed === 0 ? 0 : 1;
  const report = await runIn({ seed, only });
  say(describeReport(seed, report));
  const faults = faultsOf(report, limits);
  for (const fault of faults) say(`✘ ${fault}`);
  return faults.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
