/**
 * A copy of the project in which single lines say something else: a test that holds a promise is run against
 * the copy too, and has to fail. The copy has the sources and a link to the dependencies; nothing of it is
 * left after `remove`.
 */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = [
  'client',
  'gateway',
  'shared',
  'scripts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
];
const DIST = 'client/dist';
const NOT_COPIED = /^(dist|dist-.*|node_modules)$/;

export type Mutation = {
  /** What is switched off, in words. */
  readonly what: string;
  /** Relative to the project's root. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly from: string;
  readonly to: string;
};

export type MutatedCopy = {
  readonly root: string;
  /**
   * Its web app: where no mutation touches it, the project's own, which must be built. @throws Error with the
   * builder's words.
   */
  build(): Promise<void>;
  remove(): Promise<void>;
};

/**
 * @throws Error when a mutation's line is not there, or more than once: then the list of mutations is out of
 * date.
 */
export async function copyWith(mutations: readonly Mutation[]): Promise<MutatedCopy> {
  const root = await mkdtemp(join(tmpdir(), 'relay-mutated-'));
  const remove = () => rm(root, { recursive: true, force: true });
  try {
    for (const name of COPIED) {
      await cp(join(ROOT, name), join(root, name), {
        recursive: true,
        filter: (path) => !NOT_COPIED.test(basename(path)),
      });
    }
    await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    for (const mutation of mutations) await mutate(root, mutation);
  } catch (error) {
    await remove();
    throw error;
  }
  const isOwnApp = mutations.length === 0 || mutations.some(({ file }) => !file.startsWith('gateway/'));
  return {
    root,
    remove,
    build: () => (isOwnApp ? build(root) : cp(join(ROOT, DIST), join(root, DIST), { recursive: true })),
  };
}

async function mutate(root: string, { what, file, from, to }: Mutation): Promise<void> {
  const path = join(root, file);
  const source = await readFile(path, 'utf8');
  const times = source.split(from).length - 1;
  if (times !== 1) throw new Error(`"${what}": what is to be changed stands ${times} times in ${file}`);
  // A function, so that `$` in the new text means itself.
  await writeFile(
    path,
    source.replace(from, () => to),
  );
}

function build(root: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'scripts/build.ts'), '--uncompressed'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(said))));
  });
}
