/** The folder of the embedded database: made at the first start, whole or not at all. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { REAL_DISK } from './durable-files.ts';

const MAKE_CLUSTER = fileURLToPath(new URL('./make-cluster.ts', import.meta.url));
const NAME = 'files';
const DRAFT = 'files.new';
/** Files synced at once: as many as Node does beside its work. */
const SYNCS_AT_ONCE = 4;

/**
 * The database's own folder in `folder`. Throws when it cannot be made; what was half made is made anew the
 * next time.
 */
export async function embeddedFiles(folder: string): Promise<string> {
  const path = join(folder, NAME);
  if (existsSync(path)) return path;
  const draft = join(folder, DRAFT);
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true, mode: 0o700 });
  await makeCluster(draft);
  await syncAll(draft);
  await rename(draft, path);
  await REAL_DISK.sync(folder);
  return path;
}

async function makeCluster(folder: string): Promise<void> {
  const child = spawn(process.execPath, [MAKE_CLUSTER, folder], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: {},
  });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-2_000)));
  const code = await new Promise(
    (resolve, reject) => void child.once('close', resolve).once('error', reject),
  );
  if (code !== 0) throw new Error(`The embedded database could not be made (${String(code)}): ${words}`);
}

/** Nothing of it was synced while it was made. */
async function syncAll(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = [...entries.map((entry) => join(entry.parentPath, entry.name)), folder];
  const next = async (): Promise<void> => {
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) await REAL_DISK.sync(path);
  };
  await Promise.all(Array.from({ length: SYNCS_AT_ONCE }, next));
}
