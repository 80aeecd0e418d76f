/**
 * Opens a port for an app: with TLS where it is configured, only one Host header per request, and limits on how long a
 * request may take to arrive. Without TLS only this machine and the trusted proxies are served, so that nobody else
 * sends a password in clear text.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server as TlsServer } from 'node:tls';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { type Config, isLoopbackName } from '../config.ts';
import type { Certificate } from './certificate.ts';
import { peerAddress, type TrustedProxies } from './client-address.ts';
import type { ConnectionRoom } from './connection-room.ts';
import { type BodyPace, endSlowBodies } from './end-slow-bodies.ts';
import { GatheredRequest, toRequest } from './gathered-request.ts';
import type { GatewayEnv } from './route.ts';

/** The longest time in which nothing moves on a connection. Event streams send something every 15 s. */
const SILENCE_MS = 300_000;
const KEEP_ALIVE_MS = 65_000;
/** For the headers, and the TLS handshake: a kilobyte or two, even on the worst link. */
const HEADERS_MS = 30_000;
/** How often Node checks for headers that are late. */
const LOOK_EVERY_MS = 10_000;

export type PortTools = Pick<Config, 'host' | 'trustedProxies'> & {
  /** Null: no TLS. */
  readonly certificate: Certificate | null;
  /** Called when somebody who may not connect without TLS tried to. */
  readonly onRefused: () => void;
  readonly pace?: BodyPace;
  /** Milliseconds. */
  readonly headersTimeout?: number;
  /** The room for connections that all ports share. */
  readonly room: ConnectionRoom;
};

/** @throws Error with a message for people where the port is taken. */
export function openPort(app: Hono<GatewayEnv>, port: number, tools: PortTools): Promise<Server> {
  const { host, certificate, trustedProxies, onRefused, pace, headersTimeout = HEADERS_MS } = tools;
  const connectionsCheckingInterval = Math.min(headersTimeout, LOOK_EVERY_MS);
  const options = { IncomingMessage: GatheredRequest, headersTimeout, connectionsCheckingInterval };
  const server = createAdaptorServer({
    fetch: (raw, env) =>
      'incoming' in env && namesHosts(env.incoming)
        ? new Response(null, { status: 400, headers: { connection: 'close' } })
        : app.fetch(toRequest(raw, raw.url, env), env as GatewayEnv['Bindings']),
    ...(certificate === null
      ? { createServer, serverOptions: options }
      : {
          createServer: createTlsServer,
          serverOptions: { ...options, ...certificate.pair, handshakeTimeout: headersTimeout },
        }),
  }) as Server;
  // Node would end any request after 300 s, but a PATCH of 8 MiB on a bad link takes longer. Silent requests are still
  // ended, and slow ones by their pace.
  server.requestTimeout = 0;
  server.setTimeout(SILENCE_MS);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  // Node would drop headers beyond 2000, perhaps a second Host among them. Their total is limited to 16 KiB anyway.
  server.maxHeadersCount = 0;
  server.on('connection', tools.room.enter);
  endSlowBodies(server, pace);
  if (certificate === null) refuseStrangers(server, trustedProxies, onRefused);
  else certificate.serveBy(server as unknown as TlsServer);
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

/**
 * RFC 9112 §3.2: "A server MUST respond with a 400 (Bad Request) status code … to any request message that contains
 * more than one Host header field line". Node keeps the first; a proxy in front may have checked another one.
 */
const namesHosts = ({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): boolean =>
  rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length > 1;

function refuseStrangers(server: Server, proxies: TrustedProxies, onRefused: () => void): void {
  server.on('connection', (socket) => {
    const peer = peerAddress(socket.remoteAddress ?? '');
    // A socket without an address is already closed.
    if (peer === '' || isLoopbackName(peer) || proxies.has(peer)) return;
    onRefused();
    socket.destroy();
  });
}
