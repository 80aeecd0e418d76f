/**
 * `npm run lab -- rot-at-rest [--seed N] [--rounds 1000] [--only N]`: flips, cuts and swaps of the gateway's
 * blobs and of their tags, and of digests, sizes, places and keys in its database, at each moment of a study's
 * road and under each setting of RELAY_PACS_PROOF. Exits 0 if the PACS was never given other bytes than were
 * sent, no receipt says `stored` of other bytes, and every study ended.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const RUN = fileURLToPath(new URL('../../gateway/src/simulation/run-rot.ts', import.meta.url));

const child = spawn(process.execPath, [RUN, ...process.argv.slice(2)], { stdio: 'inherit' });
const [code] = (await once(child, 'exit')) as [number | null];
process.exitCode = code ?? 1;
