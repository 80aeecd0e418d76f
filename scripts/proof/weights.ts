/**
 * How long each test file takes: every run keeps its own measurements on this machine; those of the repository, from a
 * quiet machine with `npm test -- --weigh`, serve the first run. They decide the order and grouping of the files, and
 * which are short enough for `npm run quick`; never an outcome.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ROOT } from '../check/source-files.ts';
import type { FileReport } from './test-processes.ts';

type Weights = Readonly<Record<string, number>>;

const OF_REPOSITORY = 'scripts/proof/weights.json';
const OF_MACHINE = 'out/weights.json';
const UNIT_SECONDS = 0.5;
const ALONE_SECONDS = 20;

export const runsAlone = (file: string): boolean => /\.(e2e|simulation\.test)\.ts$/.test(file);

const read = async (place: string): Promise<Weights> =>
  JSON.parse(await readFile(place, 'utf8').catch(() => '{}')) as Weights;

/** Seconds of a file. */
export async function readWeights(root: string = ROOT): Promise<(file: string) => number> {
  const weights = { ...(await read(join(root, OF_REPOSITORY))), ...(await read(join(root, OF_MACHINE))) };
  return (file) => weights[file] ?? (runsAlone(file) ? ALONE_SECONDS : UNIT_SECONDS);
}

async function write(place: string, weights: Weights): Promise<void> {
  const lines = Object.keys(weights)
    .sort()
    .map((file) => `  ${JSON.stringify(file)}: ${weights[file]}`);
  await mkdir(dirname(place), { recursive: true });
  // Whole or not at all: half a file would stop every later run.
  const beside = `${place}.${process.pid}`;
  await writeFile(beside, `{\n${lines.join(',\n')}\n}\n`);
  await rename(beside, place);
}

/**
 * `files`: all that there are; the weights of those that did not run stay, and of those whose process was killed or
 * whose tests were all skipped.
 */
export async function keepWeights(
  reports: readonly FileReport[],
  files: readonly string[],
  { isForRepository, root = ROOT }: { readonly isForRepository: boolean; readonly root?: string },
): Promise<void> {
  const measured = reports
    .filter(({ note, passed, failed }) => note === null && passed + failed > 0)
    .map(({ file, ms }) => [file, Math.round(ms / 10) / 100] as const);
  const places = isForRepository ? [OF_MACHINE, OF_REPOSITORY] : [OF_MACHINE];
  for (const place of places.map((of) => join(root, of))) {
    const all = Object.entries({ ...(await read(place)), ...Object.fromEntries(measured) });
    await write(place, Object.fromEntries(all.filter(([file]) => files.includes(file))));
  }
}
