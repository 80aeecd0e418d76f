/**
 * `npm run lab -- database [--rounds 50] [--cuts 20] [--seed N]`: tests whether the embedded database loses
 * nothing. SIGKILL of it, of the gateway and of both under load; power cuts; a full disk; starts as root and
 * not, in a path with spaces; the seconds of starts and the idle memory. Exits 0 when nothing was lost or
 * doubled.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { canMeasureMemory } from '#testing/process-memory.ts';
import { seededRandom } from '#testing/synthetic-study.ts';
import { fillDisk, mountSmallDisk } from './database/full-disk.ts';
import { killUnderLoad, VICTIMS } from './database/kill.ts';
import { compileForgetfulDisk, cutPower, openForgetfulDisk } from './database/power-cut.ts';
import { measureStarts } from './database/starts.ts';
import { makeWorkplace } from './database/workplace.ts';

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

async function fullDisk(folder: string): Promise<readonly string[]> {
  const small = join(folder, 'small');
  await mkdir(small);
  const unmount = await mountSmallDisk(small);
  if (unmount === null) {
    say('without a full disk: this user may not mount one');
    return [];
  }
  try {
    const { acknowledged, refusals, unexpected, faults } = await fillDisk(small);
    const told = [...refusals].map(([status, times]) => `${times} × ${status}`).join(', ');
    for (const line of unexpected) say(JSON.stringify(line));
    say(`a full disk: refused (${told}), resumed, ${acknowledged} acknowledged`);
    return faults;
  } finally {
    await unmount();
  }
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '50' },
      cuts: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
    },
  });
  const rounds = Number(values.rounds);
  const cutRounds = Number(values.cuts);
  const seed = Number(values.seed);
  const folder = await makeWorkplace('relay-lab-database-');
  say(
    `seed ${seed}, ${rounds} kills, ${cutRounds} power cuts, ${process.getuid?.() === 0 ? 'as root' : 'not as root'}`,
  );
  try {
    const faults = [
      ...(await starts(folder)),
      ...(await kills(folder, rounds, seededRandom(seed))),
      ...(await cuts(folder, cutRounds, seededRandom(seed))),
      ...(await fullDisk(folder)),
    ];
    for (const fault of faults) say(fault);
    say(faults.length === 0 ? '0 lost, 0 doubled' : `${faults.length} faults`);
    return faults.length === 0 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
