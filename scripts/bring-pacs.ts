/**
 * A PACS for the first `npm start`, while npm still brings the packages (bootstrap.js). So nothing that is imported
 * here may need one.
 */
import { bringPacs } from './system/choose-pacs.ts';

// debian-packages.ts hands the signal to apt and repairs what apt leaves unfinished.
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => stopped.abort(new Error('Interrupted.')));
try {
  await bringPacs(Boolean(process.env.PACS_URL), stopped.signal);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
