/**
 * `npm run lab -- deid-fuzz [--inputs 100000] [--seed N] [--json]`: reader and de-identifier under
 * instances that fast-check makes and files that are mutated, each with identities planted in it. Exits 0
 * where none crashed, none hung, and no identity came out in a byte, a report or a reason. The same seed gives
 * the same inputs (with the same corpus).
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { testEnvironment } from '#testing/environment.ts';
import { runFuzz } from './deid-fuzz/run-fuzz.ts';

const USAGE = 'usage: npm run lab -- deid-fuzz [--inputs N] [--seed N] [--json]';
const INPUTS = 100_000;
/** Each holds the files that it mutates. */
const THREADS_AT_MOST = 4;
const TOLD_EVERY = 10_000;
/** Characters of an input that a terminal is shown. */
const SHOWN = 20_000;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { inputs: { type: 'string' }, seed: { type: 'string' }, json: { type: 'boolean' } },
  });
  const inputs = Number(values.inputs ?? INPUTS);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  if (!Number.isSafeInteger(inputs) || inputs < 1 || !Number.isSafeInteger(seed)) {
    say(USAGE);
    return 2;
  }
  const { corpus } = testEnvironment();
  say(
    `seed ${seed}, ${inputs} inputs, ${corpus === null ? 'synthetic files alone: there is no corpus' : 'with files of the corpus'}`,
  );
  let told = 0;
  const progress = (run: number): void => {
    if (run - told < TOLD_EVERY) return;
    told = run;
    say(`${told} …`);
  };
  const report = await runFuzz({
    inputs,
    seed,
    corpus,
    threads: Math.min(THREADS_AT_MOST, availableParallelism()),
    progress,
  });
  const counts = Object.entries(report.outcomes).sort(([, a], [, b]) => b - a);
  for (const [name, count] of counts) say(`${String(count).padStart(8)}  ${name}`);
  for (const { what, about, withOptions, base64, seed: ofBatch } of report.faults) {
    const input = base64.length > SHOWN ? `${base64.length} characters of base64: --json has them` : base64;
    say(
      `FAULT: ${what}\n  ${about.slice(0, 600)}\n  ${withOptions ? 'all options' : 'plain profile'}, batch ${ofBatch}, ${input}`,
    );
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ seed, ...report }, null, 2)}\n`);
  say(
    `seed ${seed}: ${report.run} inputs in ${(report.ms / 1000).toFixed(1)} s, ${Math.round((report.run * 1000) / report.ms)} a second; ` +
      `${report.faults.length} kinds of faults, ${report.hangs} hung, ${report.crashes} threads ended`,
  );
  return report.faults.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
