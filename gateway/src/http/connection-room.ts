/** Limits how many connections the ports of one process hold together; further ones are closed at once. */
import type { Socket } from 'node:net';

/**
 * Node holds 64 KiB of an unread body for each connection: 2000 strangers take 165 MB. This many connections serve
 * three hundred busy tablets, or any number behind a proxy.
 */
const CONNECTIONS = 2000;

export type ConnectionRoom = {
  /** Registers a new connection; it is removed when it closes. */
  readonly enter: (socket: Socket) => void;
};

/** `onFull`: called when a connection was closed for lack of room. */
export function createConnectionRoom(onFull: () => void, places: number = CONNECTIONS): ConnectionRoom {
  let taken = 0;
  return {
    enter(socket) {
      if (taken === places) {
        onFull();
        socket.destroy();
        return;
      }
      taken += 1;
      socket.once('close', () => {
        taken -= 1;
      });
    },
  };
}
