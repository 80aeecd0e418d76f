/** The statements of the product's sources that have run, over all processes and pages. */
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findTests, readSources, ROOT } from '../../check/source-files.ts';
import { openBundle, type Bundle } from './bundle.ts';
import { ranAt, type ScriptCoverage } from './script-coverage.ts';
import { statementsOf, type CoveredFile } from './statements.ts';

export type Ledger = {
  readonly files: ReadonlyMap<string, CoveredFile>;
  /** A source that Node ran, or a script that a browser got from the web app. */
  add(script: ScriptCoverage): Promise<void>;
};

/** The sources that are delivered: no tests, checks, long proofs or generated files. */
const PRODUCT = /^((client|gateway|shared)\/src\/|scripts\/(relay|system)\/|scripts\/(relay|start)\.ts$)/;
const NOT_WRITTEN = /\.(generated|d)\.ts$/;

async function readProduct(): Promise<Map<string, CoveredFile>> {
  const sources = await readSources();
  const tests = findTests(sources);
  const product = sources.filter(
    ({ path }) => PRODUCT.test(path) && !NOT_WRITTEN.test(path) && !tests.has(path),
  );
  const files = product.map(({ path, text }): CoveredFile => {
    const statements = statementsOf(path, text);
    return { path, text, statements, ran: new Uint8Array(statements.length) };
  });
  return new Map(files.filter(({ statements }) => statements.length > 0).map((file) => [file.path, file]));
}

/** Node strips types without moving a character: its offsets are those of the source. */
function addSource(file: CoveredFile, script: ScriptCoverage): void {
  const starts = file.statements.map(({ start }) => start);
  for (const [index, hasRun] of ranAt(script, starts).entries()) if (hasRun) file.ran[index] = 1;
}

function addBundle({ offsets, statementsAt }: Bundle, script: ScriptCoverage): void {
  for (const [index, hasRun] of ranAt(script, offsets).entries()) {
    if (!hasRun) continue;
    for (const { file, statement } of statementsAt[index]!) file.ran[statement] = 1;
  }
}

export async function openLedger(): Promise<Ledger> {
  const files = await readProduct();
  const bundles = new Map<string, Promise<Bundle | null>>();
  const bundleAt = (pathname: string): Promise<Bundle | null> => {
    const bundle = bundles.get(pathname) ?? openBundle(join(ROOT, 'client/dist', pathname), files);
    bundles.set(pathname, bundle);
    return bundle;
  };
  return {
    files,
    async add(script) {
      const url = URL.canParse(script.url) ? new URL(script.url) : null;
      if (url?.protocol === 'file:') {
        const file = files.get(relative(ROOT, fileURLToPath(new URL(url.pathname, url))));
        if (file) addSource(file, script);
      } else if (url?.protocol === 'http:') {
        const bundle = await bundleAt(url.pathname);
        if (bundle) addBundle(bundle, script);
      }
    },
  };
}
