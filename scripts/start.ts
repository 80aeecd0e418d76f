/**
 * `npm start`: the whole system on this machine: the web app is built, a PACS is found or started, the
 * gateway is started, and both are restarted when they die.
 *
 * Promises: ends all that it started and nothing else; a second start on the same data directory says so and
 * changes nothing; when this process is killed, all that it started ends, and what cannot is ended by the next
 * start. Settings are environment variables (docs/install.md).
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigMistakes, isLoopbackName, readConfig } from '../gateway/src/config.ts';
import type { Config } from '../gateway/src/config.ts';
import { portOf, type Report } from '../gateway/src/read-setting.ts';
import {
  secretsOfProcess,
  takeSecrets,
  withSecretFiles,
  type Secrets,
} from '../gateway/src/secret-settings.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { buildWebApp, compressBeside, isWebAppCurrent } from './build.ts';
import { choosePacs } from './system/choose-pacs.ts';
import type { ChosenPacs } from './system/choose-pacs.ts';
import { startGateway } from './system/gateway-process.ts';
import { keepAlive } from './system/keep-alive.ts';
import { lanLines, openLan, prepareLan, type Lan } from './system/lan.ts';
import { whyPortIsTaken } from './system/ports.ts';
import { holdDataDirectory } from './system/running.ts';
import type { DataDirectory } from './system/running.ts';
import { systemdService, type SystemdService } from './system/tell-systemd.ts';

const USAGE = [
  'usage: npm start [-- --lan | --help]',
  '',
  'Starts RelayPACS on this machine until Ctrl-C: the web app, the gateway and its database, and a PACS if PACS_URL',
  'names none. --lan: for the tablets of a ward, over HTTPS by a certificate of its own; a QR code says how. There are no',
  'other options: settings are environment variables. The most used are',
  '  RELAY_WEB_PORT        the web app (3000)',
  '  RELAY_PORT            the API (8080)',
  '  RELAY_DATA_DIR        keys, database, parcels, the embedded PACS (./data)',
  '  RELAY_ADMIN_PASSWORD  of the first administrator, at the first start',
  '  PACS_URL              the DICOMweb root of your PACS',
  'docs/install.md lists all of them.',
].join('\n');

/** The gateway's own settings, and where the PACS is to be when none is given. */
type Settings = {
  readonly config: Config;
  /** null: PACS_URL names a PACS. */
  readonly embeddedPacsPort: number | null;
  /** Without secrets. */
  readonly env: NodeJS.ProcessEnv;
  /** Read once, those in files too: a file may be gone when the gateway is started again. */
  readonly secrets: Secrets;
  /** null: without --lan. */
  readonly lan: Lan | null;
};

/** The reason why the system cannot start, with what to do about it. */
class CannotStart extends Error {}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** All settings, checked before anything is started. @throws CannotStart with every mistake at once. */
async function readSettings(given: Secrets, isLan: boolean): Promise<Settings> {
  const mistakes: string[] = [];
  const wrong: Report = (mistake) => void mistakes.push(mistake);
  const plain = withSecretFiles({ ...process.env, ...given }, wrong);
  const lan = isLan ? await prepareLan(plain, wrong) : null;
  const env = lan?.env ?? plain;
  const embeddedPacsPort = env.PACS_URL ? null : portOf(env, 'RELAY_PACS_PORT', wrong);
  try {
    // The gateway needs to be told of a PACS; the embedded one will be there by then.
    const config = readConfig(
      embeddedPacsPort === null
        ? env
        : { ...env, PACS_URL: `http://127.0.0.1:${embeddedPacsPort}/dicom-web` },
    );
    if (embeddedPacsPort !== null && [config.port, config.webPort].includes(embeddedPacsPort))
      wrong('RELAY_PACS_PORT must differ from RELAY_PORT and RELAY_WEB_PORT.');
    const own = { ...env };
    const secrets = takeSecrets(own);
    if (mistakes.length === 0) return { config, embeddedPacsPort, env: own, secrets, lan };
  } catch (error) {
    if (!(error instanceof ConfigMistakes)) throw error;
    mistakes.push(...error.mistakes);
  }
  throw new CannotStart(
    `The settings cannot be used:\n${mistakes.map((mistake) => `  - ${mistake}`).join('\n')}`,
  );
}

async function checkPorts({ port, webPort }: Config): Promise<void> {
  const taken = await Promise.all([
    whyPortIsTaken(port, 'RELAY_PORT'),
    whyPortIsTaken(webPort, 'RELAY_WEB_PORT'),
  ]);
  const told = taken.filter((why) => why !== null);
  if (told.length > 0) throw new CannotStart(told.join('\n'));
}

async function takeDataDirectory(folder: string): Promise<DataDirectory> {
  const hold = await holdDataDirectory(folder);
  if (hold.kind === 'running') {
    const where = hold.publicUrl ? ` at ${hold.publicUrl}` : '';
    throw new CannotStart(
      `RelayPACS is already running${where} (process ${hold.pid}) with the data in ${folder}.\n` +
        'Use that one, stop it with Ctrl-C in its terminal, or start another with its own RELAY_DATA_DIR and ports.',
    );
  }
  if (hold.ended.length > 0) say(`Ended what an earlier start left behind: ${hold.ended.join(', ')}.`);
  return hold.directory;
}

/** The gateway's settings: those that this process was given, and where the PACS is. */
function gatewaySettings(
  { config: { port, webPort, dataDir }, env, secrets }: Settings,
  pacs: ChosenPacs,
): { readonly env: NodeJS.ProcessEnv; readonly secrets: Secrets } {
  return {
    env: {
      ...env,
      RELAY_PORT: String(port),
      RELAY_WEB_PORT: String(webPort),
      RELAY_DATA_DIR: dataDir,
      PACS_URL: pacs.url,
    },
    secrets: pacs.authorization === null ? secrets : { ...secrets, PACS_AUTHORIZATION: pacs.authorization },
  };
}

