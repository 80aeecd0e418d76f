/**
 * How long each test file takes: every run keeps its own measurements on this machine; those of the repository, from a
 * quiet machine with `npm test -- --weigh`, serve the first run. They decide the order and grouping of the files,
 * never an outcome.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ROOT } from '../check/source-files.ts';
import type { FileReport } from './test-processes.ts';

type Weights = Readonly<Record<string, number>>;

const OF_REPOSITORY = join(ROOT, 'scripts/proof/weights.json');
const OF_MACHINE = join(ROOT, 'out/weights.json');
const UNIT_SECONDS = 0.5;
const ALONE_SECONDS = 20;

export const runsAlone = (file: string): boolean => /\.(e2e|simulation\.test)\.ts$/.test(file);

const read = async (place: string): Promise<Weights> =>
  JSON.parse(await readFile(place, 'utf8').catch(() => '{}')) as Weights;

/** Seconds of a file. */
export async function readWeights(): Promise<(file: string) => number> {
  const weights = { ...(await read(OF_REPOSITORY)), ...(await read(OF_MACHINE)) };
  return (file) => weights[file] ?? (runsAlone(file) ? ALONE_SECONDS : UNIT_SECONDS);
}

async function write(place: string, weights: Weights): Promise<void> {
  const lines = Object.keys(weights)
    .sort()
    .map((file) => `  ${JSON.stringify(file)}: ${weights[file]}`);
  await mkdir(dirname(place), { recursive: true });
  await writeFile(place, `{\n${lines.join(',\n')}\n}\n`);
}

/** `files`: all that there are; the weights of those that did not run stay. */
export async function keepWeights(
  reports: readonly FileReport[],
  files: readonly string[],
  { isForRepository }: { readonly isForRepository: boolean },
): Promise<void> {
  const measured = reports.map(({ file, ms }) => [file, Math.round(ms / 10) / 100] as const);
  for (const place of isForRepository ? [OF_MACHINE, OF_REPOSITORY] : [OF_MACHINE]) {
    const all = Object.entries({ ...(await read(place)), ...Object.fromEntries(measured) });
    await write(place, Object.fromEntries(all.filter(([file]) => files.includes(file))));
  }
}
