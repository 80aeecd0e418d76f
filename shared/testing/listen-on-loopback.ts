/** Starts a server on a free port of the loopback. */
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';

/** Returns the port. Rejects where it cannot listen. */
export async function listenOnLoopback(server: Server, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
