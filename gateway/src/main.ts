/**
 * The gateway's process: settings, two ports, signals. Says in one typed line that it is ready; drains on
 * SIGTERM and SIGINT. It exits with 2 when a setting is wrong, with 1 when it cannot start or meets an error
 * that nobody expected.
 */
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { type Config, ConfigMistakes, readConfig } from './config.ts';
import { createGateway, type Gateway } from './gateway.ts';
import type { GatewayEnv } from './http/route.ts';
import { describeError } from './observability/log.ts';
import { whyNotStarted } from './why-not-started.ts';

/**
 * How long requests under way may take to end. The supervisor and Docker kill after 8 and 10 s, and jobs need
 * some of that.
 */
const DRAIN_MS = 2_500;
/** A connection on which nothing moves; event streams say something every 15 s. */
const SILENCE_MS = 300_000;
const KEEP_ALIVE_MS = 65_000;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

function serve(app: Hono<GatewayEnv>, port: number, host: string): Promise<Server> {
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  // Node ends any request after 300 s; a PATCH of 8 MiB on a bad link takes longer. Silent ones are still
  // ended.
  server.requestTimeout = 0;
  server.setTimeout(SILENCE_MS);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${port} is taken by another program: end it, or choose another port.`)
          : error,
      );
    });
    server.listen(port, host, () => resolve(server));
  });
}

/** Takes no new requests, lets those under way end, then cuts the rest (event streams never end). */
async function drain(servers: readonly Server[]): Promise<void> {
  const closed = Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  const late = setTimeout(() => {
    for (const server of servers) server.closeAllConnections();
  }, DRAIN_MS);
  for (const server of servers) server.closeIdleConnections();
  await closed;
  clearTimeout(late);
}

async function run(config: Config): Promise<void> {
  const began = performance.now();
  const gateway: Gateway = await createGateway(config);
  const { log, version } = gateway;
  process.on('uncaughtException', (error) => {
    // The runtime would print the message, and a message may hold anything.
    log({ event: 'unexpected-error', where: 'process', ...describeError(error) });
    process.exit(1);
  });
  if (gateway.madePassword !== null)
    say(`The first user is "admin" with the password ${gateway.madePassword} (shown this once).`);
  const servers = [
    await serve(gateway.api, config.port, config.host),
    await serve(gateway.web, config.webPort, config.host),
  ];
  await gateway.start();
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const database = config.database.kind === 'server' ? 'server' : 'embedded';
  log({
    event: 'gateway-ready',
    api: `http://${host}:${config.port}`,
    web: `http://${host}:${config.webPort}`,
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
}

let folder: string | null = null;
try {
  const config = readConfig(process.env);
  folder = config.dataDir;
  await run(config);
} catch (error) {
  say(await whyNotStarted(error, folder));
  process.exit(error instanceof ConfigMistakes ? 2 : 1);
}
