/**
 * `npm start`: the whole system on this machine (DESIGN §2.5, §5.3): the web app is built, a PACS is found or started, the gateway runs beside
 * it, and both are started again when they die.
 *
 * Promises: ends all that it started and nothing else; a second start on the same data directory says so and changes nothing; a start after a
 * crash of this process ends what that one left behind. Settings are environment variables (README); the gateway checks those not used here.
 */
import { join, resolve } from 'node:path';
import { buildWebApp, isWebAppCurrent } from './build.ts';
import { choosePacs } from './choose-pacs.ts';
import type { ChosenPacs } from './choose-pacs.ts';
import { startGateway } from './gateway-process.ts';
import { keepAlive } from './keep-alive.ts';
import { whyPortIsTaken } from './ports.ts';
import { holdDataDirectory } from './running.ts';
import type { DataDirectory } from './running.ts';

type Settings = {
  readonly api: number;
  readonly web: number;
  readonly dataDir: string;
  readonly pacs: { kind: 'given'; url: string; authorization: string | null } | { kind: 'embedded'; port: number };
};

/** What keeps the system from starting, in words that say what to do. */
class CannotStart extends Error {}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

function portFrom(env: NodeJS.ProcessEnv, name: string, otherwise: number, mistakes: string[]): number {
  const text = env[name] || String(otherwise);
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) mistakes.push(`${name} must be a port from 1 to 65535, not "${text}".`);
  return port;
}

/** The settings that are used here. @throws CannotStart with every mistake at once. */
function readSettings(env: NodeJS.ProcessEnv): Settings {
  const mistakes: string[] = [];
  const url = env.PACS_URL || null;
  if (url !== null && !URL.canParse(url)) mistakes.push('PACS_URL must be the DICOMweb root, for example https://pacs.example.org/dicom-web.');
  const settings: Settings = {
    api: portFrom(env, 'RELAY_PORT', 8080, mistakes),
    web: portFrom(env, 'RELAY_WEB_PORT', 3000, mistakes),
    dataDir: resolve(env.RELAY_DATA_DIR || './data'),
    pacs: url === null
      ? { kind: 'embedded', port: portFrom(env, 'RELAY_PACS_PORT', 8042, mistakes) }
      : { kind: 'given', url, authorization: env.PACS_AUTHORIZATION || null },
  };
  if (mistakes.length > 0) throw new CannotStart(mistakes.join('\n'));
  return settings;
}

async function checkPorts(settings: Settings): Promise<void> {
  const taken = await Promise.all([whyPortIsTaken(settings.api, 'RELAY_PORT'), whyPortIsTaken(settings.web, 'RELAY_WEB_PORT')]);
  const told = taken.filter((why) => why !== null);
  if (told.length > 0) throw new CannotStart(told.join('\n'));
}

async function takeDataDirectory(folder: string): Promise<DataDirectory> {
  const hold = await holdDataDirectory(folder);
  if (hold.kind === 'running') {
    const where = hold.web ? ` at ${hold.web}` : '';
    throw new CannotStart(`RelayPACS is already running${where} (process ${hold.pid}) with the data in ${folder}.\n`
      + 'Use that one, stop it with Ctrl-C in its terminal, or start another with its own RELAY_DATA_DIR and ports.');
  }
  if (hold.ended.length > 0) say(`Ended what an earlier start left behind: ${hold.ended.join(', ')}.`);
  return hold.directory;
}

/** The gateway's environment: what this process was given, and where the PACS is. */
function gatewayEnvironment(settings: Settings, pacs: ChosenPacs): NodeJS.ProcessEnv {
  return {
    ...process.env,
    RELAY_PORT: String(settings.api),
    RELAY_WEB_PORT: String(settings.web),
    RELAY_DATA_DIR: settings.dataDir,
    PACS_URL: pacs.url,
    ...(pacs.authorization === null ? {} : { PACS_AUTHORIZATION: pacs.authorization }),
  };
}

/** Starts everything; each thing that was started is put on `ends` first, so that it is ended in the opposite order. */
async function startAll(settings: Settings, ends: (() => Promise<void>)[], giveUp: AbortSignal): Promise<void> {
  const directory = await takeDataDirectory(settings.dataDir);
  ends.push(() => directory.release());
  await checkPorts(settings);
  if (!(await isWebAppCurrent())) {
    say('Building the web app …');
    await buildWebApp();
  }
  giveUp.throwIfAborted();

  const pacs = await choosePacs({
    given: settings.pacs.kind === 'given' ? settings.pacs : null,
    port: settings.pacs.kind === 'given' ? 0 : settings.pacs.port,
    folder: join(settings.dataDir, 'pacs'),
    say,
    signal: giveUp,
    onProcess: (pid) => directory.noteChild('orthanc', pid),
  });
  ends.push(() => pacs.stop());
  giveUp.throwIfAborted();

  const [api, web] = [`http://127.0.0.1:${settings.api}`, `http://127.0.0.1:${settings.web}`];
  const gateway = await keepAlive({
    name: 'The gateway',
    say,
    start: (signal) => startGateway({
      env: gatewayEnvironment(settings, pacs),
      api,
      web,
      logFile: process.stdout.isTTY ? join(settings.dataDir, 'gateway.log') : null,
      signal: AbortSignal.any([signal, giveUp]),
      onSpawn: (pid) => directory.noteChild('gateway', pid),
    }),
  });
  ends.push(() => gateway.stop());
  await directory.announce({ web, api, pacs: { url: pacs.url, authorization: pacs.authorization } });
  greet(settings, pacs);
}

function greet(settings: Settings, pacs: ChosenPacs): void {
  const publicUrl = process.env.RELAY_PUBLIC_URL || `http://localhost:${settings.web}`;
  const password = process.env.RELAY_ADMIN_PASSWORD ? 'the password in RELAY_ADMIN_PASSWORD' : 'the password that was shown at the first start';
  say([
    '',
    'RelayPACS is ready.',
    `  Open      ${publicUrl}`,
    `  Sign in   admin, with ${password}`,
    `  API       http://localhost:${settings.api}`,
    `  PACS      ${pacs.description}, ${pacs.url}`,
    `  Data      ${settings.dataDir}`,
    'Ctrl-C ends it.',
    '',
  ].join('\n'));
}

/** Resolves at the first signal that asks this process to end; later ones change nothing, for ending is under way. */
function endingSignal(): { asked: Promise<NodeJS.Signals>; giveUp: AbortSignal } {
  const giveUp = new AbortController();
  const asked = new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        giveUp.abort(new CannotStart('Given up.'));
        resolve(name);
      });
    }
  });
  return { asked, giveUp: giveUp.signal };
}

async function main(): Promise<number> {
  const { asked, giveUp } = endingSignal();
  const ends: (() => Promise<void>)[] = [];
  // Nothing but a signal ends the waiting, and a pending promise keeps no process alive.
  const awake = setInterval(() => undefined, 2 ** 30);
  try {
    await startAll(readSettings(process.env), ends, giveUp);
    await asked;
    say('Ending …');
    return 0;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return giveUp.aborted ? 0 : 1;
  } finally {
    for (const end of ends.reverse()) await end().catch((error: Error) => say(error.message));
    clearInterval(awake);
  }
}

process.exitCode = await main();
