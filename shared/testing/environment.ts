/**
 * What a test finds around it: a PostgreSQL server, a PACS, a browser, the corpus. `scripts/test.ts` sets
 * them up and says so in `RELAY_TEST_*`; tests read it here and nowhere else.
 *
 * A part that is absent is null. A test that lacks its part says so with `skipped(…)`: nothing is passed over
 * in silence. A variable that is set but empty means "absent on purpose"; one that is not set lets a test
 * that is run by hand use what the machine has.
 */
import { appendFileSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type TestPacs = {
  /** The DICOMweb root, without a slash at its end. */
  readonly url: string;
  /** The value of an `Authorization` header. */
  readonly authorization: string;
};

export type TestEnvironment = {
  /** A server on which a test may create and drop databases of its own. */
  readonly postgresUrl: string | null;
  /** A real Orthanc shared by all tests: delete what you store, or start your own with scripts/system/orthanc.ts. */
  readonly pacs: TestPacs | null;
  /** The path of a Chromium. */
  readonly chromium: string | null;
  /** Where the keeper of the world that browser tests share is asked for it (world.ts). */
  readonly world: string | null;
  /** An embedded database that nobody has used, to be copied: making one takes seconds. */
  readonly emptyDatabase: string | null;
  /** The corpus folder, with `dev/`, `bad/` and `manifest.json`. */
  readonly corpus: string | null;
};

/**
 * Far above what any step of a test takes here (the start of a gateway: 3 s), on a busy machine too; reached
 * only when something hangs.
 */
export const PATIENCE_MS = 120_000;

const CORPUS_BESIDE_THE_CLONE = fileURLToPath(new URL('../../../shared/corpus', import.meta.url));
const CHROMIUM_OF_DEBIAN = '/usr/bin/chromium';

function pathFrom(variable: string | undefined, otherwise: string): string | null {
  if (variable !== undefined) return variable === '' ? null : variable;
  return existsSync(otherwise) ? otherwise : null;
}

/** What there is to test with. Reads the environment at each call; starts nothing. */
export function testEnvironment(env: NodeJS.ProcessEnv = process.env): TestEnvironment {
  const { RELAY_TEST_PACS_URL: url, RELAY_TEST_PACS_AUTHORIZATION: authorization } = env;
  return {
    postgresUrl: env.RELAY_TEST_POSTGRES_URL || null,
    pacs: url && authorization ? { url, authorization } : null,
    chromium: pathFrom(env.RELAY_TEST_CHROMIUM, CHROMIUM_OF_DEBIAN),
    world: env.RELAY_TEST_WORLD || null,
    emptyDatabase: env.RELAY_TEST_EMPTY_DATABASE || null,
    corpus: pathFrom(env.RELAY_TEST_CORPUS, CORPUS_BESIDE_THE_CLONE),
  };
}

/**
 * Says that a promise was not tested here. The lines are collected by `scripts/test.ts` through the file that
 * `RELAY_TEST_SKIPS` names and printed before the totals; without it they go to stderr.
 */
export function skipped(what: string, why: string, env: NodeJS.ProcessEnv = process.env): void {
  const line = `${JSON.stringify({ what, why })}\n`;
  if (env.RELAY_TEST_SKIPS) appendFileSync(env.RELAY_TEST_SKIPS, line);
  else process.stderr.write(`skipped: ${what} (${why})\n`);
}
