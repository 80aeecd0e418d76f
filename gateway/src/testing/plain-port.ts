/** Tools of a port for tests: loopback, no TLS, no proxy, and room enough. */
import { parseProxies } from '../http/client-address.ts';
import { createConnectionRoom } from '../http/connection-room.ts';
import type { PortTools } from '../http/open-port.ts';

export const plainPort = (): PortTools => ({
  ...{ host: '127.0.0.1', certificate: null, trustedProxies: parseProxies([])! },
  onRefused: () => undefined,
  room: createConnectionRoom(() => undefined),
});
