/** Runs the tools of `npm run check`: the output of a failing program is the finding. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './source-files.ts';

/** Where the tools lie, started by Node itself: npm's links in `.bin` differ between systems. */
const TYPESCRIPT = join(ROOT, 'node_modules/typescript/bin/tsc');
const BIOME = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
const KNIP = join(ROOT, 'node_modules/knip/bin/knip.js');

/** Runs a program under Node; its output when it fails, nothing when it succeeds. */
export function findingsOf(parameters: readonly string[]): Promise<string[]> {
  return new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: '1' };
    const child = spawn(process.execPath, parameters, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (text: string): void => {
      output += text;
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.once('error', (error) => resolve([error.message]));
    child.once('close', (code) => resolve(code === 0 ? [] : [output.trim() || `ended with code ${code}`]));
  });
}

/** Checks the types of everything at once; the gateway's use of the DOM is refused by biome.json. */
export const checkTypes = (): Promise<string[]> => findingsOf([TYPESCRIPT, '-p', '.', '--pretty', 'false']);

/** biome.json: the form of every file, and the linter's rules. */
export const checkWithBiome = (): Promise<string[]> =>
  findingsOf([BIOME, 'ci', '--error-on-warnings', '--reporter=github']);

/**
 * knip.jsonc: files, exports and packages that nobody uses; then, of the product alone, files that only tests
 * use and packages that it needs but that are not installed with it.
 */
export async function checkUnused(): Promise<string[]> {
  const shared = [KNIP, '--no-progress', '--no-config-hints'];
  const findings = await Promise.all([
    findingsOf(shared),
    findingsOf([...shared, '--production', '--strict', '--include', 'files,unlisted']),
  ]);
  return findings.flat();
}
