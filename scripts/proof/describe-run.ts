/** The end of a run in words: how long everything took, which files failed, what was skipped and why. */
import type { TestParts } from './test-parts.ts';
import type { FileReport } from './test-processes.ts';

const SLOWEST_SHOWN = 16;

export type Totals = { readonly passed: number; readonly failed: number };

/** The first that fits names the kind of a file. */
const KINDS: readonly [string, RegExp][] = [
  ['simulations', /\.simulation\.test\.ts$/],
  ['kills', /kill|power-cut|crash/],
  ['long proofs, short versions', /^scripts\/lab\//],
  ['in a browser', /^client\/.*\.e2e\.ts$/],
  ['end to end', /\.e2e\.ts$/],
  ['units', /./],
];

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1).padStart(7)} s`;

/** `client/src/cases/…`: client/src/cases; a file at the top of a part: that part. */
const folderOf = (file: string): string => file.split('/').slice(0, -1).slice(0, 3).join('/');

function sumOf(reports: readonly FileReport[], field: 'ms' | 'cpuMs'): number {
  return reports.reduce((sum, report) => sum + report[field], 0);
}

function describeGroups(reports: readonly FileReport[], groupOf: (file: string) => string): string[] {
  return [...Map.groupBy(reports, ({ file }) => groupOf(file))]
    .sort(([, a], [, b]) => sumOf(b, 'ms') - sumOf(a, 'ms'))
    .map(
      ([group, files]) =>
        `${seconds(sumOf(files, 'ms'))}  ${group}: ${files.length} files, ${(sumOf(files, 'cpuMs') / 1000).toFixed(0)} s of processor time of their own`,
    );
}

/** `steps`: what came before the files, in ms. Several things run at once: the sum is more than the whole. */
export function describeTimes(
  steps: ReadonlyMap<string, number>,
  parts: TestParts,
  reports: readonly FileReport[],
): string[] {
  return [
    ...[...steps].map(([what, ms]) => `${seconds(ms)}  ${what}`),
    ...[...parts.seconds].map(([what, took]) => `${seconds(took * 1000)}  ${what}`),
    ...describeGroups(reports, (file) => KINDS.find(([, pattern]) => pattern.test(file))![0]),
  ];
}

export const describeFolders = (reports: readonly FileReport[]): string[] =>
  describeGroups(reports, folderOf);

export function describeSlowest(reports: readonly FileReport[]): string[] {
  return [...reports]
    .sort((a, b) => b.ms - a.ms)
    .slice(0, SLOWEST_SHOWN)
    .map(({ file, ms }) => `${seconds(ms)}  ${file}`);
}

export function describeFailures(reports: readonly FileReport[]): string[] {
  return reports
    .filter(({ failed }) => failed > 0)
    .flatMap(({ file, failed, failures, note, round }) => [
      `  ${file}: ${failed}${note ? ` (${note})` : ''}${round ? `, round ${round}` : ''}`,
      ...failures.map((title) => `    ${title}`),
    ]);
}

/** Each reason once, with how often it was given; a part that is missing is named even when no test said so. */
export function describeSkips(reports: readonly FileReport[], parts: TestParts): string[] {
  const times = new Map<string, number>();
  for (const { what, why } of parts.missing) times.set(`${what} (${why})`, 0);
  for (const { what, why } of reports.flatMap(({ skips }) => skips)) {
    const line = `${what} (${why})`;
    times.set(line, (times.get(line) ?? 0) + 1);
  }
  return [...times].map(([line, count]) => `  ${line}${count > 1 ? `, ${count} times` : ''}`);
}

/** The last line of every run. */
export function describeTotals(totals: readonly Totals[], reports: readonly FileReport[]): string {
  const sum = (field: keyof Totals): number =>
    [...totals, ...reports].reduce((before, one) => before + one[field], 0);
  const skipped = reports.reduce((before, { skips }) => before + skips.length, 0);
  return `${sum('passed')} passed, ${sum('failed')} failed, ${skipped} skipped`;
}
