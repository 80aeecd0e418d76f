/**
 * A real Orthanc with its DICOMweb plugin, in a folder of its own: for `npm start` and for tests.
 *
 * Promises: nothing is read or stored from another machine (from version 1.12.10 on Orthanc listens on the loopback
 * alone; an older one refuses callers from elsewhere, and the start says that it listens for them), callers need
 * the password that was made for this folder, the same folder opens with the same password again, and no settings but
 * `orthanc/orthanc.json` and the few made here are used: Debian's own /etc/orthanc is not read; it ends with this
 * process, however that ends. Does not restart an Orthanc that dies: the caller is told through `exited`.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endWithUs } from './end-with-us.ts';
import { NotInstalled } from './not-installed.ts';
import { freePort, holdsPort, listensOnAllAddresses } from './ports.ts';
import { cpuMsOf } from './processes.ts';
import { limitLog } from './turn-over-log.ts';
import { untilReady } from './until-ready.ts';

const SETTINGS = fileURLToPath(new URL('../../orthanc/orthanc.json', import.meta.url));
const USER = 'relay';

/** Where packages put them; sbin is not in every user's PATH. */
const PROGRAM_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/orthanc/bin', '/usr/bin', '/usr/local/bin'];
const PROGRAM_NAMES = ['Orthanc', 'orthanc'];
const PLUGIN_FOLDERS = [
  '/usr/share/orthanc/plugins',
  '/usr/local/share/orthanc/plugins',
  '/usr/lib/orthanc',
  '/opt/orthanc/plugins',
];
const PLUGIN_NAMES = ['libOrthancDicomWeb.so', 'libOrthancDicomWeb.dylib'];

/** Orthanc answers requests in flight before it ends. After that it is killed: its index is transactional. */
const STOP_WITHIN_MS = 10_000;

export type OrthancProgram = { readonly binary: string; readonly plugin: string };

export type OrthancOptions = {
  /** The folder of Orthanc's storage, index, settings and log; made when absent. */
  readonly folder: string;
  /** A free one when not given. */
  readonly port?: number;
  /** Another DICOMweb plugin than the one found. */
  readonly plugins?: readonly string[];
  readonly program?: OrthancProgram;
  /** Laid over `orthanc/orthanc.json`, for a test of another PACS's habits. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly say?: (line: string) => void;
  /** Gives up a start that is not ready yet. */
  readonly signal?: AbortSignal;
  /** Called as soon as there is a process, before it answers. */
  readonly onSpawn?: (pid: number) => Promise<void>;
};

export type RunningOrthanc = {
  /** The DICOMweb root, without a slash at its end. */
  readonly url: string;
  /** The root of Orthanc's own REST API, without a slash at its end. */
  readonly restUrl: string;
  /** The value of an `Authorization` header. */
  readonly authorization: string;
  readonly pid: number;
  /** Orthanc's exit code or the signal that ended it. */
  readonly exited: Promise<number | string>;
  /** Ends it and waits until it is gone. May be called twice. */
  stop(): Promise<void>;
};

async function firstThatExists(folders: readonly string[], names: readonly string[]): Promise<string | null> {
  for (const folder of folders) {
    for (const name of names) {
      const path = join(folder, name);
      if (
        await access(path).then(
          () => true,
          () => false,
        )
      )
        return path;
    }
  }
  return null;
}

/** The installed Orthanc and its DICOMweb plugin; null when either is absent. */
export async function findOrthanc(env: NodeJS.ProcessEnv = process.env): Promise<OrthancProgram | null> {
  const path = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const binary = await firstThatExists([...PROGRAM_FOLDERS, ...path], PROGRAM_NAMES);
  const plugin = await firstThatExists(PLUGIN_FOLDERS, PLUGIN_NAMES);
  return binary && plugin ? { binary, plugin } : null;
}

export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** The password of this folder: the one of its settings when it has been used before. */
async function passwordOf(settingsFile: string): Promise<string> {
  const before = await readFile(settingsFile, 'utf8').catch(() => null);
  const known: unknown = before === null ? null : JSON.parse(before).RegisteredUsers?.[USER];
  return typeof known === 'string' ? known : randomBytes(24).toString('base64url');
}

