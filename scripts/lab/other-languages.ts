/**
 * `npm run lab -- other-languages [PATTERN…]`: looks at every screen in longer words and in both directions of
 * writing. Runs the tests that walk through the screens (or those that match) and fails where a text leaves the
 * window or its control, or is cut off.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { readSources, ROOT } from '../check/source-files.ts';

const patterns = process.argv.slice(2);
const walks = (await readSources())
  .filter(({ path, text }) => path.endsWith('.e2e.ts') && text.includes('looksRight('))
  .map(({ path }) => path);
const child = spawn(
  process.execPath,
  [join(ROOT, 'scripts/test.ts'), ...(patterns.length > 0 ? patterns : walks)],
  { stdio: 'inherit', env: { ...process.env, RELAY_OTHER_LANGUAGES: 'yes' } },
);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
const [code] = (await once(child, 'exit')) as [number | null];
process.exitCode = code ?? 1;
