/**
 * How gateways on one PostgreSQL know of each other. Each holds a shared advisory lock on its standing connection,
 * which the server frees as soon as the process is gone, for whatever reason. A gateway that gets the lock exclusively
 * is alone.
 *
 * While a gateway's connection is away (the server was restarted) the gateway is not seen. Another one that starts just
 * then may run jobs at the same time, which every stage tolerates.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { StandingConnection } from './standing-connection.ts';

/** A number that nothing else locks in this database: "relaypac" in ASCII. */
const LOCK = ((0x72656c61n << 32n) | 0x79706163n).toString();

type Presence = {
  /**
   * Runs `whenAlone` first, while nothing else can join, if no other gateway is present. Joining again leaves first.
   * Throws when the connection is lost meanwhile.
   */
  join(whenAlone: () => Promise<void>): Promise<void>;
};

export function createPresence(connection: StandingConnection): Presence {
  let isHere = false;
  const ask = async (statement: string): Promise<boolean> =>
    (await connection.query<{ is: boolean }>(`select ${statement}($1) as is`, [LOCK]))[0]?.is === true;
  connection.on('back', () => {
    if (isHere) void ignoreFailure(ask('pg_advisory_lock_shared'), 'lost again: the next time it is back');
  });
  return {
    async join(whenAlone) {
      if (isHere) await ask('pg_advisory_unlock_shared');
      isHere = false;
      const isAlone = await ask('pg_try_advisory_lock');
      if (isAlone) await whenAlone();
      // The connection may hold both locks. Taking the shared one first leaves no moment in which another gateway could
      // think that it is alone.
      await ask('pg_advisory_lock_shared');
      if (isAlone) await ask('pg_advisory_unlock');
      isHere = true;
    },
  };
}
