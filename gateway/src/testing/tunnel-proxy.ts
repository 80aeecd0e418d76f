/** An HTTP proxy that only makes tunnels (RFC 9110 §9.3.6): each leads to one server, whatever name was asked for. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';

export type TunnelProxy = {
  readonly server: Server;
  /** The host and port of each CONNECT. */
  readonly tunnels: string[];
  /** All bytes that went through the tunnels, in both directions. */
  passed(): Buffer;
};

/** Creates a proxy that does not listen yet. */
export function createTunnelProxy(port: number, host = '127.0.0.1'): TunnelProxy {
  const tunnels: string[] = [];
  const pieces: Buffer[] = [];
  const server = createServer();
  server.on('connect', ({ url = '' }: IncomingMessage, socket: Socket) => {
    tunnels.push(url);
    const onward = connect(port, host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      for (const end of [socket, onward]) end.on('data', (piece: Buffer) => void pieces.push(piece));
      onward.pipe(socket).pipe(onward);
    });
    const end = (): void => void (onward.destroy() && socket.destroy());
    for (const one of [socket, onward]) one.on('error', end);
  });
  return { server, tunnels, passed: () => Buffer.concat(pieces) };
}
