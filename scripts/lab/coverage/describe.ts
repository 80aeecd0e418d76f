/** Coverage in words: by folder, and the files that the tests run least. */
import type { CoveredFile } from './statements.ts';

const LEAST_COVERED_SHOWN = 15;
/** The fewest statements of a file that is listed: in a smaller one a single statement decides. */
const SMALLEST_STATEMENTS = 5;

type Sum = { readonly name: string; readonly ran: number; readonly all: number };

const ranOf = ({ ran }: CoveredFile): number => ran.reduce((sum, one) => sum + one, 0);

/** `client/src/pipeline/queue/rows/x.ts` → `client/src/pipeline`. */
const folderOf = ({ path }: CoveredFile): string => path.split('/').slice(0, -1).slice(0, 3).join('/');

function sumOf(name: string, files: readonly CoveredFile[]): Sum {
  const ran = files.reduce((sum, file) => sum + ranOf(file), 0);
  return { name, ran, all: files.reduce((sum, { statements }) => sum + statements.length, 0) };
}

const row = ({ name, ran, all }: Sum): string =>
  `${((100 * ran) / all).toFixed(1).padStart(6)} %  ${`${ran}/${all}`.padStart(12)}  ${name}`;

export function describeCoverage(files: readonly CoveredFile[]): string {
  const folders = [...Map.groupBy(files, folderOf)].map(([name, some]) => sumOf(name, some));
  const least = files
    .filter(({ statements }) => statements.length >= SMALLEST_STATEMENTS)
    .map((file) => sumOf(file.path, [file]))
    .sort((a, b) => a.ran / a.all - b.ran / b.all)
    .slice(0, LEAST_COVERED_SHOWN);
  return [
    'Statements that ran, by folder',
    ...folders.sort((a, b) => (a.name < b.name ? -1 : 1)).map(row),
    row(sumOf('everything', files)),
    '',
    'Least covered files',
    ...least.map(row),
  ].join('\n');
}
