/**
 * Proxies as hospitals put them between a tablet and a server: a real nginx with somebody's settings, and a
 * relay that ends connections by their age, as load balancers do, or diverts them, as the sign-in page of a
 * guest network does.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './gateway-under-test.ts';
import { listenOnLoopback } from './listen-on-loopback.ts';

const NGINX_OF_DEBIAN = '/usr/sbin/nginx';

/** The path of nginx, or null if there is none. */
export function findNginx(): string | null {
  return existsSync(NGINX_OF_DEBIAN) ? NGINX_OF_DEBIAN : null;
}

export type Nginx = { readonly port: number; stop(): Promise<void> };

export type NginxSettings = {
  readonly port: number;
  /** PEM: it speaks TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Directives of the server block. */
  readonly server?: readonly string[];
  /** Directives of its one location. */
  readonly location: readonly string[];
};

function serverOf(folder: string, { port, tls, server = [], location }: NginxSettings): string {
  return [
    `server { listen 127.0.0.1:${port}${tls ? ' ssl' : ''};`,
    ...(tls ? [`ssl_certificate ${folder}/tls.pem;`, `ssl_certificate_key ${folder}/tls.key;`] : []),
    ...server,
    'location / {',
    ...location,
    '} }',
  ].join('\n');
}

/** An nginx of its own with these server blocks, which keeps everything in its folder. */
function configuration(folder: string, servers: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  );
  return [
    ...(process.getuid?.() === 0 ? ['user root;'] : []),
    'daemon off;',
    'worker_processes 1;',
    `pid ${join(folder, 'pid')};`,
    `error_log ${join(folder, 'error.log')};`,
    'events { worker_connections 128; }',
    'http {',
    'access_log off;',
    ...temporary,
    servers,
    '}',
    '',
  ].join('\n');
}

/** Starts an nginx of its own in a temporary folder. */
export async function startNginx(nginx: string, settings: NginxSettings): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-nginx-'));
  if (settings.tls) await writeFile(join(folder, 'tls.pem'), settings.tls.certificate);
  if (settings.tls) await writeFile(join(folder, 'tls.key'), settings.tls.key);
  return startServers(nginx, { folder, port: settings.port, servers: serverOf(folder, settings) });
}

/** Starts an nginx with these server blocks, of which one listens on `port`. Removes the folder at its end. */
export async function startServers(
  nginx: string,
  { folder, port, servers }: { readonly folder: string; readonly port: number; readonly servers: string },
): Promise<Nginx> {
  const file = join(folder, 'nginx.conf');
  await writeFile(file, configuration(folder, servers));
  return startProxy([nginx, '-p', folder, '-c', file, '-e', join(folder, 'error.log')], { folder, port });
}

/** Starts a program that listens on `port`; removes the folder at its end. */
export async function startProxy(
  [program, ...words]: readonly [string, ...string[]],
  { folder, port, env }: { readonly folder: string; readonly port: number; readonly env?: NodeJS.ProcessEnv },
): Promise<Nginx> {
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], env: env ?? process.env });
  let said = '';
  child.stderr.on('data', (piece) => (said += piece));
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await until(`${program} to listen`, async () => {
    if (child.exitCode !== null) throw new Error(`${program} ended at its start: ${said}`);
    return new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
  });
  return {
    port,
    async stop() {
      child.kill('SIGTERM');
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * The directives that pass everything on to a server of this machine, as a careful administrator would write
 * them.
 */
export function passTo(port: number): readonly string[] {
  return [
    `proxy_pass http://127.0.0.1:${port};`,
    'proxy_http_version 1.1;',
    'proxy_set_header Host $http_host;',
    'proxy_set_header Connection "";',
    'proxy_buffering off;',
  ];
}

export type Between = {
  readonly port: number;
  /** From now on every new connection goes there; those that are open end. */
  leadTo(port: number): void;
  stop(): Promise<void>;
};

/** tus sends a first piece with the creation, all others by PATCH. */
const BRINGS_BYTES = /^(POST \/upload\/files|PATCH) /m;

/**
 * A relay that ends each connection so long after the first piece of a parcel began on it. The time that a busy
 * gateway needs for other answers says nothing of a proxy, and is not counted.
 */
export async function startBetween({
  targetPort,
  livesMs = Number.POSITIVE_INFINITY,
}: {
  readonly targetPort: number;
  readonly livesMs?: number;
}): Promise<Between> {
  const sockets = new Set<Socket>();
  let target = targetPort;
  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  };
  const server = createServer((device) => {
    const onward = connect(target, '127.0.0.1');
    track(device);
    track(onward);
    device.pipe(onward);
    onward.pipe(device);
    const end = (): void => {
      clearTimeout(timer);
      device.destroy();
      onward.destroy();
    };
    let timer: NodeJS.Timeout | undefined;
    if (Number.isFinite(livesMs))
      device.on('data', (bytes: Buffer) => {
        if (BRINGS_BYTES.test(bytes.toString('latin1'))) timer ??= setTimeout(end, livesMs);
      });
    device.on('close', end);
    onward.on('close', end);
  });
  const port = await listenOnLoopback(server);
  return {
    port,
    leadTo(port) {
      target = port;
      for (const socket of sockets) socket.destroy();
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
