/**
 * Short messages from this gateway to the others on the same PostgreSQL. A message sent while the database is away is
 * delivered once it is back. Messages of others in the meantime are missed, and listeners are told so.
 */
import type { StandingConnection } from './standing-connection.ts';

export type MessageChannel = {
  /** At most 7 999 bytes (PostgreSQL's limit of a payload). Resolves once the message was sent, or is given up. */
  say(message: string): Promise<void>;
  /** Receives the messages of other gateways. `missed`: called when some may have been lost. */
  hear(heard: (message: string) => void, missed: () => void): void;
};

/**
 * The number of attempts. Each first waits for the connection, so only a server that is lost repeatedly exhausts them.
 */
const TRIES = 5;

/** `name`: an identifier that PostgreSQL accepts without quotes. */
export async function openMessageChannel(
  connection: StandingConnection,
  name: string,
): Promise<MessageChannel> {
  const listeners: ((message: string) => void)[] = [];
  await connection.listen(name, (message, isOwn) => {
    if (!isOwn) for (const heard of listeners) heard(message);
  });
  return {
    async say(message) {
      for (let left = TRIES; left > 0; left -= 1) {
        const isSaid = await connection.query('select pg_notify($1, $2)', [name, message]).then(
          () => true,
          () => false,
        );
        if (isSaid) return;
      }
    },
    hear(heard, missed) {
      listeners.push(heard);
      connection.on('back', missed);
    },
  };
}
