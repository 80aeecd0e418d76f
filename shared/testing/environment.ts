/**
 * The environment of a test: a PostgreSQL server, a PACS, a browser, the corpus. `scripts/test.ts` sets them
 * up and says so in `RELAY_TEST_*`; tests read it here and nowhere else.
 *
 * A part that is absent is null. A test that lacks its part calls `skip(…)`: nothing is passed over in
 * silence. A variable that is set but empty means "absent on purpose"; one that is not set lets a test that is
 * run by hand use what the machine has.
 */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type TestPacs = {
  /** The DICOMweb root, without a slash at its end. */
  readonly url: string;
  /** The value of an `Authorization` header. */
  readonly authorization: string;
};

/** WebKitGTK's own browser, its WebDriver, and an X server for it. */
export type WebKitPrograms = {
  readonly driver: string;
  readonly browser: string;
  readonly display: string;
};

export type TestEnvironment = {
  /** A server on which a test may create and drop databases of its own. */
  readonly postgresUrl: string | null;
  /** A real Orthanc shared by all tests: delete what you store, or start your own (scripts/system/orthanc.ts). */
  readonly pacs: TestPacs | null;
  /** The path of a Chromium: for profiles, and for what its headless shell lacks (Background Sync, wake locks). */
  readonly chromium: string | null;
  /** For visitors without a past: Chromium's headless shell, a third lighter, or else the Chromium. */
  readonly headlessShell: string | null;
  /** The path of a Firefox. */
  readonly firefox: string | null;
  readonly webkit: WebKitPrograms | null;
  /** Where the keeper of the world that browser tests share is asked for it (world.ts). */
  readonly world: string | null;
  /** The corpus folder, with `dev/`, `bad/` and `manifest.json`. */
  readonly corpus: string | null;
};

/** How much slower this machine is now than the one that the limits are meant for (scripts/calibration.ts). */
const CALIBRATION = Number(process.env.RELAY_TEST_CALIBRATION ?? 1);
/** Whole: Node refuses the fraction that 30 × 1000 × 6.03 leaves as a time-out. */
const SECOND_MS = Math.round(1000 * CALIBRATION);

/** `npm run test:all`: screens are looked at in all sizes and themes, and a test may take long. */
export const IS_WHOLE_PROOF = process.env.RELAY_TEST_TIER === 'all';
/** The longest that a page may take to do one thing. Limits are far above the need: only a fault reaches them. */
export const ACTION_MS = 30 * SECOND_MS;
/** The longest that the outcome of several steps may take, such as a study’s way to the PACS. */
export const PATIENCE_MS = (IS_WHOLE_PROOF ? 400 : 90) * SECOND_MS;
/** The longest that a test may take. */
export const TEST_MS = (IS_WHOLE_PROOF ? 900 : 400) * SECOND_MS;

const CORPUS_BESIDE_THE_CLONE = fileURLToPath(new URL('../../../shared/corpus', import.meta.url));
const CHROMIUM_OF_DEBIAN = '/usr/bin/chromium';
const HEADLESS_SHELL_OF_DEBIAN = '/usr/bin/chromium-headless-shell';
const FIREFOX_OF_DEBIAN = '/usr/bin/firefox-esr';
const WEBKIT_DRIVER_OF_DEBIAN = '/usr/bin/WebKitWebDriver';
const XVFB_OF_DEBIAN = '/usr/bin/Xvfb';
const LIBRARIES_OF_DEBIAN = '/usr/lib';

function pathFrom(variable: string | undefined, otherwise: string): string | null {
  if (variable !== undefined) return variable === '' ? null : variable;
  return existsSync(otherwise) ? otherwise : null;
}

/** The browser lies in the folder of its library, below that of the machine's architecture. */
function webkitFrom(variable: string | undefined): WebKitPrograms | null {
  const driver = pathFrom(variable, WEBKIT_DRIVER_OF_DEBIAN);
  const display = pathFrom(undefined, XVFB_OF_DEBIAN);
  if (driver === null || display === null) return null;
  const browser = readdirSync(LIBRARIES_OF_DEBIAN)
    .map((folder) => `${LIBRARIES_OF_DEBIAN}/${folder}/webkit2gtk-4.1/MiniBrowser`)
    .find((path) => existsSync(path));
  return browser === undefined ? null : { driver, browser, display };
}

/** The available parts for tests. Reads the environment at each call; starts nothing. */
export function testEnvironment(env: NodeJS.ProcessEnv = process.env): TestEnvironment {
  const { RELAY_TEST_PACS_URL: url, RELAY_TEST_PACS_AUTHORIZATION: authorization } = env;
  const chromium = pathFrom(env.RELAY_TEST_CHROMIUM, CHROMIUM_OF_DEBIAN);
  return {
    postgresUrl: env.RELAY_TEST_POSTGRES_URL || null,
    pacs: url && authorization ? { url, authorization } : null,
    chromium,
    headlessShell: pathFrom(env.RELAY_TEST_HEADLESS_SHELL, HEADLESS_SHELL_OF_DEBIAN) ?? chromium,
    firefox: pathFrom(env.RELAY_TEST_FIREFOX, FIREFOX_OF_DEBIAN),
    webkit: webkitFrom(env.RELAY_TEST_WEBKIT),
    world: env.RELAY_TEST_WORLD || null,
    corpus: pathFrom(env.RELAY_TEST_CORPUS, CORPUS_BESIDE_THE_CLONE),
  };
}

/** Ends the test that throws it: it counts as skipped. */
export class Skip extends Error {
  readonly what: string;
  readonly why: string;

  constructor(what: string, why: string) {
    super(`skipped: ${what} (${why})`);
    this.what = what;
    this.why = why;
  }
}

/** Ends the test it is called in, which then counts as skipped. */
export function skip(what: string, why: string): never {
  throw new Skip(what, why);
}

const told: Skip[] = [];

/**
 * Counts one skip without ending anything: for a file that registers no tests because its part is missing,
 * and for a promise that a test holds only in part. Run by hand, a test file says so on stderr.
 */
export function skipped(what: string, why: string): void {
  const one = new Skip(what, why);
  told.push(one);
  if (process.env.RELAY_TEST_RUN === undefined) process.stderr.write(`${one.message}\n`);
}

/** The reports of `skipped` since the last call, for the runner. */
export function takeTold(): Skip[] {
  return told.splice(0);
}
