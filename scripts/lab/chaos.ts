/**
 * `npm run lab -- chaos [--minutes 15] [--seed N] [--still 10]`: kills, cuts, pauses, fills or
 * misconfigures everything that it can while several studies travel; then everything is repaired, and the
 * PACS is compared with the queued studies. Exits 0 when nothing was lost, doubled or changed, and everything
 * came to its end.
 *
 * A run in which nothing has moved for `--still` minutes says where it stood, and fails.
 * A failed run keeps its folder and says how to repeat it.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { testEnvironment } from '#testing/environment.ts';
import { bringWebApp } from '../build.ts';
import { removeWorld, runChaos, STILL_MINUTES, type ChaosResult } from './chaos/run-chaos.ts';
import { Standstill } from './chaos/standstill.ts';

const USAGE = 'usage: npm run lab -- chaos [--minutes N] [--seed N] [--still N]';
const MINUTES = 15;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function report({ verdict, state }: Extract<ChaosResult, { kind: 'judged' }>, seed: number): void {
  say(
    `\nseed ${seed}: ${state.queued.length} studies, ${state.position} steps in ${(state.elapsedMs / 60_000).toFixed(1)} minutes`,
  );
  say(
    `faults: ${Object.entries(state.faults)
      .map(([name, times]) => `${name} ${times}`)
      .join(', ')}`,
  );
  for (const [name, why] of Object.entries(state.skipped)) say(`without "${name}": ${why}`);
  say(
    Object.entries(verdict.figures)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
  );
  say(verdict.bytes);
  for (const fault of verdict.faults) say(`FAULT: ${fault}`);
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string' },
      seed: { type: 'string' },
      still: { type: 'string' },
    },
  });
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const minutes = Number(values.minutes ?? MINUTES);
  const stillMinutes = Number(values.still ?? STILL_MINUTES);
  if (!Number.isSafeInteger(seed) || !(minutes > 0) || !(stillMinutes > 0)) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const folder = await mkdtemp(join(tmpdir(), 'relay-chaos-'));
  const interrupting = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interrupting.abort());
  say(`seed ${seed}, ${minutes} minutes, ${folder}`);
  const again = `npm run lab -- chaos --seed ${seed} --minutes ${minutes}`;
  const { chromium } = testEnvironment();
  if (chromium === null) say('without a browser: there is no Chromium');
  else await bringWebApp();
  try {
    const result = await runChaos({
      ...{ folder, seed, minutes, stillMinutes, chromium, say },
      signal: interrupting.signal,
    });
    if (result.kind === 'interrupted') {
      say('interrupted');
      return 1;
    }
    report(result, seed);
    if (result.verdict.faults.length > 0) {
      say(`its world is kept in ${folder}; again: ${again}`);
      return 1;
    }
    say('0 lost, 0 doubled, 0 wrong bytes');
    await removeWorld(folder);
    return 0;
  } catch (error) {
    const said = error instanceof Standstill ? error.message : inspect(error);
    say(`FAULT: ${said}\nits world is kept in ${folder}; again: ${again}`);
    return 1;
  }
}

process.exit(await main(process.argv.slice(2)));
