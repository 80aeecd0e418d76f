/**
 * Ends requests whose body does not arrive in time, so that hundreds of half-sent requests cannot stay open. A body
 * gets some initial time and must then keep a minimum rate. tus is limited only by the longest silence: its parcels may
 * take as long as the link needs, and every byte that has come is kept.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export type BodyPace = {
  readonly graceMs: number;
  /** The lowest average rate at which a body may arrive, in bytes a second. */
  readonly leastRate: number;
};

/**
 * A login on the worst link arrives within seconds. A manifest of 6 MB on a bad GPRS link is fast enough. Whoever sends
 * more slowly on purpose can hold one connection per 2 kB/s of bandwidth.
 */
const PACE: BodyPace = { graceMs: 30_000, leastRate: 2_000 };
const TUS = /^(\/api)?\/upload\/files(\/|\?|$)/;

export function endSlowBodies(server: Server, pace: BodyPace = PACE): void {
  // Registered before the app's own listener, which may answer at once.
  server.prependListener('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (hasBody(incoming) && !TUS.test(incoming.url ?? '')) watch(incoming, outgoing, pace);
  });
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function watch(incoming: IncomingMessage, outgoing: ServerResponse, pace: BodyPace): void {
  const { socket } = incoming;
  const bytesBefore = socket.bytesRead;
  let began = performance.now();
  let timer: NodeJS.Timeout;
  const look = (): void => {
    // Bytes have come and are still unread, so it is the gateway that is slow.
    if (incoming.readableLength > 0) began = performance.now();
    const dueMs = pace.graceMs + ((socket.bytesRead - bytesBefore) / pace.leastRate) * 1000;
    const leftMs = dueMs - (performance.now() - began);
    if (leftMs > 0) timer = setTimeout(look, leftMs).unref();
    else refuse(outgoing, socket);
  };
  timer = setTimeout(look, pace.graceMs).unref();
  const stop = (): void => clearTimeout(timer);
  // `end`: the whole body has come; `close`: the request is over, completely received or not.
  incoming.once('end', stop).once('close', stop);
}

/**
 * RFC 9110 §15.5.9: the server "did not receive a complete request message within the time that it was prepared to
 * wait".
 */
const TIMEOUT = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

function refuse({ headersSent }: ServerResponse, socket: Socket): void {
  if (headersSent) socket.destroy();
  else socket.end(TIMEOUT, () => socket.destroy());
}
