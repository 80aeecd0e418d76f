/** Resolves once a socket is closed, cut or not: `events.once` would throw the error of one that was cut. */
import type { Socket } from 'node:net';

export const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.once('close', () => resolve());
  });
