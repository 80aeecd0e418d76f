/**
 * `npm run lab -- database [--rounds 50] [--cuts 20] [--disks 10] [--seed N]`: tests whether the embedded database
 * loses nothing. SIGKILL of it, of the gateway and of both under load; power cuts; full disks that are emptied in
 * steps; starts as root and not, in a path with spaces; the seconds of starts and the idle memory. Exits 0 when
 * nothing was lost or doubled, and what brings something to a full disk was always answered 507.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { canMeasureMemory } from '#testing/process-memory.ts';
import { seededRandom } from '#testing/synthetic-study.ts';
import { emptyDisk, findWrongAnswers, mountSmallDisk } from './database/full-disk.ts';
import { killUnderLoad, VICTIMS } from './database/kill.ts';
import { compileForgetfulDisk, cutPower, openForgetfulDisk } from './database/power-cut.ts';
import { measureStarts } from './database/starts.ts';
import { makeWorkplace } from './database/workplace.ts';

/** From full to empty. */
const DISK_STEPS = 8;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function starts(folder: string): Promise<readonly string[]> {
  if (!canMeasureMemory) return [];
  const place = join(folder, 'a path with spaces');
  for (const { name, readyMs, gatewayMb, databaseMb } of await measureStarts(place))
    say(`${name}: ready after ${readyMs} ms; idle: gateway ${gatewayMb} MB, database ${databaseMb} MB`);
  return [];
}

async function kills(folder: string, rounds: number, random: () => number): Promise<readonly string[]> {
  const victims = Array.from({ length: rounds }, () => VICTIMS[Math.floor(random() * VICTIMS.length)]!);
  const outcomes = await killUnderLoad(join(folder, 'kills'), victims, random, say);
  return outcomes.flatMap(({ faults }) => faults);
}

async function cuts(folder: string, rounds: number, random: () => number): Promise<readonly string[]> {
  const library = await compileForgetfulDisk(folder);
  if (library === null) {
    say('without power cuts: there is no C compiler, or no LD_PRELOAD');
    return [];
  }
  const disk = await openForgetfulDisk(join(folder, 'cuts'), library);
  return (await cutPower(disk, rounds, random, say)).flatMap(({ faults }) => faults);
}

async function fullDisks(folder: string, disks: number, seed: number): Promise<readonly string[]> {
  const faults: string[] = [];
  for (let nr = seed; nr < seed + disks; nr += 1) {
    const small = join(folder, `small-${nr}`);
    await mkdir(small);
    const unmount = await mountSmallDisk(small);
    if (unmount === null) {
      say('without a full disk: this user may not mount one');
      return faults;
    }
    const settings = { folder: small, seed: nr, steps: DISK_STEPS, random: seededRandom(nr) };
    const outcome = await emptyDisk(settings).finally(unmount);
    const wrong = findWrongAnswers(outcome);
    const free = outcome.steps.map(({ freeMb, isLow }) => `${freeMb}${isLow === false ? '' : '!'}`).join(' ');
    say([`disk ${nr}: ${free} MB, ${outcome.acknowledged} acknowledged`, ...wrong].join('; '));
    faults.push(...wrong);
  }
  return faults;
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '50' },
      cuts: { type: 'string', default: '20' },
      disks: { type: 'string', default: '10' },
      seed: { type: 'string', default: '1' },
    },
  });
  const rounds = Number(values.rounds);
  const cutRounds = Number(values.cuts);
  const disks = Number(values.disks);
  const seed = Number(values.seed);
  const folder = await makeWorkplace('relay-lab-database-');
  say(
    `seed ${seed}, ${rounds} kills, ${cutRounds} power cuts, ${disks} full disks, ${process.getuid?.() === 0 ? 'as root' : 'not as root'}`,
  );
  try {
    const faults = [
      ...(await starts(folder)),
      ...(await kills(folder, rounds, seededRandom(seed))),
      ...(await cuts(folder, cutRounds, seededRandom(seed))),
      ...(await fullDisks(folder, disks, seed)),
    ];
    for (const fault of faults) say(fault);
    say(faults.length === 0 ? '0 lost, 0 doubled' : `${faults.length} faults`);
    return faults.length === 0 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
