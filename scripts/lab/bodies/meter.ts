/** Loaded with `--import` into the gateway under test: says on stdout each turn of its event loop that took long. */
import { isMainThread } from 'node:worker_threads';
import { measureTurns } from './measure-turns.ts';

// Not in its children: the engine's process answers nobody.
if (isMainThread && /gateway\/src\/main\.ts$/.test(process.argv[1] ?? ''))
  measureTurns((measured) => process.stdout.write(`${JSON.stringify(measured)}\n`));
