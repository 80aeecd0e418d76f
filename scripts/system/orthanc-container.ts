/**
 * Orthanc in a container, from compose.yaml: for machines with a container engine. The engine itself restarts
 * a container that dies (`restart: unless-stopped`), so nothing here watches it.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { basicAuthorization, doesAnswer } from './orthanc.ts';
import { untilReady } from './until-ready.ts';

export type ContainerRequest = {
  readonly folder: string;
  readonly port: number;
  readonly say: (line: string) => void;
  /** Gives up what is not ready yet. */
  readonly signal: AbortSignal;
};

export type RunningContainer = {
  readonly url: string;
  readonly authorization: string;
  stop(): Promise<void>;
};

const COMPOSE_FILE = fileURLToPath(new URL('../../compose.yaml', import.meta.url));
/** An engine that is there answers in milliseconds; a dead socket may hang. */
const ENGINE_ANSWERS_WITHIN_MS = 5_000;

const runFile = promisify(execFile);

/** Whether there is a container engine with Compose that this user may use. */
export async function doesEngineAnswer(): Promise<boolean> {
  const docker = (...parameters: string[]): Promise<unknown> =>
    runFile('docker', parameters, { timeout: ENGINE_ANSWERS_WITHIN_MS });
  return docker('compose', 'version')
    .then(() => docker('info', '--format', '{{.ServerVersion}}'))
    .then(
      () => true,
      () => false,
    );
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

/**
 * Starts it and waits until it answers. @throws Error when the image cannot be had, the container does not
 * answer, or `signal` says so.
 */
export async function startContainer({
  folder,
  port,
  say,
  signal,
}: ContainerRequest): Promise<RunningContainer> {
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
    // The image has some 400 MB: Docker says how far it is, in as many words as it likes.
    const running = runFile('docker', all, { env, maxBuffer: Number.POSITIVE_INFINITY, ...options });
    running.child.stderr?.pipe(process.stderr);
    return running;
  };
  const stop = async (): Promise<void> => void (await compose(['rm', '--stop', '--force', 'pacs']));
  say('Starting Orthanc in a container …');
  const pacs = {
    url: `http://127.0.0.1:${port}/dicom-web`,
    authorization: basicAuthorization('relay', password),
  };
  try {
    await compose(['up', '--detach', '--no-deps', 'pacs'], { signal });
    await untilReady({
      name: 'Orthanc in its container',
      isReady: () => doesAnswer(`http://127.0.0.1:${port}`, pacs.authorization),
      say,
      signal,
    });
  } catch (error) {
    await ignoreFailure(stop(), 'the first error is the one to tell');
    throw error;
  }
  return { ...pacs, stop };
}
