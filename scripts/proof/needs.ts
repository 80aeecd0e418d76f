/**
 * The parts that a test file needs, read off its sources: the file and everything it imports. A file that
 * takes `chromium` from `testEnvironment()`, itself or through a module of the tests, needs Chromium. Nothing
 * has to be declared, and a file for which no part is found starts none.
 */
import { findTests, type SourceFile } from '../check/source-files.ts';
import { reachedBy } from './import-graph.ts';
import type { PartName } from './test-parts.ts';

/** Fields of `testEnvironment()`. */
const BY_FIELD: Readonly<Record<string, PartName>> = {
  postgresUrl: 'postgres',
  pacs: 'pacs',
  chromium: 'chromium',
  headlessShell: 'chromium',
  firefox: 'firefox',
  webkit: 'webkit',
  corpus: 'corpus',
  world: 'world',
};
/** Modules that start or build something themselves. */
const BY_MODULE: Readonly<Record<string, PartName>> = {
  'scripts/system/orthanc.ts': 'orthanc',
  'scripts/system/postgres.ts': 'postgres',
  'scripts/build.ts': 'webApp',
  'shared/testing/hostile-proxy.ts': 'nginx',
  'gateway/src/testing/power-cut.ts': 'compiler',
  'scripts/system/shifted-clock.ts': 'faketime',
  'shared/testing/unit-file.ts': 'systemd',
  'shared/testing/caddy.ts': 'caddy',
  'shared/testing/container.ts': 'containers',
  'shared/testing/network-namespace.ts': 'namespaces',
};
const READERS = /['"/](python3|dcmdump|dsrdump|dciodvfy|dcmconv|dcmftest|pdftoppm|storescu)['"]/;

const FIELDS = /\{([^{}]*)\}\s*=\s*testEnvironment\(\)|testEnvironment\(\)\.(\w+)/g;
const CALL = /\btestEnvironment\(/g;

function fieldsUsed(text: string): string[] {
  const uses = [...text.matchAll(FIELDS)];
  // A call whose fields cannot be read from the source may use any of them.
  if (uses.length < [...text.matchAll(CALL)].length) return Object.keys(BY_FIELD);
  return uses.flatMap(([, list, one]) =>
    one === undefined ? list!.split(',').map((name) => name.split(':')[0]!.trim()) : [one],
  );
}

function needsOfModule({ path, text }: SourceFile): PartName[] {
  if (path === 'shared/testing/environment.ts') return [];
  const parts = fieldsUsed(text).map((field) => BY_FIELD[field]);
  const started = BY_MODULE[path];
  return [...parts, started, READERS.test(text) ? ('readers' as const) : undefined].filter(
    (part) => part !== undefined,
  );
}

/** Finds the parts that a test file needs. */
export function createNeeds(sources: readonly SourceFile[]): (file: string) => PartName[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const tests = findTests(sources);
  const isOfTests = (path: string): boolean => tests.has(path) || path.startsWith('scripts/');
  return (file) => {
    const reached = reachedBy(file, byPath).filter(isOfTests);
    const needs = new Set(reached.flatMap((path) => needsOfModule(byPath.get(path)!)));
    // A gateway that a browser looks at serves the built web app.
    if (needs.has('chromium') && reached.includes('shared/testing/gateway-under-test.ts'))
      needs.add('webApp');
    return [...needs].sort();
  };
}
