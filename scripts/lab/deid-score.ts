/**
 * `npm run lab -- deid-score [--each] [--seed TEXT] [--json] [--validity]`: how well `relay deidentify`
 * de-identifies. The judges are in deid-score/, in Python with pydicom: they know the standard's table and
 * nothing of ours. The plain profile and all options together; with `--each` every option alone too. The
 * planted identities depend on the commit, so that no two versions are measured by the same ones (the tests
 * give a seed). With `--validity`: whether dciodvfy finds errors in de-identified files of the corpus that the
 * originals lack. Exits 1 if a score is below its limit.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { OPTIONS } from '#shared/deid/profile.ts';
import { createRules } from '#shared/deid/rules.ts';
import { testEnvironment } from '#testing/environment.ts';
import { installDebianPackages } from '../system/debian-packages.ts';

const run = promisify(execFile);
const FOLDER = fileURLToPath(new URL('deid-score/', import.meta.url));
const RELAY = fileURLToPath(new URL('../relay.ts', import.meta.url));
/** Outside the repository: the table belongs to the standard, and we may not distribute it. */
const STANDARDS = fileURLToPath(new URL('../../../shared/standards', import.meta.url));
/** Debian's own: another one in the path may lack pydicom. */
const PYTHON = '/usr/bin/python3';

const hasPydicom = (): Promise<boolean> =>
  run(PYTHON, ['-c', 'import pydicom']).then(
    () => true,
    () => false,
  );

/** Why it cannot be scored here; null where it can. Installs pydicom where it may. */
export async function whyNotScored(): Promise<string | null> {
  if (!existsSync(STANDARDS)) return 'there is no ../shared/standards';
  if (await hasPydicom()) return null;
  const outcome = await installDebianPackages({
    packages: ['python3-pydicom'],
    services: [],
    purpose: 'pydicom (to score de-identification)',
  });
  return outcome.kind === 'installed' && (await hasPydicom()) ? null : 'there is no python3-pydicom';
}

/** The same for the judge of validity. */
export async function whyNotValidated(): Promise<string | null> {
  if (testEnvironment().corpus === null) return 'there is no corpus';
  const hasValidator = (): Promise<boolean> =>
    run('which', ['dciodvfy']).then(
      () => true,
      () => false,
    );
  if (!(await hasValidator()))
    await installDebianPackages({
      packages: ['dicom3tools'],
      services: [],
      purpose: 'dciodvfy (to validate what was de-identified)',
    });
  return (await hasValidator()) ? whyNotScored() : 'there is no dciodvfy';
}

/**
 * The options that can be had, alone; and all of them together, of the two for dates the one that tells less.
 */
function optionSets(isEach: boolean): string[] {
  const available = Object.keys(OPTIONS).filter((option) => createRules([option]).kind === 'ready');
  const together = available.filter((option) => option !== 'retain-longitudinal-full-dates').join(',');
  return ['', ...(isEach ? available : []), together];
}

async function judge(script: string, parameters: readonly string[]): Promise<number> {
  const child = spawn(
    PYTHON,
    ['-W', 'ignore', `${FOLDER}${script}`, ...parameters, '--', process.execPath, RELAY, 'deidentify'],
    { stdio: 'inherit' },
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

export type Scoring = {
  readonly isEach?: boolean;
  readonly isJson?: boolean;
  readonly seed?: string | undefined;
};

/** Prints the score on stderr, with `isJson` all of it on stdout; the exit code of the judge. */
export async function scoreDeidentification({
  isEach = false,
  isJson = false,
  seed,
}: Scoring = {}): Promise<number> {
  const planted =
    seed ??
    (await run('git', ['rev-parse', 'HEAD'], { cwd: FOLDER }).then(
      ({ stdout }) => stdout.trim(),
      () => 'no commit',
    ));
  const asked = optionSets(isEach).map((options) => `--options=${options}`);
  return judge('score.py', [
    '--standards',
    STANDARDS,
    '--listed',
    `${FOLDER}listed.json`,
    '--seed',
    planted,
    ...asked,
    ...(isJson ? ['--json'] : []),
  ]);
}

/** Over the whole corpus: the plain profile, or with `isEach` every option set. */
export async function validateDeidentified({ isEach = false }: Scoring = {}): Promise<number> {
  const asked = (isEach ? optionSets(true) : ['']).map((options) => `--options=${options}`);
  return judge('validity.py', ['--corpus', `${testEnvironment().corpus}/dev`, ...asked]);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      each: { type: 'boolean' },
      seed: { type: 'string' },
      json: { type: 'boolean' },
      validity: { type: 'boolean' },
    },
  });
  const scoring = { isEach: values.each === true, isJson: values.json === true, seed: values.seed };
  const why = values.validity ? await whyNotValidated() : await whyNotScored();
  if (why !== null) process.stderr.write(`skipped: ${why}\n`);
  else
    process.exitCode = values.validity
      ? await validateDeidentified(scoring)
      : await scoreDeidentification(scoring);
}
