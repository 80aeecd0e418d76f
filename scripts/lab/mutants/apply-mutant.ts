/**
 * Loaded with `--import` into every process and thread of a test run: gives one file its mutant
 * (`RELAY_MUTANT`) while it is loaded. Nothing on the disk changes.
 */
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { mutated, type Mutant } from './mutant.ts';

/** `file` with its whole path. */
const mutant = JSON.parse(process.env.RELAY_MUTANT ?? 'null') as Mutant | null;
const url = mutant === null ? null : pathToFileURL(mutant.file).href;

registerHooks({
  load(loaded, context, next) {
    const result = next(loaded, context);
    if (mutant === null || loaded !== url) return result;
    return { ...result, source: mutated(String(result.source), mutant) };
  },
});
