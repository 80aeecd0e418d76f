/**
 * `npm run lab -- bodies [--seed N] [--groups NAME,…] [--names PATTERN] [--only NAME] [--instances N]
 * [--without NAME]`: the worst bodies that fit, by contract: from `/openapi.json` every route × content type × caller,
 * the same for answers of a destination, DIMSE messages and files, while other people send studies. Nothing here names
 * a route: a new one is attacked too. Prints for each group the longest turn of the gateway's event loop, in
 * milliseconds of its thread's processor time without garbage collection, which stands beside it; and the most memory
 * and time.
 *
 * Exits 0 where no turn took more than 50 ms (100 ms for a body that is taken; times the calibration), no attack took
 * more than 300 MB of memory, the gateway keeps no more once all is over, every answer was right, and every honest
 * study ended with a receipt. `--groups`: answers, slow, dimse, routes, files; `--names`: attacks that the pattern
 * matches; `--only`: the one of this name. `--instances`: of the large honest study, by default as many as a manifest
 * may name; 0: nobody else is at work.
 * `--without`: one defence (defences.ts), or `all` one after the other, is switched off in a copy of the project, and
 * the exit is 0 where each run found a hold.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MANIFEST_INSTANCE_LIMIT } from '#shared/protocol/limits.ts';
import { copyWith } from '#testing/mutated-copy.ts';
import { calibrateThread, describeCalibration } from '../calibration.ts';
import { DEFENCES } from './bodies/defences.ts';
import { GROUPS, type Attack } from './bodies/attack.ts';
import { describeAttack, describeReport, faultsOf, HEAD, isHold, type Limits } from './bodies/judge.ts';
import { runBodies, type BodiesSettings } from './bodies/run-bodies.ts';
import type { Defence } from './hostile/defences.ts';

const HELD_MS = 50;
const HELD_TAKEN_MS = 100;
const GROWN_BYTES = 300e6;
/** Shorter turns are not told one by one. */
const TOLD_MS = 20;
const USAGE = `usage: npm run lab -- bodies [--seed N] [--groups ${GROUPS.join()}] [--names PATTERN] [--only NAME]
  [--instances N] [--without NAME]\nNAME all, or one of\n`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A busy machine makes a thread wait, not work longer: limits are of the processor's time alone. */
async function limitsHere(seed: number): Promise<Limits> {
  const calibration = await calibrateThread();
  const { threadRatio } = calibration;
  say(`seed ${seed}; ${describeCalibration(calibration)}; of the processor's time ${threadRatio.toFixed(2)}`);
  return { heldMs: HELD_MS * threadRatio, heldTakenMs: HELD_TAKEN_MS * threadRatio, grownBytes: GROWN_BYTES };
}

type Chosen = Pick<BodiesSettings, 'seed' | 'instances' | 'groups' | 'isChosen' | 'root' | 'isLast'>;

/** The faults of a run, and the report in lines. */
async function runIn(chosen: Chosen, limits: Limits) {
  const folder = await mkdtemp(join(tmpdir(), 'relay-bodies-'));
  say(HEAD);
  try {
    const report = await runBodies({
      ...{ ...chosen, folder, enoughMs: limits.heldMs, littleBytes: limits.grownBytes },
      say: (attack) => {
        if (attack.heldMs > TOLD_MS || attack.fault !== null) say(describeAttack(attack));
      },
    });
    return { lines: describeReport(report), faults: faultsOf(report, limits) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whether the run finds that it is missing. */
async function isMissed({ name, recipes, lines }: Defence, seed: number, limits: Limits): Promise<boolean> {
  say(`without: ${name}`);
  const copy = await copyWith(lines);
  try {
    const pattern = new RegExp(recipes.join('|'));
    const isChosen = (attack: string): boolean => pattern.test(attack);
    const isLast = (attack: Attack): boolean => isHold(attack, limits);
    const groups = ['routes', 'answers'] as const;
    const chosen = { seed, instances: 0, groups, isChosen, isLast, root: copy.root };
    const { faults } = await runIn(chosen, limits);
    const holds = faults.filter((fault) => fault.includes(' held the event loop '));
    say(holds.length > 0 ? `  red: ${holds.join('; ')}` : '✘ green: no hold was found');
    return holds.length > 0;
  } finally {
    await copy.remove();
  }
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ seed: { type: 'string' }, groups: { type: 'string' }, names: { type: 'string' } },
      ...{ only: { type: 'string' }, instances: { type: 'string' }, without: { type: 'string' } },
    },
  });
  const { only, without, names = '' } = values;
  const groups = GROUPS.filter((group) => values.groups?.split(',').includes(group) ?? true);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const instances = Number(values.instances ?? MANIFEST_INSTANCE_LIMIT);
  const missing = DEFENCES.filter(({ name }) => without === 'all' || name === without);
  const isUnknown = without !== undefined && missing.length === 0;
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(instances) || isUnknown) {
    process.stderr.write(USAGE + DEFENCES.map(({ name }) => `  ${name}\n`).join(''));
    return 2;
  }
  const limits = await limitsHere(seed);
  let unnoticed = 0;
  for (const one of missing) if (!(await isMissed(one, seed, limits))) unnoticed += 1;
  if (without !== undefined) return unnoticed === 0 ? 0 : 1;
  const pattern = new RegExp(names, 'i');
  const isChosen = (name: string): boolean => (only === undefined ? pattern.test(name) : name === only);
  const { lines, faults } = await runIn({ seed, instances, groups, isChosen }, limits);
  for (const line of lines) say(line);
  for (const fault of faults) say(`✘ ${fault}`);
  return faults.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
