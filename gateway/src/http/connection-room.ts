/** How many connections the ports of one process hold together; those beyond are closed as they come. */
import type { Socket } from 'node:net';

/**
 * Node holds 64 KiB of a body that nobody reads for each connection: 2000 strangers, 165 MB. So many connections
 * are three hundred busy tablets, or any number behind a proxy.
 */
const CONNECTIONS = 2000;

export type ConnectionRoom = {
  /** A connection that has just come; it leaves when it closes. */
  readonly enter: (socket: Socket) => void;
};

/** `onFull`: one was closed. */
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
