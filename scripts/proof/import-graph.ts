/** Reachability along the imports of the sources: what a test runs, and which tests a change reaches. */
import type { SourceFile } from '../check/source-files.ts';

/** Files that a module uses without importing them: the build, the web app. */
const MADE_OF: Readonly<Record<string, readonly string[]>> = {
  'scripts/build.ts': [
    'client/vite.config.ts',
    'client/src/main.tsx',
    'client/src/app/service-worker.ts',
    'client/src/app/background-sender.ts',
  ],
};

/** The file and every file of ours that it loads, names for a worker or names for a child process. */
export function reachedBy(file: string, sources: ReadonlyMap<string, SourceFile>): string[] {
  const reached = new Set([file]);
  for (const path of reached) {
    for (const source of MADE_OF[path] ?? []) reached.add(source);
    for (const { target, kind, isPackage } of sources.get(path)?.imports ?? []) {
      if (!isPackage && kind !== 'type' && sources.has(target)) reached.add(target);
    }
  }
  return [...reached].filter((path) => sources.has(path));
}

/** The files that load one of the changed ones, or are one. */
export function affectedBy(
  changed: ReadonlySet<string>,
  files: readonly string[],
  sources: ReadonlyMap<string, SourceFile>,
): string[] {
  return files.filter((file) => reachedBy(file, sources).some((path) => changed.has(path)));
}
