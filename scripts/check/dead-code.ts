/**
 * What nobody uses: exported values whose name stands nowhere else, files that nothing imports, packages that
 * no file imports.
 *
 * Any other mention of the name counts as a use: that misses some dead code and never accuses living code.
 * Types may be exported for the reader of a signature alone.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findTests, ROOT } from './source-files.ts';
import type { SourceFile } from './source-files.ts';

const EXPORTED_VALUE = /^export (?:async )?(?:function\*?|const|class|let) (\w+)/gm;
/** Run, bundled or found by name instead of being imported. */
const ENTRIES: readonly RegExp[] = [
  /^client\/(vite\.config\.ts|src\/(main\.tsx|app\/(service-worker|background-sender)\.ts))$/,
  /^gateway\/src\/(main\.ts|database\/(make-cluster\.ts|migrations\/.*))$/,
  /^scripts\/([^/]+|lab\/[^/]+)\.ts$/,
  /\.d\.ts$|\.(test|e2e|bench)\.tsx?$/,
];
/** Used by a tool, by its command or through a virtual module; the reason stands in the README. */
const USED_BY_TOOLS = /^(typescript|knip|@biomejs\/.*|@types\/.*|workbox-window|axe-core)$/;

function deadExports(files: readonly SourceFile[]): string[] {
  const mentions = new Map<string, number>();
  for (const { text } of files) {
    for (const [word] of text.matchAll(/\w+/g)) mentions.set(word, (mentions.get(word) ?? 0) + 1);
  }
  return files
    .filter(({ path }) => !path.includes('.generated.'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(EXPORTED_VALUE)]
        .filter(([, name]) => mentions.get(name!) === 1)
        .map(([, name]) => `${path}: nobody uses the export ${name}`),
    );
}

function deadFiles(files: readonly SourceFile[]): string[] {
  const imported = new Set(files.flatMap(({ imports }) => imports.map(({ target }) => target)));
  return files
    .filter(({ path }) => !imported.has(path) && !ENTRIES.some((entry) => entry.test(path)))
    .map(({ path }) => `${path}: nothing imports this file`);
}

async function deadPackages(files: readonly SourceFile[]): Promise<string[]> {
  const { dependencies, devDependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const used = new Set(
    files.flatMap(({ imports }) => imports.filter(({ isPackage }) => isPackage).map(({ target }) => target)),
  );
  const tests = findTests(files);
  const usedByProduct = new Set(
    files
      .filter(({ path }) => !tests.has(path) && !path.startsWith('scripts/'))
      .flatMap(({ imports }) => imports.map(({ target }) => target)),
  );
  const unused = Object.keys({ ...dependencies, ...devDependencies }).filter(
    (name) => !used.has(name) && !USED_BY_TOOLS.test(name),
  );
  const missing = [...usedByProduct].filter(
    (name) => name in devDependencies && !/^(vite.*|@preact\/preset-vite|workbox-.*)$/.test(name),
  );
  return [
    ...unused.map((name) => `package.json: nobody imports ${name}`),
    ...missing.map((name) => `package.json: ${name} is part of the product but a devDependency`),
  ];
}

/** Every finding, one line each. */
export async function checkDeadCode(files: readonly SourceFile[]): Promise<string[]> {
  return [...deadExports(files), ...deadFiles(files), ...(await deadPackages(files))];
}
