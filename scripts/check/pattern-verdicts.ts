/** The patterns that recheck found safe, by their digests, in a file beside this one. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Pattern } from './pattern-form.ts';

const FILE = fileURLToPath(new URL('pattern-verdicts.txt', import.meta.url));
const DIGEST_LETTERS = 32;

export type Verdicts = {
  /** By which recheck. */
  readonly by: string;
  readonly safe: ReadonlySet<string>;
};

export const digestOf = ({ source, flags }: Pattern): string =>
  createHash('sha256').update(`/${source}/${flags}`).digest('hex').slice(0, DIGEST_LETTERS);

const { version } = createRequire(import.meta.url)('recheck/package.json') as { version: string };
/** The installed one. */
export const RECHECK = `recheck ${version}`;

export async function readVerdicts(): Promise<Verdicts> {
  const [by = '', ...safe] = (await readFile(FILE, 'utf8').catch(() => '')).trimEnd().split('\n');
  return { by, safe: new Set(safe) };
}

export const writeVerdicts = ({ by, safe }: Verdicts): Promise<void> =>
  writeFile(FILE, `${[by, ...[...safe].sort()].join('\n')}\n`);