/**
 * Builds the web app if its sources have changed. A failure also aborts `failed`, which ends the start of the gateway.
 */
async function buildIfChanged(failed: AbortController, giveUp: AbortSignal): Promise<void> {
  try {
    if (await isWebAppCurrent()) return;
    giveUp.throwIfAborted();
    say('Building the web app …');
    await buildWebApp(false, giveUp);
  } catch (error) {
    failed.abort(error);
    throw error;
  }
}

/** Where this machine reaches both ports. */
function addressesOf({ host, tls, port, webPort }: Config): { readonly api: string; readonly web: string } {
  const here = host === '0.0.0.0' || host === '::' || isLoopbackName(host) ? '127.0.0.1' : host;
  const origin = `${tls === null ? 'http' : 'https'}://${here.includes(':') ? `[${here}]` : here}`;
  return { api: `${origin}:${port}`, web: `${origin}:${webPort}` };
}

/** Starts everything; how to end each thing is put on `ends` as soon as it is there. */
async function startAll(
  settings: Settings,
  ends: (() => Promise<void>)[],
  giveUp: AbortSignal,
  service: SystemdService,
): Promise<void> {
  const { config, embeddedPacsPort, lan } = settings;
  const directory = await takeDataDirectory(config.dataDir);
  ends.push(() => directory.release());
  await checkPorts(config);
  if (lan !== null) ends.push(await openLan(lan, config.publicUrl));
  const unbuilt = new AbortController();
  const over = new AbortController();
  const webApp = buildIfChanged(unbuilt, AbortSignal.any([giveUp, over.signal]));
  const built = ignoreFailure(webApp, 'the start of the gateway tells it');
  ends.push(async () => {
    over.abort();
    await built;
  });
  giveUp.throwIfAborted();

  const pacs = await choosePacs({
    given: embeddedPacsPort === null ? config.pacs : null,
    port: embeddedPacsPort ?? 0,
    folder: join(config.dataDir, 'pacs'),
    say,
    signal: giveUp,
    onProcess: (pid) => directory.noteChild('orthanc', pid),
  });
  ends.push(() => pacs.stop());
  giveUp.throwIfAborted();

  const { api, web } = addressesOf(config);
  const gateway = await keepAlive({
    name: 'The gateway',
    say,
    start: (signal) =>
      startGateway({
        ...gatewaySettings(settings, pacs),
        say,
        api,
        web,
        logFile: config.logFile ?? (process.stdout.isTTY ? join(config.dataDir, 'gateway.log') : null),
        signal: AbortSignal.any([signal, giveUp, unbuilt.signal]),
        onSpawn: (pid) => directory.noteChild('gateway', pid),
        onAlive: service.alive,
      }),
  });
  ends.push(() => gateway.stop());
  await webApp;
  await directory.announce({
    publicUrl: config.publicUrl,
    web,
    api,
    pacs: { url: pacs.url, authorization: pacs.authorization },
  });
  service.ready();
  greet(config, pacs, lan);
  await compressBeside();
}

function greet(config: Config, pacs: ChosenPacs, lan: Lan | null): void {
  const api = config.tls === null ? `http://localhost:${config.port}` : addressesOf(config).api;
  say(
    [
      '',
      'RelayPACS is ready.',
      `  Open      ${config.publicUrl}`,
      '  Sign in   admin, with the password that the first start printed or took from RELAY_ADMIN_PASSWORD,',
      '            or the one that was set since; later values of RELAY_ADMIN_PASSWORD change nothing',
      ...(lan === null ? [] : lanLines(lan)),
      `  API       ${api}`,
      `  PACS      ${pacs.description}, ${pacs.url}`,
      `  Data      ${config.dataDir}`,
      'Ctrl-C ends it.',
      '',
    ].join('\n'),
  );
}

/**
 * Resolves at the first signal that asks this process to end, or when the process that started it with a channel
 * (bootstrap.js) was killed; later ones change nothing, for ending is under way.
 */
function endingSignal(): { asked: Promise<void>; giveUp: AbortSignal } {
  const giveUp = new AbortController();
  const asked = Promise.withResolvers<void>();
  const end = (): void => {
    giveUp.abort(new CannotStart('Given up.'));
    asked.resolve();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, end);
  if (process.send !== undefined && !process.connected) end();
  process.once('disconnect', end);
  // The channel keeps no process open that has ended everything.
  process.channel?.unref();
  return { asked: asked.promise, giveUp: giveUp.signal };
}

/** How to start; or nothing is started, and the process ends with this code. */
function answerArguments(args: readonly string[]): number | { readonly isLan: boolean } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { help: { type: 'boolean', short: 'h' }, lan: { type: 'boolean' } },
    });
    if (values.help !== true) return { isLan: values.lan === true };
    process.stdout.write(`${USAGE}\n`);
    return 0;
  } catch (error) {
    // Node's second sentence explains its own notation.
    say(`${(error as Error).message.split('. ')[0]}.\n${USAGE}`);
    return 2;
  }
}

async function main(): Promise<number> {
  const answered = answerArguments(process.argv.slice(2));
  if (typeof answered === 'number') return answered;
  const { asked, giveUp } = endingSignal();
  const service = systemdService(process.env, say);
  const ends: (() => Promise<void>)[] = [];
  // Only a signal ends the waiting, and a pending promise keeps no process alive.
  const awake = setInterval(() => undefined, 2 ** 30);
  try {
    const settings = await readSettings(await secretsOfProcess(), answered.isLan);
    await startAll(settings, ends, giveUp, service);
    await asked;
    service.ending();
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
