/**
 * `npm run lab -- recorded-session [--candidates 1000000]`: everything that a device and the gateway recorded of a
 * session in which the gateway helped to make pseudonyms, searched for anything that can be computed of that many
 * Patient IDs without the key. Exits 0 if it finds none, and with the key the one that was meant.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const BOOTSTRAP = fileURLToPath(new URL('../bootstrap.js', import.meta.url));
const { values } = parseArgs({ options: { candidates: { type: 'string', default: '1000000' } } });
const env = { ...process.env, RELAY_CANDIDATES: values.candidates };
const args = [BOOTSTRAP, 'scripts/test.ts', 'client/src/pipeline/ingest/recorded-session.test.ts'];

const child = spawn(process.execPath, args, { stdio: 'inherit', env });
const [code] = (await once(child, 'exit')) as [number | null];
process.exitCode = code ?? 1;
