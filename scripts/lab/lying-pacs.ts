/**
 * `npm run lab -- lying-pacs [--seed N] [--studies 1500]`: studies before a PACS that lies or is ill. Each status
 * with each body from each service, then what the seed draws: lag, no lists, few rows, stores that are not
 * carried out, instances on which it breaks off, other bytes, a store that is claimed and forgotten. Exits 0 if no
 * receipt says what is not so, nothing acknowledged was posted again, and every study ended.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const PROOF = fileURLToPath(new URL('../../gateway/src/simulation/lying-pacs.test.ts', import.meta.url));

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    studies: { type: 'string', default: '1500' },
  },
});
process.stderr.write(`seed ${values.seed}, ${values.studies} studies\n`);
const child = spawn(process.execPath, [PROOF], {
  stdio: 'inherit',
  env: { ...process.env, RELAY_SEED: values.seed, RELAY_TEST_RUNS: values.studies },
});
const [code] = (await once(child, 'exit')) as [number | null];
process.exitCode = code ?? 1;
