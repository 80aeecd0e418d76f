/**
 * Runs the operations of account-files.ts with the rights of the database's account: in this process if it has that
 * account, otherwise in a child ([Note: root and the account] in account.ts).
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { CannotRun, type Place } from './account.ts';
import { operations } from './account-files.ts';

type Operations = typeof operations;
type Rest<List extends readonly unknown[]> = List extends readonly [unknown, ...infer Others]
  ? Others
  : never;
type Outcome<Name extends keyof Operations> = Awaited<ReturnType<Operations[Name]>>;

/** Making a cluster takes seconds, or minutes on a busy machine. */
const WITHIN_MS = 20 * 60_000;

const CALL = `
const [, name, parameters] = process.argv;
const outcome = await operations[name]('.', ...JSON.parse(parameters)).then(
  (value) => ({ value }),
  (error) => ({ error: error.message }),
);
console.log(JSON.stringify(outcome));
`;

/**
 * The account may not be able to enter Node's folder. Linux' magic link leads to the program without passing through
 * folders (proc(5)).
 */
const NODE = process.platform === 'linux' ? '/proc/self/exe' : process.execPath;

async function runChild({ folder, account }: Place, name: string, parameters: unknown[]): Promise<string> {
  const text = await readFile(new URL('./account-files.ts', import.meta.url), 'utf8');
  const told = promisify(execFile)(
    NODE,
    ['--input-type=module-typescript', '--eval', text + CALL, name, JSON.stringify(parameters)],
    // Without this process's environment, which holds passwords: the account can read the environment of its own
    // processes.
    { ...account, cwd: folder, env: {}, timeout: WITHIN_MS, killSignal: 'SIGKILL' },
  );
  const { stdout } = await told.catch((error: NodeJS.ErrnoException & { stderr?: string }) => {
    if (error.code !== 'EACCES')
      throw new CannotRun(`${name} failed in ${folder}: ${error.stderr || error.code}`);
    throw new CannotRun(
      `The database's account may not run Node. Run "chmod go+rx ${process.execPath}", or do not start RelayPACS as root.`,
    );
  });
  return stdout;
}

/** @throws CannotRun when the operation fails in a child. */
export async function asAccount<Name extends keyof Operations>(
  place: Place,
  name: Name,
  ...parameters: Rest<Parameters<Operations[Name]>>
): Promise<Outcome<Name>> {
  if (place.account.uid === undefined) {
    const operation = operations[name] as (folder: string, ...rest: unknown[]) => Promise<Outcome<Name>>;
    return operation(place.folder, ...parameters);
  }
  const told = JSON.parse(await runChild(place, name, parameters)) as {
    value?: Outcome<Name>;
    error?: string;
  };
  if (told.error === undefined) return told.value as Outcome<Name>;
  throw new CannotRun(`The database's account cannot use ${place.folder}: ${told.error}`);
}
