/**
 * Programs that npm does not have, from Debian's packages (Ubuntu and others that use apt too).
 *
 * Promises: at a terminal the command is shown and asked first; services of the packages are neither started
 * now nor at the next boot, for RelayPACS starts programs of its own, in its own folders. Without apt or the
 * rights nothing is tried, and the answer says what to do.
 */
import { spawn } from 'node:child_process';
import { access, readdir, readFile, rm, writeFile } from 'node:fs/promises';
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
const FORBID = '#!/bin/sh\n# RelayPACS, while it installs packages\nexit 101\n';
/** dpkg(1) keeps here what it was changing; it is empty unless dpkg was killed. */
const UNFINISHED = '/var/lib/dpkg/updates';
/** Another apt may be at work, for example unattended upgrades of a machine that has just booted. */
const LOCK_TIMEOUT_SECONDS = 120;

/** The command line that a person would type. */
export function installCommand(packages: readonly string[]): string {
  return `apt-get install --no-install-recommends ${packages.join(' ')}`;
}

async function isInPath(program: string): Promise<boolean> {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin'];
  const found = await Promise.all(folders.map((folder) => isThere(join(folder, program))));
  return found.includes(true);
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs a command with its words on stderr, and hands it the signals of this process; its exit code. */
function run(program: string, parameters: readonly string[]): Promise<number> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return new Promise((resolve) => {
    const child = spawn(program, parameters, { stdio: ['inherit', 'ignore', 'inherit'], env });
    const hand = (signal: NodeJS.Signals): void => void child.kill(signal);
    for (const signal of SIGNALS) process.on(signal, hand);
    const end = (code: number): void => {
      for (const signal of SIGNALS) process.off(signal, hand);
      resolve(code);
    };
    child.once('error', () => end(127));
    child.once('exit', (code) => end(code ?? 1));
  });
}

async function isAgreed(command: string, purpose: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal
    .question(`${purpose} is not installed. Install it now?\n\n    ${command}\n\n[Y/n] `, { signal })
    // Ctrl-C.
    .catch(() => 'n')
    .finally(() => terminal.close());
  return /^(y|yes|)$/i.test(answer.trim());
}

async function withServicesAtRest<T>(work: () => Promise<T>): Promise<T> {
  // Another file there is the machine's own policy and stays. Ours is left behind where an installation was killed.
  const isFree = await writeFile(POLICY, FORBID, { mode: 0o755, flag: 'wx' }).then(
    () => true,
    () => false,
  );
  const isOurs = isFree || (await readFile(POLICY, 'utf8').catch(() => '')) === FORBID;
  try {
    return await work();
  } finally {
    if (isOurs) await rm(POLICY, { force: true });
  }
}

const INTERRUPTED: PackageOutcome = { kind: 'unavailable', because: 'the installation was interrupted' };

async function install({ packages, services }: PackageRequest, signal: AbortSignal): Promise<PackageOutcome> {
  const options = [
    '-qq',
    '-y',
    '--no-install-recommends',
    '-o',
    `DPkg::Lock::Timeout=${LOCK_TIMEOUT_SECONDS}`,
  ];
  const attempt = (): Promise<number> => run('apt-get', ['install', ...options, ...packages]);
  let code = await attempt();
  const unfinished = await readdir(UNFINISHED).catch(() => []);
  if (code !== 0 && unfinished.length > 0) await run('dpkg', ['--configure', '-a']);
  if (signal.aborted) return INTERRUPTED;
  // On a bare machine there are no package lists yet, or old ones.
  if (code !== 0) code = (await run('apt-get', ['update', '-qq'])) === 0 ? await attempt() : code;
  if (code !== 0)
    return { kind: 'unavailable', because: `apt-get ended with code ${code}; its words are above` };
  for (const service of services) {
    if (await isThere(`/etc/init.d/${service}`)) await run('update-rc.d', [service, 'disable']);
    // Those without a script for other inits are named in full: `caddy.service`.
    else if (await isThere(`/lib/systemd/system/${service}`))
      await run('systemctl', ['--root=/', '--quiet', 'disable', service]);
  }
  return { kind: 'installed' };
}

/**
 * Installs Debian packages where that is possible and agreed. `given`, or a signal to this process: begins nothing
 * more. Throws nothing.
 */
export async function installDebianPackages(
  request: PackageRequest,
  given: AbortSignal = AbortSignal.any([]),
): Promise<PackageOutcome> {
  const command = installCommand(request.packages);
  if (!(await isInPath('apt-get'))) return { kind: 'unavailable', because: 'this is not Debian or Ubuntu' };
  if (process.getuid?.() !== 0)
    return { kind: 'unavailable', because: `installing needs the rights of root: sudo ${command}` };
  const interrupting = new AbortController();
  const interrupt = (): void => interrupting.abort();
  const signal = AbortSignal.any([given, interrupting.signal]);
  for (const name of SIGNALS) process.on(name, interrupt);
  try {
    const isWanted = await isAgreed(command, request.purpose, signal);
    if (signal.aborted) return INTERRUPTED;
    if (!isWanted) return { kind: 'unavailable', because: 'you chose not to install it' };
    process.stderr.write(`Installing ${request.purpose}: ${command}\n`);
    return await withServicesAtRest(() => install(request, signal));
  } finally {
    for (const name of SIGNALS) process.off(name, interrupt);
  }
}
