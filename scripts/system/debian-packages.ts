/**
 * Programs that npm does not have, from Debian's packages (Ubuntu and others that use apt too).
 *
 * Promises: at a terminal the command is shown and asked first; services of the packages are neither started
 * now nor at the next boot, for RelayPACS starts programs of its own, in its own folders. Without apt or the
 * rights nothing is tried, and the answer says what to do.
 */
import { spawn } from 'node:child_process';
import { access, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline/promises';

export type PackageRequest = {
  readonly packages: readonly string[];
  /** Debian services that come with them and are not to run. */
  readonly services: readonly string[];
  /** The program and what for, in a few words. */
  readonly purpose: string;
};

export type PackageOutcome = { kind: 'installed' } | { kind: 'unavailable'; because: string };

/** invoke-rc.d(8) asks this program before it starts a service; 101 means "action forbidden by policy". */
const POLICY = '/usr/sbin/policy-rc.d';
const FORBID = '#!/bin/sh\nexit 101\n';
/** Another apt may be at work, for example unattended upgrades of a machine that has just booted. */
const LOCK_TIMEOUT_SECONDS = 120;

/** The command line that a person would type. */
export function installCommand(packages: readonly string[]): string {
  return `apt-get install --no-install-recommends ${packages.join(' ')}`;
}

async function isInPath(program: string): Promise<boolean> {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin'];
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, program)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

/** Runs a command with its words on stderr; its exit code. */
function run(program: string, parameters: readonly string[]): Promise<number> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return new Promise((resolve) => {
    const child = spawn(program, parameters, { stdio: ['inherit', 'ignore', 'inherit'], env });
    child.once('error', () => resolve(127));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

async function isAgreed(command: string, purpose: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal
    .question(`${purpose} is not installed. Install it now?\n\n    ${command}\n\n[Y/n] `)
    .finally(() => terminal.close());
  return /^(y|yes|)$/i.test(answer.trim());
}

async function withServicesAtRest<T>(work: () => Promise<T>): Promise<T> {
  // One that is already there is the machine's own policy and stays.
  const isOurs = await writeFile(POLICY, FORBID, { mode: 0o755, flag: 'wx' }).then(
    () => true,
    () => false,
  );
  try {
    return await work();
  } finally {
    if (isOurs) await rm(POLICY, { force: true });
  }
}

async function install({ packages, services }: PackageRequest): Promise<PackageOutcome> {
  const options = [
    '-qq',
    '-y',
    '--no-install-recommends',
    '-o',
    `DPkg::Lock::Timeout=${LOCK_TIMEOUT_SECONDS}`,
  ];
  const attempt = (): Promise<number> => run('apt-get', ['install', ...options, ...packages]);
  let code = await attempt();
  // On a bare machine there are no package lists yet, or old ones.
  if (code !== 0) code = (await run('apt-get', ['update', '-qq'])) === 0 ? await attempt() : code;
  if (code !== 0)
    return { kind: 'unavailable', because: `apt-get ended with code ${code}; its words are above` };
  for (const service of services) await run('update-rc.d', [service, 'disable']);
  return { kind: 'installed' };
}

/** Installs Debian packages where that is possible and agreed. Throws nothing. */
export async function installDebianPackages(request: PackageRequest): Promise<PackageOutcome> {
  const command = installCommand(request.packages);
  if (!(await isInPath('apt-get'))) return { kind: 'unavailable', because: 'this is not Debian or Ubuntu' };
  if (process.getuid?.() !== 0)
    return { kind: 'unavailable', because: `installing needs the rights of root: sudo ${command}` };
  if (!(await isAgreed(command, request.purpose)))
    return { kind: 'unavailable', because: 'you chose not to install it' };
  process.stderr.write(`Installing ${request.purpose}: ${command}\n`);
  return withServicesAtRest(() => install(request));
}
