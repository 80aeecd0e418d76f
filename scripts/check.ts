/**
 * `npm run check`: the rules of the house that a program can see: types, form, lint, imports, length of
 * functions, words of the client, unused code, generated tables, codes ↔ documents, compose.yaml, lines that tests
 * switch off, tests judged by the clock or by one instant, regular expressions that look too far. `npm test` runs the
 * same checks first.
 *
 * Each check answers with its findings, one line each; none is a pass. Nothing is changed.
 */
import { checkCodes } from './check/codes.ts';
import { checkCompose } from './check/compose.ts';
import { checkFunctions } from './check/functions.ts';
import { checkImports } from './check/imports.ts';
import { checkLinks } from './check/links.ts';
import { checkMutations } from './check/mutations.ts';
import { checkPatterns } from './check/patterns.ts';
import { checkProofRules } from './check/proof-rules.ts';
import { checkTypes, checkUnused, checkWithBiome, findingsOf } from './check/run-program.ts';
import { checkStyle } from './check/style.ts';
import { checkWords } from './check/words.ts';
import { findSources, readSources } from './check/source-files.ts';
import type { SourceFile } from './check/source-files.ts';

type Check = {
  readonly name: string;
  readonly run: (files: readonly SourceFile[]) => Promise<string[]> | string[];
};
export type CheckReport = {
  readonly name: string;
  readonly findings: readonly string[];
  readonly ms: number;
};

/** The generators compare with their source where it is there, and say nothing where it is not. */
async function generatedTables(): Promise<string[]> {
  const generators = await findSources(/^generate-.*\.ts$/);
  const findings = await Promise.all(generators.map((path) => findingsOf([path, '--check'])));
  return findings.flat();
}

/** `npm test` finds its files by their names, in the folders of sources. */
async function testsThatNothingRuns(): Promise<string[]> {
  const likeTests = /\.(test|e2e|spec)\.[cm]?[jt]sx?$/;
  const inSources = (await findSources(likeTests)).filter((path) => !/\.(test|e2e)\.ts$/.test(path));
  const elsewhere = await findSources(likeTests, ['docs', 'orthanc']);
  return [...inSources, ...elsewhere].map(
    (path) => `${path}: no run finds it: NAME.test.ts or NAME.e2e.ts, beside the sources`,
  );
}

/** Checks the functions of plain JavaScript too: the script that brings Node. */
async function functions(files: readonly SourceFile[]): Promise<string[]> {
  return checkFunctions([...files, ...(await readSources(/\.js$/))]);
}

const CHECKS: readonly Check[] = [
  { name: 'types', run: checkTypes },
  { name: 'formatter and linter', run: checkWithBiome },
  { name: 'imports', run: checkImports },
  { name: 'style', run: checkStyle },
  { name: 'unused code', run: checkUnused },
  { name: 'generated tables', run: generatedTables },
  { name: 'codes and documents', run: checkCodes },
  { name: 'links between documents', run: checkLinks },
  { name: 'compose.yaml', run: checkCompose },
  { name: 'lines that tests switch off', run: checkMutations },
  { name: 'tests that nothing runs', run: testsThatNothingRuns },
  { name: 'proofs without luck', run: checkProofRules },
  { name: 'regular expressions', run: checkPatterns },
  // Keeps this thread, so the programs of the others start before it.
  { name: 'length of functions', run: functions },
  { name: 'words', run: checkWords },
];

async function runCheck({ name, run }: Check, files: readonly SourceFile[]): Promise<CheckReport> {
  const startedAt = performance.now();
  const findings = await Promise.resolve()
    .then(() => run(files))
    .catch((error: Error) => [error.stack ?? error.message]);
  return { name, findings, ms: performance.now() - startedAt };
}

/** Runs every check; one that throws is a finding. */
export async function runChecks(): Promise<CheckReport[]> {
  const files = await readSources();
  return Promise.all(CHECKS.map((check) => runCheck(check, files)));
}

/** The report: one line a check, its findings below it. */
export function describeChecks(reports: readonly CheckReport[]): string {
  return reports
    .map(({ name, findings, ms }) => {
      const head = `${findings.length === 0 ? '•' : '✘'} ${name} (${(ms / 1000).toFixed(1)} s)`;
      const below = findings.map((finding) => `    ${finding.replaceAll('\n', '\n    ')}`);
      return [head, ...below].join('\n');
    })
    .join('\n');
}

if (import.meta.main) {
  const reports = await runChecks();
  process.stdout.write(`${describeChecks(reports)}\n`);
  process.exitCode = reports.some(({ findings }) => findings.length > 0) ? 1 : 0;
}
