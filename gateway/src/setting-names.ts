/**
 * The names of all variables that begin with RELAY_. Any other one is a typing mistake: the setting that was meant
 * would silently keep its default.
 */
import type { Env, Report } from './read-setting.ts';
import { NAMED_SECRET } from './secret-settings.ts';
import { SETTING_NAMES } from './settings.ts';

const NAMES: readonly string[] = SETTING_NAMES.filter((name) => name.startsWith('RELAY_')).toSorted();

/**
 * Variables that the command line, the build, compose.yaml, tests, benches and the lab read. A shell may hold them too.
 */
const OF_OTHER_COMMANDS = [
  'RELAY_AUDIT_ROWS',
  'RELAY_BACKUP_KEY',
  'RELAY_BROWSER_COVERAGE',
  'RELAY_CANDIDATES',
  'RELAY_CHAOS_MINUTES',
  'RELAY_CODING',
  'RELAY_DATABASE_PASSWORD',
  'RELAY_DRAW_PICTURES',
  'RELAY_EVALUATION',
  'RELAY_KILLS',
  'RELAY_LARGE_MEBIBYTES',
  'RELAY_MUTANT',
  'RELAY_MUTATIONS',
  'RELAY_NEW_PASSWORD',
  'RELAY_OTHER_LANGUAGES',
  'RELAY_PACS_PASSWORD',
  'RELAY_PACS_STORAGE',
  'RELAY_PASSWORD',
  'RELAY_ROUNDS',
  'RELAY_RUNS',
  'RELAY_SCREENSHOTS',
  'RELAY_SEED',
  'RELAY_SOURCE_MAPS',
  'RELAY_VAULT_PASSPHRASE',
  'RELAY_WEB_VERSION',
];
const OF_TESTS = /^RELAY_(TEST|BENCH)_/;
/**
 * Kubernetes tells every container about the services beside it in such variables, and one of the services may be
 * called relay-pacs ("Service", environment).
 */
const OF_KUBERNETES = /_SERVICE_(HOST$|PORT)|_PORT_\d+_(TCP|UDP|SCTP)(_\w|$)/;

/**
 * The Levenshtein distance: how many letters must be inserted, removed or exchanged to turn one word into the other.
 */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [above, letter] of [...one].entries()) {
    const next = [above + 1];
    for (const [at, others] of [...other].entries())
      next.push(Math.min(row[at]! + (letter === others ? 0 : 1), row[at + 1]! + 1, next[at]! + 1));
    row = next;
  }
  return row.at(-1)!;
}

/** The maximum distance at which a name still counts as a misspelling. */
const SLIP_LIMIT = 4;

function hintFor(name: string): string {
  const nearest = NAMES.reduce((best, each) =>
    distanceOf(name, each) < distanceOf(name, best) ? each : best,
  );
  return distanceOf(name, nearest) > SLIP_LIMIT ? '' : ` Did you mean ${nearest}?`;
}

/** Reports each RELAY_ variable that has a value and that nothing reads. */
export function reportUnknown(env: Env, wrong: Report): void {
  const known = new Set([...NAMES, ...OF_OTHER_COMMANDS]);
  const isForeign = (name: string): boolean =>
    OF_TESTS.test(name) || OF_KUBERNETES.test(name) || NAMED_SECRET.test(name);
  for (const [name, value] of Object.entries(env))
    if (name.startsWith('RELAY_') && value && !known.has(name) && !isForeign(name))
      wrong(`${name} is not a setting.${hintFor(name)} Correct the name, or remove it.`);
}
