/**
 * How long each test file takes and how much processor time it needs, measured on an idle machine with `npm
 * test -- --weigh` and kept next to this file. They decide the order and grouping of the files, never an
 * outcome: a file without a weight counts as an average one.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../check/source-files.ts';
import type { FileReport } from './test-processes.ts';

export type Weight = { readonly seconds: number; readonly cpuSeconds: number };
type Weights = Readonly<Record<string, readonly [seconds: number, cpuSeconds: number]>>;

const PLACE = join(ROOT, 'scripts/proof/weights.json');
const UNIT: Weight = { seconds: 0.5, cpuSeconds: 0.5 };
const ALONE: Weight = { seconds: 20, cpuSeconds: 15 };

export const runsAlone = (file: string): boolean => /\.(e2e|simulation\.test)\.ts$/.test(file);

export async function readWeights(): Promise<(file: string) => Weight> {
  const weights: Weights = JSON.parse(await readFile(PLACE, 'utf8').catch(() => '{}'));
  return (file) => {
    const known = weights[file];
    if (known === undefined) return runsAlone(file) ? ALONE : UNIT;
    return { seconds: known[0], cpuSeconds: known[1] };
  };
}

/** Keeps the weights of files that did not run. */
export async function writeWeights(reports: readonly FileReport[], files: readonly string[]): Promise<void> {
  const before: Weights = JSON.parse(await readFile(PLACE, 'utf8').catch(() => '{}'));
  const measured = reports.map(({ file, ms, cpuMs }) => [file, [inSeconds(ms), inSeconds(cpuMs)]] as const);
  const all = { ...before, ...Object.fromEntries(measured) };
  const lines = Object.entries(all)
    .filter(([file]) => files.includes(file))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([file, weight]) => `  ${JSON.stringify(file)}: [${weight.join(', ')}]`);
  await writeFile(PLACE, `{\n${lines.join(',\n')}\n}\n`);
}

const inSeconds = (ms: number): number => Math.round(ms / 10) / 100;
