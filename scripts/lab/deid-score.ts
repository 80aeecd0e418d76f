/**
 * `npm run lab -- deid-score [--attack | --actions | --validity | --pixels] [--each] [--seed TEXT] [--json]`: how well
 * `relay deidentify` de-identifies. The judges are in deid-score/, in Python with pydicom: they know the
 * standard and nothing of ours. Without one of the first flags both of the first run.
 *
 * `--actions`: identities in every place of the standard's table, the plain profile and all options together;
 * with `--each` every option alone too. `--attack [--sets NAME,…] [--findings NAME,…] [--brief]`: adversarial
 * instances under four option sets; tells what is left by finding and severity. `--validity`: whether dciodvfy
 * finds errors in de-identified files of the corpus that the originals lack. `--pixels`: whether dcmtk, Pillow and
 * pydicom decode the same pixels of both.
 *
 * The planted identities depend on the commit, so that no two versions are measured by the same ones (the tests
 * give a seed). Exits 1 if a score is below its limit.
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

const OURS = [process.execPath, RELAY, 'deidentify', '--odd', 'send'];

async function judge(
  script: string,
  parameters: readonly string[],
  command: readonly string[] = OURS,
): Promise<number> {
  const child = spawn(PYTHON, ['-W', 'ignore', `${FOLDER}${script}`, ...parameters, '--', ...command], {
    stdio: 'inherit',
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

export type Scoring = {
  readonly isEach?: boolean;
  readonly isJson?: boolean;
  readonly seed?: string | undefined;
};

const seedOfCommit = (): Promise<string> =>
  run('git', ['rev-parse', 'HEAD'], { cwd: FOLDER }).then(
    ({ stdout }) => stdout.trim(),
    () => 'no commit',
  );

/** Prints the score on stderr, with `isJson` all of it on stdout; the exit code of the judge. */
export async function scoreDeidentification({
  isEach = false,
  isJson = false,
  seed,
}: Scoring = {}): Promise<number> {
  const asked = optionSets(isEach).map((options) => `--options=${options}`);
  return judge('score.py', [
    '--standards',
    STANDARDS,
    '--listed',
    `${FOLDER}listed.json`,
    '--seed',
    seed ?? (await seedOfCommit()),
    ...asked,
    ...(isJson ? ['--json'] : []),
  ]);
}

export type Attack = {
  readonly seed?: string | undefined;
  /** Findings and option sets to attack; all of them where none is named. */
  readonly findings?: readonly string[];
  readonly sets?: readonly string[];
  readonly isJson?: boolean;
  /** Tells only what is left, and of it the first few. */
  readonly isBrief?: boolean;
  /** Attacks a de-identifier that changes nothing, and expects that everything planted is found. */
  readonly isControl?: boolean;
};

/** Prints on stderr what is left; the exit code of the judge. */
export async function attackDeidentification({
  seed,
  findings = [],
  sets = [],
  isJson = false,
  isBrief = false,
  isControl = false,
}: Attack = {}): Promise<number> {
  const parameters = [
    '--standards',
    STANDARDS,
    '--corpus',
    testEnvironment().corpus ?? 'no corpus',
    '--seed',
    seed ?? (await seedOfCommit()),
    ...(findings.length > 0 ? ['--findings', findings.join()] : []),
    ...(sets.length > 0 ? ['--sets', sets.join()] : []),
    ...(isJson ? ['--json'] : []),
    ...(isBrief ? ['--brief'] : []),
    ...(isControl ? ['--control'] : []),
  ];
  return judge('attack.py', parameters, isControl ? [PYTHON, `${FOLDER}copy_files.py`] : OURS);
}

/** Over the whole corpus: the plain profile, or with `isEach` every option set. */
export function validateDeidentified({ isEach = false }: Scoring = {}): Promise<number> {
  return judgeCorpus('validity.py', isEach ? optionSets(true) : ['']);
}

/** Over the whole corpus: the plain profile and all options together. */
export function comparePixels(): Promise<number> {
  return judgeCorpus('pixels.py', optionSets(false));
}

const judgeCorpus = (script: string, sets: readonly string[]): Promise<number> =>
  judge(script, [
    '--corpus',
    `${testEnvironment().corpus}/dev`,
    ...sets.map((options) => `--options=${options}`),
  ]);

const OPTIONS_OF_COMMAND = {
  each: { type: 'boolean' },
  seed: { type: 'string' },
  json: { type: 'boolean' },
  brief: { type: 'boolean' },
  actions: { type: 'boolean' },
  attack: { type: 'boolean' },
  validity: { type: 'boolean' },
  pixels: { type: 'boolean' },
  findings: { type: 'string' },
  sets: { type: 'string' },
} as const;

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS_OF_COMMAND });
  const ofCorpus = values.validity === true || values.pixels === true;
  const why = ofCorpus ? await whyNotValidated() : await whyNotScored();
  if (why !== null) {
    process.stderr.write(`skipped: ${why}\n`);
    return 0;
  }
  const scoring = { isEach: values.each === true, isJson: values.json === true, seed: values.seed };
  if (values.validity) return validateDeidentified(scoring);
  if (values.pixels) return comparePixels();
  const actions = values.attack ? 0 : await scoreDeidentification(scoring);
  const attack = values.actions
    ? 0
    : await attackDeidentification({
        seed: values.seed,
        findings: values.findings?.split(',') ?? [],
        sets: values.sets?.split(',') ?? [],
        isJson: values.json === true,
        isBrief: values.brief === true,
      });
  return Math.max(actions, attack);
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
