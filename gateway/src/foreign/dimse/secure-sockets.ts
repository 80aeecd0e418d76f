/**
 * TLS at the DIMSE port (PS3.15 Annex B). The listener passes each connection on before reading anything from it, so
 * that its limits on connections and times apply to the handshake too.
 */
import type { Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { AssociationFailed, CLOSED } from '../../dimse/association-failed.ts';
import type { Config } from '../../config.ts';
import type { Certificate } from '../../http/certificate.ts';

export type DimseTls = NonNullable<NonNullable<Config['dimse']>['tls']>;

/**
 * Throws AssociationFailed if the caller does not speak TLS, closes the connection, or shows no certificate although
 * one is required.
 */
export type SecureSocket = (socket: Socket, signal: AbortSignal) => Promise<Socket>;

/** `ca`: callers must show a certificate of these authorities; null: no certificate is required. */
export function createSecureSockets(certificate: Certificate, ca: DimseTls['ca']): SecureSocket {
  const asked = ca === null ? {} : { ca, requestCert: true, rejectUnauthorized: true };
  // The server never listens; connections are passed to it.
  const server = createServer({ ...certificate.pair, ...asked });
  // A new context replaces the whole previous one, so the authorities must be included again.
  certificate.serveBy({ setSecureContext: (pair) => server.setSecureContext({ ...pair, ...asked }) });
  const waiting = new Map<string, (secured: TLSSocket) => void>();
  server.on('secureConnection', (secured) => waiting.get(keyOf(secured))?.(secured));
  server.on('tlsClientError', (_error, secured) => secured.destroy());
  return async (socket, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
    const name = keyOf(socket);
    const end = (): void => void socket.destroy();
    const fail = (): void => reject(new AssociationFailed('no TLS', CLOSED));
    socket.once('close', fail);
    signal.addEventListener('abort', end, { once: true });
    waiting.set(name, resolve);
    server.emit('connection', socket);
    // The socket may already be closed.
    if (socket.destroyed) fail();
    try {
      return await promise;
    } finally {
      waiting.delete(name);
      socket.off('close', fail);
      signal.removeEventListener('abort', end);
    }
  };
}

/** The key of a connection, unique among open connections. */
const keyOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
