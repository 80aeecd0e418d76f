/**
 * `npm run lab -- coverage [PATTERN…]`: which statements of the product the tests run. Runs `npm test` (or the
 * files that match) with V8's coverage in every Node process and in Chromium, and prints what ran by folder, and
 * the least covered files.
 *
 * A killed process reports nothing: its code counts through the tests that do not kill it. Firefox and WebKit
 * are not asked. Tests that fail do not end the run, but the exit code is theirs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildWebApp } from '../build.ts';
import { ROOT } from '../check/source-files.ts';
import { describeCoverage } from './coverage/describe.ts';
import { openLedger, type Ledger } from './coverage/ledger.ts';
import type { ScriptCoverage } from './coverage/script-coverage.ts';

/** Maps would otherwise be served to whoever starts the gateway from here. */
async function removeSourceMaps(): Promise<void> {
  const dist = join(ROOT, 'client/dist');
  const names = await readdir(dist, { recursive: true });
  await Promise.all(names.filter((name) => name.endsWith('.map')).map((name) => rm(join(dist, name))));
}

async function runTests(
  patterns: readonly string[],
  folders: { node: string; browser: string },
): Promise<number> {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    NODE_V8_COVERAGE: folders.node,
    RELAY_BROWSER_COVERAGE: folders.browser,
  };
  // V8 says less precisely what ran of code that comes from the cache (Node.js, "Module compile cache").
  delete env['NODE_COMPILE_CACHE'];
  const child = spawn(process.execPath, [join(ROOT, 'scripts/test.ts'), ...patterns], {
    stdio: 'inherit',
    env,
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** Adds Node's coverage, one file a process; files that a killed process left cut off are counted as broken. */
async function addNode(folder: string, ledger: Ledger): Promise<number> {
  let broken = 0;
  for (const name of await readdir(folder)) {
    const text = await readFile(join(folder, name), 'utf8');
    try {
      const { result } = JSON.parse(text) as { result: ScriptCoverage[] };
      for (const script of result) await ledger.add(script);
    } catch {
      broken += 1;
    }
  }
  return broken;
}

/** Adds the browsers' coverage: one file a browser, one line a script. */
async function addBrowsers(folder: string, ledger: Ledger): Promise<void> {
  for (const name of await readdir(folder)) {
    const lines = createInterface({ input: createReadStream(join(folder, name)) });
    for await (const line of lines) await ledger.add(JSON.parse(line) as ScriptCoverage);
  }
}

async function main(patterns: readonly string[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-coverage-'));
  const folders = { node: join(folder, 'node'), browser: join(folder, 'browser') };
  await Promise.all(Object.values(folders).map((each) => mkdir(each)));
  try {
    process.env.RELAY_SOURCE_MAPS = 'yes';
    await buildWebApp();
    const code = await runTests(patterns, folders);
    const ledger = await openLedger();
    const broken = await addNode(folders.node, ledger);
    await addBrowsers(folders.browser, ledger);
    process.stdout.write(`\n${describeCoverage([...ledger.files.values()])}\n`);
    if (broken > 0) process.stdout.write(`${broken} processes were killed while they wrote their coverage\n`);
    return code;
  } finally {
    await removeSourceMaps();
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
