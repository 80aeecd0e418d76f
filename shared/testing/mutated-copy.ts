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
  /** The name of the safeguard that is switched off. */
  readonly what: string;
  /** Relative to the project's root. */
  readonly file: string;
  /** Stands there exactly once; the formatter's line breaks and trailing commas do not count. */
  readonly from: string;
  readonly to: string;
};

export type MutatedCopy = {
  readonly root: string;
  /**
   * Builds the copy's web app, or copies the project's own, which must be built, where no mutation touches it.
   * @throws Error with the builder's words.
   */
  build(): Promise<void>;
  /** Builds the web app under another version's name, from the sources that are there now. @throws as `build`. */
  buildVersion(version: string): Promise<void>;
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
  const isOwnApp = mutations.some(({ file }) => !file.startsWith('gateway/'));
  return {
    root,
    remove,
    build: () => (isOwnApp ? build(root) : cp(join(ROOT, DIST), join(root, DIST), { recursive: true })),
    buildVersion: (version) => build(root, { RELAY_WEB_VERSION: version }),
  };
}

/** How the formatter may have set it: without white space and the commas before a closing bracket. */
function unformatted(text: string): { readonly text: string; readonly places: readonly number[] } {
  const kept = [...text.matchAll(/,(?=\s*[)\]}])|\s+|([^\s])/g)].filter(
    ([, character]) => character !== undefined,
  );
  return { text: kept.map(([character]) => character).join(''), places: kept.map(({ index }) => index) };
}

/** How often the lines stand in the source, however the formatter has set them. */
export function timesIn(source: string, lines: string): number {
  return unformatted(source).text.split(unformatted(lines).text).length - 1;
}

async function mutate(root: string, { what, file, from, to }: Mutation): Promise<void> {
  const path = join(root, file);
  const source = await readFile(path, 'utf8');
  const times = timesIn(source, from);
  if (times !== 1) throw new Error(`"${what}": the lines to change stand ${times} times in ${file}`);
  const whole = unformatted(source);
  const wanted = unformatted(from);
  const start = whole.text.indexOf(wanted.text);
  const first = whole.places[start]!;
  const last = whole.places[start + wanted.text.length - 1]!;
  await writeFile(path, `${source.slice(0, first)}${to}${source.slice(last + 1)}`);
}

function build(root: string, settings: NodeJS.ProcessEnv = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'scripts/build.ts'), '--uncompressed'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...settings },
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(said))));
  });
}