async function writeSettings(
  options: OrthancOptions,
  port: number,
  plugins: readonly string[],
): Promise<{ file: string; password: string }> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const file = join(options.folder, 'orthanc.json');
  const password = await passwordOf(file);
  const settings = {
    ...JSON.parse(await readFile(SETTINGS, 'utf8')),
    ...options.settings,
    HttpPort: port,
    // Versions before 1.12.10 ignore this setting.
    HttpBindAddresses: ['127.0.0.1'],
    StorageDirectory: join(options.folder, 'storage'),
    IndexDirectory: join(options.folder, 'storage'),
    TemporaryDirectory: join(options.folder, 'temporary'),
    Plugins: plugins,
    RegisteredUsers: { [USER]: password },
  };
  await mkdir(settings.TemporaryDirectory, { recursive: true, mode: 0o700 });
  await writeFile(file, JSON.stringify(settings, null, 2), { mode: 0o600 });
  return { file, password };
}

/** Resolves with how the process ended; a program that could not be started counts as ended too. */
function ending(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    child.once('error', (error) => resolve(error.message));
  });
}

/** Throws where waiting changes nothing: another server has this port, or an Orthanc with another password. */
export async function doesAnswer(restUrl: string, authorization: string): Promise<boolean> {
  const answer = await fetch(`${restUrl}/system`, {
    headers: { authorization },
    signal: AbortSignal.timeout(2_000),
  }).catch(() => null);
  await answer?.body?.cancel();
  if (answer?.status === 401 || answer?.status === 403)
    throw new Error('Another server answers on the port that was meant for Orthanc.');
  return answer?.ok ?? false;
}

async function lastLines(logFile: string): Promise<string> {
  const log = await readFile(logFile, 'utf8').catch(() => '');
  return log.trim().split('\n').slice(-3).join('\n');
}

const openPort = (port: number): string =>
  `Orthanc listens on port ${port} on all addresses. Unless a firewall blocks it, other machines can keep it busy: docs/install.md, The PACS.`;

/**
 * Starts Orthanc and waits until it answers.
 * @throws NotInstalled without Orthanc or its plugin; Error when it ends at once or shows no sign of life: the
 * message has its last log lines.
 */
export async function startOrthanc(options: OrthancOptions): Promise<RunningOrthanc> {
  const program = options.program ?? (await findOrthanc());
  if (!program)
    throw new NotInstalled(
      'Orthanc with its DICOMweb plugin is not installed (Debian: apt-get install orthanc orthanc-dicomweb).',
    );
  const port = options.port ?? (await freePort());
  const { file, password } = await writeSettings(options, port, options.plugins ?? [program.plugin]);
  const logFile = join(options.folder, 'orthanc.log');
  // Orthanc's own words may name what it stores, so they stay in the PACS's own folder.
  await rm(logFile, { force: true });
  const log = await open(logFile, 'a', 0o600);
  const child = spawn(program.binary, [file], {
    stdio: ['ignore', log.fd, log.fd],
    cwd: options.folder,
    detached: true,
  });
  const exited = ending(child);
  await log.close();
  void exited.then(limitLog(logFile));
  endWithUs(child);
  const endAtOnce = (): void => void child.kill('SIGKILL');
  process.once('exit', endAtOnce);
  void exited.then(() => process.off('exit', endAtOnce));

  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    await exited;
    clearTimeout(late);
  };
  const restUrl = `http://127.0.0.1:${port}`;
  const authorization = basicAuthorization(USER, password);
  try {
    if (child.pid !== undefined) await options.onSpawn?.(child.pid);
    await untilReady({
      name: 'Orthanc',
      // The password is for this process alone: whoever else listens there does not get it.
      isReady: async () => (await holdsPort(child.pid ?? 0, port)) && doesAnswer(restUrl, authorization),
      exited,
      signOfLife: async () => `${await cpuMsOf(child.pid ?? 0)} ${(await stat(logFile)).size}`,
      say: options.say ?? (() => {}),
      ...(options.signal && { signal: options.signal }),
    });
  } catch (error) {
    await stop();
    throw new Error(`${(error as Error).message} Its last words:\n${await lastLines(logFile)}`, {
      cause: error,
    });
  }
  if (options.say && (await listensOnAllAddresses(port))) options.say(openPort(port));
  return { url: `${restUrl}/dicom-web`, restUrl, authorization, pid: child.pid!, exited, stop };
}
