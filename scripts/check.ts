/**
 * `npm run check`: the rules of the house that a program can see, in under 30 s: types, imports, style, dead
 * code, generated tables, codes ↔ documents, compose.yaml. `npm test` runs the same checks first.
 *
 * Each check answers with its findings, one line each; none is a pass. Nothing is changed.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { checkCodes } from './check/codes.ts';
import { checkCompose } from './check/compose.ts';
import { checkDeadCode } from './check/dead-code.ts';
import { checkImports } from './check/imports.ts';
import { checkStyle } from './check/style.ts';
import { findSources, readSources, ROOT } from './check/source-files.ts';
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

/** Runs a program of Node; its words when it fails, nothing when it succeeds. */
function findingsOf(parameters: readonly string[]): Promise<string[]> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, parameters, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let words = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (words += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text));
    child.once('error', (error) => resolve([error.message]));
    child.once('close', (code) => resolve(code === 0 ? [] : [words.trim() || `ended with code ${code}`]));
  });
}

const typesOf = (project: string) => (): Promise<string[]> =>
  findingsOf([join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', project, '--pretty', 'false']);

/** The generators compare with their source where it is there, and say nothing where it is not. */
async function generatedTables(): Promise<string[]> {
  const generators = await findSources(/^generate-.*\.ts$/);
  const findings = await Promise.all(generators.map((path) => findingsOf([path, '--check'])));
  return findings.flat();
}

const CHECKS: readonly Check[] = [
  { name: 'types of client and shared', run: typesOf('.') },
  { name: 'types of gateway and scripts', run: typesOf('gateway') },
  { name: 'who imports whom', run: checkImports },
  { name: 'style', run: checkStyle },
  { name: 'dead code', run: checkDeadCode },
  { name: 'generated tables', run: generatedTables },
  { name: 'codes and documents', run: checkCodes },
  { name: 'compose.yaml', run: checkCompose },
];

/** Runs every check; one that throws is a finding. */
export async function runChecks(): Promise<CheckReport[]> {
  const files = await readSources();
  return Promise.all(
    CHECKS.map(async ({ name, run }) => {
      const startedAt = performance.now();
      const findings = await Promise.resolve()
        .then(() => run(files))
        .catch((error: Error) => [error.stack ?? error.message]);
      return { name, findings, ms: performance.now() - startedAt };
    }),
  );
}

/** One line a check, its findings below it. */
export function describeChecks(reports: readonly CheckReport[]): string {
  return reports
    .map(({ name, findings, ms }) => {
      const head = `${findings.length === 0 ? '•' : '✘'} ${name} (${(ms / 1000).toFixed(1)} s)`;
      return [head, ...findings.map((finding) => `    ${finding.replaceAll('\n', '\n    ')}`)].join('\n');
    })
    .join('\n');
}

if (import.meta.main) {
  const reports = await runChecks();
  process.stdout.write(`${describeChecks(reports)}\n`);
  process.exitCode = reports.some(({ findings }) => findings.length > 0) ? 1 : 0;
}
