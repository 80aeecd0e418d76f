/**
 * Which PACS `npm start` uses (DESIGN §5.3), in this order: the one that PACS_URL names; Orthanc in a container where an engine answers;
 * an installed Orthanc; Debian's packages where they can be installed. Nothing is faked: when none can be had, the answer says what to do.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { installCommand, installDebianPackages } from './debian-packages.ts';
import { keepAlive } from './keep-alive.ts';
import { basicAuthorization, findOrthanc, startOrthanc } from './orthanc.ts';
import type { OrthancProgram } from './orthanc.ts';
import { whyPortIsTaken } from './ports.ts';

export type ChosenPacs = {
  /** The DICOMweb root. */
  readonly url: string;
  readonly authorization: string | null;
  /** In a few words for the person at the terminal. */
  readonly description: string;
  /** Ends what was started for it; nothing for a PACS that was there before. */
  stop(): Promise<void>;
};

export type PacsRequest = {
  readonly given: { readonly url: string; readonly authorization: string | null } | null;
  /** `pacs/` in the data directory. */
  readonly folder: string;
  readonly port: number;
  readonly say: (line: string) => void;
  /** Gives up what is not ready yet. */
  readonly signal: AbortSignal;
  /** Called at each start of a process that a later `npm start` must recognise. */
  readonly onProcess: (pid: number) => Promise<void>;
};

export const ORTHANC_PACKAGES = { packages: ['orthanc', 'orthanc-dicomweb'], services: ['orthanc'], purpose: 'Orthanc (the PACS)' };

const COMPOSE_FILE = fileURLToPath(new URL('../compose.yaml', import.meta.url));
/** An engine that is there answers in milliseconds; a dead socket may hang. */
const ENGINE_ANSWERS_WITHIN_MS = 5_000;
/** The image has some 400 MB. */
const CONTAINER_STARTS_WITHIN_MS = 10 * 60_000;
const CONTAINER_READY_WITHIN_MS = 60_000;

const runFile = promisify(execFile);

async function doesEngineAnswer(): Promise<boolean> {
  const docker = (...parameters: string[]): Promise<unknown> => runFile('docker', parameters, { timeout: ENGINE_ANSWERS_WITHIN_MS });
  return docker('compose', 'version').then(() => docker('info', '--format', '{{.ServerVersion}}')).then(() => true, () => false);
}

/** The container's password, kept so that the same storage opens with it again. */
async function containerPassword(folder: string): Promise<string> {
  const path = join(folder, 'container-password');
  const known = await readFile(path, 'utf8').catch(() => null);
  if (known) return known;
  const made = randomBytes(24).toString('base64url');
  await writeFile(path, made, { mode: 0o600 });
  return made;
}

/** The engine itself restarts a container that dies (`restart: unless-stopped`). */
async function startContainer({ folder, port, say, signal }: PacsRequest): Promise<ChosenPacs> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const password = await containerPassword(folder);
  const env = {
    ...process.env,
    RELAY_PACS_PASSWORD: password,
    RELAY_PACS_PORT: String(port),
    RELAY_PACS_STORAGE: join(folder, 'storage'),
    // Compose checks the variables of every service, also of those that are not started.
    RELAY_ADMIN_PASSWORD: 'unused',
    RELAY_DATABASE_PASSWORD: 'unused',
  };
  const compose = (parameters: string[], options = {}): Promise<unknown> => {
    const all = ['compose', '-p', `relaypacs-${port}`, '-f', COMPOSE_FILE, ...parameters];
    return runFile('docker', all, { env, timeout: CONTAINER_STARTS_WITHIN_MS, ...options });
  };
  const stop = async (): Promise<void> => void (await compose(['rm', '--stop', '--force', 'pacs']));
  say('Starting Orthanc in a container …');
  const pacs = { url: `http://127.0.0.1:${port}/dicom-web`, authorization: basicAuthorization('relay', password) };
  try {
    await compose(['up', '--detach', '--no-deps', 'pacs'], { signal });
    await untilItAnswers(`http://127.0.0.1:${port}/system`, pacs.authorization);
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
  return { ...pacs, description: 'Orthanc in a container', stop };
}

async function untilItAnswers(url: string, authorization: string): Promise<void> {
  const end = performance.now() + CONTAINER_READY_WITHIN_MS;
  while (performance.now() < end) {
    const answer = await fetch(url, { headers: { authorization }, signal: AbortSignal.timeout(2_000) }).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    await after(250);
  }
  throw new Error('the container does not answer');
}

async function startProgram(program: OrthancProgram, { folder, port, say, signal: giveUp, onProcess }: PacsRequest): Promise<ChosenPacs> {
  const taken = await whyPortIsTaken(port, 'RELAY_PACS_PORT');
  if (taken !== null) throw new Error(taken);
  let authorization = '';
  let url = '';
  const kept = await keepAlive({
    name: 'Orthanc',
    say,
    async start(signal) {
      const orthanc = await startOrthanc({ folder, port, program, signal: AbortSignal.any([signal, giveUp]), onSpawn: onProcess });
      ({ authorization, url } = orthanc);
      return orthanc;
    },
  });
  return { url, authorization, description: 'Orthanc on this machine', stop: () => kept.stop() };
}

function whatToDo(because: string): string {
  return [
    `RelayPACS needs a PACS, and none can be had: ${because}.`,
    'Do one of these and run `npm start` again:',
    `  - Debian, Ubuntu:   sudo ${installCommand(ORTHANC_PACKAGES.packages)}`,
    '  - with containers:  start Docker (RelayPACS then runs Orthanc in a container)',
    '  - your own PACS:    PACS_URL=https://pacs.example.org/dicom-web PACS_AUTHORIZATION="Bearer …" npm start',
    '  - other systems:    install Orthanc with its DICOMweb plugin, https://orthanc.uclouvain.be/book/users/installation.html',
  ].join('\n');
}

/** Chooses and starts the PACS. @throws Error that says what to do when there is none, or why Orthanc does not start. */
export async function choosePacs(request: PacsRequest): Promise<ChosenPacs> {
  if (request.given) return { ...request.given, description: 'the PACS that PACS_URL names', stop: async () => undefined };
  if (await doesEngineAnswer()) {
    try {
      return await startContainer(request);
    } catch (error) {
      request.signal.throwIfAborted();
      request.say(`Orthanc did not start in a container (${(error as Error).message.split('\n')[0]}); trying without one.`);
    }
  }
  const installed = await findOrthanc();
  if (installed) return startProgram(installed, request);
  const outcome = await installDebianPackages(ORTHANC_PACKAGES);
  if (outcome.kind === 'unavailable') throw new Error(whatToDo(outcome.because));
  const program = await findOrthanc();
  if (!program) throw new Error(whatToDo('the packages were installed, but Orthanc was not found'));
  return startProgram(program, request);
}
