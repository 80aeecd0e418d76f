/**
 * `npm run build`: builds the web app into client/dist. `npm start` and `npm test` call it when what is there
 * is older than its sources.
 *
 * The new files appear at once: they are built in a separate folder and then moved, so a gateway that serves
 * the old ones never serves half of both. `--uncompressed` leaves out what takes longest, for an app that
 * only a test looks at.
 */
import { spawn } from 'node:child_process';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CLIENT = join(ROOT, 'client');
const DIST = join(CLIENT, 'dist');
const VITE = join(ROOT, 'node_modules/vite/bin/vite.js');
/** The sources of the web app, without tests. */
const SOURCES = [
  CLIENT,
  join(ROOT, 'shared/src'),
  join(ROOT, 'shared/models'),
  join(ROOT, 'package-lock.json'),
];
const NOT_A_SOURCE = /(^|\/)(dist|dist-.*|node_modules)(\/|$)|\.(test|e2e|bench)\.tsx?$/;

async function newestChange(path: string): Promise<number> {
  const info = await stat(path).catch(() => null);
  if (!info) return 0;
  if (!info.isDirectory()) return info.mtimeMs;
  const entries = (await readdir(path)).filter((entry) => !NOT_A_SOURCE.test(entry));
  const changes = await Promise.all(entries.map((entry) => newestChange(join(path, entry))));
  return Math.max(0, ...changes);
}

/** Whether client/dist holds what the sources say now. */
export async function isWebAppCurrent(): Promise<boolean> {
  const built = await stat(join(DIST, 'index.html')).catch(() => null);
  if (!built) return false;
  const changes = await Promise.all(SOURCES.map(newestChange));
  return Math.max(...changes) < built.mtimeMs;
}

function vite(folder: string): Promise<{ code: number; words: string }> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NODE_ENV: 'production', NO_COLOR: '1' };
    const parameters = [VITE, 'build', CLIENT, '--outDir', folder, '--emptyOutDir', '--logLevel', 'warn'];
    const child = spawn(process.execPath, parameters, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], env });
    let words = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (words += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, words }));
  });
}

/** Files to send compressed; pictures and models already are. */
const COMPRESSED = /\.(html|js|css|svg|wasm|webmanifest)$/;
/**
 * Up to this size brotli's best level takes a moment; the runtime of the models has 14 MB, and half a minute
 * would save a tenth.
 */
const BEST_BYTES_LIMIT = 1024 * 1024;

/**
 * Writes a compressed copy of each file of the app next to it (`NAME.br`), so that no visitor waits for the
 * compression.
 */
async function compressFiles(folder: string): Promise<void> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => COMPRESSED.test(name));
  await Promise.all(
    names.map(async (name) => {
      const bytes = await readFile(join(folder, name));
      const quality = bytes.length <= BEST_BYTES_LIMIT ? constants.BROTLI_MAX_QUALITY : 9;
      await writeFile(
        join(folder, `${name}.br`),
        await promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }),
      );
    }),
  );
}

/**
 * Builds the web app; `isCompressed`: with what travels in place of each file. @throws Error with the
 * builder's words when the sources do not build.
 */
export async function buildWebApp(isCompressed = true): Promise<void> {
  const beside = join(CLIENT, `dist-${process.pid}`);
  const before = join(CLIENT, `dist-before-${process.pid}`);
  try {
    const { code, words } = await vite(beside);
    if (code !== 0) throw new Error(`The web app could not be built.\n${words.trim()}`);
    if (isCompressed) await compressFiles(beside);
    await rename(DIST, before).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await rename(beside, DIST);
  } finally {
    await rm(beside, { recursive: true, force: true });
    await rm(before, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  await buildWebApp(!process.argv.includes('--uncompressed')).catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
