/**
 * `npm run build`: builds the web app into client/dist. `npm start` and `npm test` call it when what is there
 * was not made from the present sources.
 *
 * The new files appear at once: they are built in a separate folder and then moved, so a gateway that serves
 * the old ones never serves half of both. `--uncompressed` leaves out what takes longest, for an app that only a
 * test looks at; `--compress` does only that, for the app in the working directory.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { constants as constantsOfOs, setPriority } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { endWithUs } from './system/end-with-us.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CLIENT = join(ROOT, 'client');
const DIST = join(CLIENT, 'dist');
const VITE = join(ROOT, 'node_modules/vite/bin/vite.js');
/** The sources of the web app, without tests. */
const SOURCES = [
  CLIENT,
  join(ROOT, 'shared/src'),
  join(ROOT, 'shared/models'),
  join(ROOT, 'package.json'),
  join(ROOT, 'package-lock.json'),
];
/** Hidden files are an editor's. */
const NOT_A_SOURCE = /^(dist|dist-.*|node_modules|\..*)$|\.(test|e2e|bench)\.tsx?$/;
/** The digest of the sources that the app was built from; no gateway serves a hidden file. */
const BUILT_FROM = '.built-from';

async function filesIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTDIR') throw error;
    return null;
  });
  if (entries === null) return [path];
  const found = entries.filter(({ name }) => !NOT_A_SOURCE.test(name)).map(({ name }) => join(path, name));
  return (await Promise.all(found.map(filesIn))).flat();
}

/** The SHA-256 over the names and contents of the sources, in hex. A clone gives its files times of their own. */
async function digestOfSources(): Promise<string> {
  const files = (await Promise.all(SOURCES.map(filesIn))).flat().sort();
  const digests = await Promise.all(
    files.map(async (path) =>
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ),
  );
  const all = createHash('sha256').update(process.env.RELAY_WEB_VERSION ?? '');
  for (const [at, path] of files.entries()) all.update(`${relative(ROOT, path)} ${digests[at]}\n`);
  return all.digest('hex');
}

/** Whether client/dist was built from the present sources; not while an editor is saving one. */
export async function isWebAppCurrent(): Promise<boolean> {
  const builtFrom = await readFile(join(DIST, BUILT_FROM), 'utf8').catch(() => null);
  return builtFrom !== null && builtFrom === (await digestOfSources().catch(() => null));
}

function vite(folder: string, signal: AbortSignal): Promise<{ code: number; words: string }> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const env = { ...process.env, NODE_ENV: 'production', NO_COLOR: '1' };
    const parameters = [VITE, 'build', CLIENT, '--outDir', folder, '--emptyOutDir', '--logLevel', 'warn'];
    const child = spawn(process.execPath, parameters, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
      signal,
    });
    endWithUs(child);
    let words = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (words += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text));
    // Given up, it ends a little later.
    child.once('error', (error) => signal.aborted || reject(error));
    child.once('close', (code) =>
      signal.aborted ? reject(signal.reason) : resolve({ code: code ?? 1, words }),
    );
  });
}

/** Files to send compressed; pictures and models already are. */
const COMPRESSED = /\.(html|js|css|svg|wasm|webmanifest)$/;
/**
 * Up to this size brotli's best level takes a moment; the runtime of the models has 14 MB, and half a minute
 * would save a tenth.
 */
const BEST_BYTES_LIMIT = 1024 * 1024;

/** The files of the app that have no compressed copy beside them yet. */
async function uncompressedFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  const there = new Set(names);
  return names.filter((name) => COMPRESSED.test(name) && !there.has(`${name}.br`));
}

/**
 * Writes a compressed copy of each file of the app next to it (`NAME.br`), whole or not at all, so that no visitor
 * waits for the compression.
 */
async function compressFiles(folder: string): Promise<void> {
  await Promise.all(
    (await uncompressedFiles(folder)).map(async (name) => {
      const bytes = await readFile(join(folder, name));
      const quality = bytes.length <= BEST_BYTES_LIMIT ? constants.BROTLI_MAX_QUALITY : 9;
      const path = join(folder, `${name}.br`);
      const params = { [constants.BROTLI_PARAM_QUALITY]: quality };
      const unfinished = `${path}.${process.pid}`;
      await writeFile(unfinished, await promisify(brotliCompress)(bytes, { params }));
      await rename(unfinished, path);
    }),
  );
}

/**
 * Compresses client/dist in a process of its own, which goes last and ends with this one. It works in the folder
 * itself, so a newer app that takes its place gets nothing of this one.
 */
export async function compressBeside(): Promise<void> {
  // No folder: another build is putting a newer app in its place.
  if ((await uncompressedFiles(DIST).catch(() => [])).length === 0) return;
  const options = { cwd: DIST, stdio: 'ignore' } as const;
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--compress'], options);
  // The app is served uncompressed until a later start succeeds.
  child.on('error', () => {});
  try {
    if (child.pid !== undefined) setPriority(child.pid, constantsOfOs.priority.PRIORITY_LOW);
  } catch {
    // The process has ended, or the system has no priorities.
  }
  endWithUs(child);
  child.unref();
}

/** Has client/dist hold the web app of the present sources, compressed. @throws as `buildWebApp`. */
export async function bringWebApp(): Promise<void> {
  if (await isWebAppCurrent()) await compressFiles(DIST);
  else await buildWebApp();
}

/**
 * Builds the web app; `isCompressed`: with what travels in place of each file. @throws Error with the
 * builder's words when the sources do not build; the reason of the signal.
 */
export async function buildWebApp(isCompressed = true, signal = AbortSignal.any([])): Promise<void> {
  const beside = join(CLIENT, `dist-${process.pid}`);
  const before = join(CLIENT, `dist-before-${process.pid}`);
  try {
    const builtFrom = await digestOfSources();
    const { code, words } = await vite(beside, signal);
    if (code !== 0) throw new Error(`The web app could not be built.\n${words.trim()}`);
    if (isCompressed) await compressFiles(beside);
    await writeFile(join(beside, BUILT_FROM), builtFrom);
    await rename(DIST, before).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await rename(beside, DIST);
  } finally {
    await rm(beside, { recursive: true, force: true });
    await rm(before, { recursive: true, force: true });
  }
}

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--compress')) return compressFiles('.');
  return buildWebApp(!args.includes('--uncompressed'));
}

if (import.meta.main) {
  await main(process.argv.slice(2)).catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
