/**
 * Opens a port for an app: TLS where it is set, one Host for each request, and limits on how long a request may take to
 * arrive. Without TLS only this machine and the trusted proxies are served: nobody else may send a password in clear
 * text.
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

/** A connection on which nothing moves; event streams say something every 15 s. */
const SILENCE_MS = 300_000;
const KEEP_ALIVE_MS = 65_000;
/** Headers, and the handshake of TLS: a kilobyte or two, also on the worst link. */
const HEADERS_MS = 30_000;
/** How often Node looks for headers that have not come in time. */
const LOOK_EVERY_MS = 10_000;

export type PortTools = Pick<Config, 'host' | 'trustedProxies'> & {
  /** Null: no TLS. */
  readonly certificate: Certificate | null;
  /** Somebody called without TLS who may not. */
  readonly onRefused: () => void;
  readonly pace?: BodyPace;
  /** Milliseconds. */
  readonly headersTimeout?: number;
  /** Room for the connections of this port and all the others. */
  readonly room: ConnectionRoom;
};

/** @throws Error with a sentence for people where the port is taken. */
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
  // Node ends any request after 300 s; a PATCH of 8 MiB on a bad link takes longer. Silent ones are still ended,
  // and all others by their pace.
  server.requestTimeout = 0;
  server.setTimeout(SILENCE_MS);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  // Node drops those beyond 2000, a second Host among them. Their 16 KiB bound them.
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
 * more than one Host header field line". Node keeps the first; a proxy before it may have judged another.
 */
const namesHosts = ({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): boolean =>
  rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length > 1;

function refuseStrangers(server: Server, proxies: TrustedProxies, onRefused: () => void): void {
  server.on('connection', (socket) => {
    const peer = peerAddress(socket.remoteAddress ?? '');
    // A socket without an address has gone already.
    if (peer === '' || isLoopbackName(peer) || proxies.has(peer)) return;
    onRefused();
    socket.destroy();
  });
}
