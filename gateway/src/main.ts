/**
 * The gateway's process: settings, ports and signals. It reports in one typed line that it is ready. It drains on
 * SIGTERM and SIGINT, and when its supervisor's channel closes. It exits with 2 where a setting is wrong, and with 1
 * where it cannot start or meets an unexpected error.
 */
import type { Server } from 'node:http';
import { type Config, ConfigMistakes, readConfig } from './config.ts';
import { createGateway, type Gateway } from './gateway.ts';
import { createConnectionRoom } from './http/connection-room.ts';
import { openPort } from './http/open-port.ts';
import { describeError } from './observability/log.ts';
import { secretsOfProcess } from './secret-settings.ts';
import type { StartStep } from './surroundings.ts';
import { whyNotStarted } from './why-not-started.ts';

/**
 * How long running requests may take to finish. The supervisor and Docker kill the process after 8 and 10 s, and jobs
 * need a part of that time.
 */
const DRAIN_MS = 2_500;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Accepts no new requests, lets running ones finish, then cuts the rest (event streams never end). */
async function drain(servers: readonly Server[]): Promise<void> {
  const closed = Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  const late = setTimeout(() => {
    for (const server of servers) server.closeAllConnections();
  }, DRAIN_MS);
  for (const server of servers) server.closeIdleConnections();
  await closed;
  clearTimeout(late);
}

/** Keeps strangers from filling the log. */
function atMostOnceAMinute(tell: () => void): () => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() - toldAt < 60_000) return;
    toldAt = performance.now();
    tell();
  };
}

/**
 * The interval of signs of life. The supervisor kills a process that is silent for long, but a start may wait for a
 * lock or a slow disk.
 */
const HEARTBEAT_MS = 1_000;

/** Tells the supervisor that the start continues, and at which step. Call `stop` once the start has ended. */
function tellOfStart(): { begin: (step: StartStep) => void; stop(): void } {
  let step: StartStep | null = null;
  const tell = (): void => void (process.connected && process.send?.({ starting: step }));
  const beat = setInterval(tell, HEARTBEAT_MS);
  return {
    begin(next) {
      step = next;
      tell();
    },
    stop: () => clearInterval(beat),
  };
}

function showPassword(password: string): void {
  say(
    [
      `The first user is "admin" with the password ${password} (shown this once).`,
      'Lost? On this machine `npm run -s relay -- user password admin` sets a new one at any time.',
    ].join('\n'),
  );
}

async function run(config: Config): Promise<void> {
  const began = performance.now();
  const telling = tellOfStart();
  const gateway: Gateway = await createGateway(config, { begin: telling.begin, showPassword });
  const { log, version } = gateway;
  process.on('uncaughtException', (error) => {
    // The runtime would print the message, which may contain anything.
    log({ event: 'unexpected-error', where: 'process', ...describeError(error) });
    process.exit(1);
  });
  const tellOf = (because: 'no-tls' | 'too-many') =>
    atMostOnceAMinute(() => log({ event: 'connection-refused', because }));
  const port = {
    ...config,
    certificate: gateway.certificate,
    onRefused: tellOf('no-tls'),
    room: createConnectionRoom(tellOf('too-many')),
  };
  const servers = [
    await openPort(gateway.api, config.port, port),
    await openPort(gateway.web, config.webPort, port),
    ...(config.viewer && gateway.viewer ? [await openPort(gateway.viewer, config.viewer.port, port)] : []),
  ];
  await gateway.start();
  telling.stop();
  gateway.warm();
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const scheme = config.tls === null ? 'http' : 'https';
  const database = config.database.kind === 'server' ? 'server' : 'embedded';
  log({
    event: 'gateway-ready',
    api: `${scheme}://${host}:${config.port}`,
    web: `${scheme}://${host}:${config.webPort}`,
    version,
    database,
    startMs: Math.round(performance.now() - began),
  });

  let isStopping = false;
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    log({ event: 'gateway-stopping', signal });
    await drain(servers);
    await gateway.stop();
    log({ event: 'gateway-stopped' });
    process.exit(0);
  };
  process.on('SIGTERM', (signal) => void stop(signal));
  process.on('SIGINT', (signal) => void stop(signal));
  // If there is `send`, the process was started with a channel (scripts/system/gateway-process.ts).
  if (process.send !== undefined && !process.connected) await stop('SIGHUP');
  process.once('disconnect', () => void stop('SIGHUP'));
}

let folder: string | null = null;
try {
  const config = readConfig({ ...process.env, ...(await secretsOfProcess()) });
  folder = config.dataDir;
  await run(config);
} catch (error) {
  say(await whyNotStarted(error, folder));
  process.exit(error instanceof ConfigMistakes ? 2 : 1);
}
