/**
 * `npm run lab -- NAME [ARGUMENT…]`: runs one of the long proofs, scripts/lab/NAME.ts, with the remaining
 * arguments; signals and the exit code pass through. Without a name, or with one that does not exist, it lists
 * the proofs with the first words of their own description and exits 1. A new file there is a new proof.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('lab/', import.meta.url));
const SUFFIX = '.ts';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

async function findNames(): Promise<string[]> {
  const entries = await readdir(FOLDER, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(SUFFIX))
    .map(({ name }) => name.slice(0, -SUFFIX.length))
    .filter((name) => !name.includes('.'))
    .sort();
}

/** The first clause after the usage in the comment at the top of the file. */
async function describe(name: string): Promise<string> {
  const source = await readFile(join(FOLDER, `${name}${SUFFIX}`), 'utf8');
  const comment = source.slice(0, source.indexOf('*/')).replaceAll(/\s*\n \* ?/g, ' ');
  return /`npm run lab -- [^`]*`: (.*?)[.:;](\s|$)/.exec(comment)?.[1] ?? '';
}

async function usage(): Promise<string> {
  const names = await findNames();
  const width = Math.max(...names.map((name) => name.length));
  const lines = await Promise.all(
    names.map(async (name) => `  ${name.padEnd(width)}  ${await describe(name)}`),
  );
  return `usage: npm run lab -- NAME [ARGUMENT…], NAME one of\n${lines.join('\n')}\n`;
}

async function main([name = '', ...args]: readonly string[]): Promise<number> {
  if (!(await findNames()).includes(name)) {
    process.stderr.write(await usage());
    return 1;
  }
  const child = spawn(process.execPath, [join(FOLDER, `${name}${SUFFIX}`), ...args], { stdio: 'inherit' });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + constants.signals[signal!];
}

process.exitCode = await main(process.argv.slice(2));
