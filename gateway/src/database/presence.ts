/**
 * How gateways on one PostgreSQL know of each other. Each holds a shared advisory lock on its standing connection,
 * which the server frees as soon as the process is gone, for whatever reason. A gateway that gets the lock exclusively
 * is alone.
 *
 * While a gateway's connection is away (the server was restarted) the gateway is not seen. Another one that starts just
 * then may run jobs at the same time, which every stage tolerates.
 */
import { setTimeout as after } from 'node:timers/promises';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { sql, type Kysely } from 'kysely';
import type { StandingConnection } from './standing-connection.ts';

/** Numbers that nothing else locks in this database: "relaypac" in ASCII, and the two after it. */
const LOCK = 0x72656c61_79706163n.toString();
/** Held shared by whoever works with the schema, from before it looks at it. */
const SCHEMA_LOCK = 0x72656c61_79706164n.toString();
/** Held by the one gateway that changes the schema now. */
const CLIMB_LOCK = 0x72656c61_79706165n.toString();
const LOOK_AGAIN_MS = 100;
/** A gateway that has just started looks at the schema for a moment, and then waits for its turn. */
const ALONE_WITHIN_MS = 5_000;

/** False: whoever was alone is so no longer, because its connection was lost. Holds until the transaction ends. */
export type IsStillAlone = (trx: Kysely<unknown>) => Promise<boolean>;

export type Presence = {
  /**
   * Runs `whenAlone` first, while nothing else can join, if no other gateway is present. Joining again leaves first.
   * Throws when the connection is lost meanwhile.
   */
  join(whenAlone: () => Promise<void>): Promise<void>;
  /** Call it before the schema is looked at: nobody changes it in a way that this gateway could not work with. */
  arrive(): Promise<void>;
  /** Runs it while no other gateway works with the schema, or arrives. Null: another one does, and it did not run. */
  whileAlone<T>(run: (isStill: IsStillAlone) => Promise<T>): Promise<T | null>;
  /**
   * Called whenever the connection was lost and the gateway works with the schema again: another one may have changed
   * it in between.
   */
  onReturn(look: () => void): void;
  /** Runs it when no other gateway is doing so. */
  inTurn<T>(run: () => Promise<T>): Promise<T>;
};

/** The shared lock can only be had once the exclusive one is gone. */
const isLocked: IsStillAlone = async (trx) => {
  const { rows } = await sql<{ is: boolean }>`
    select not pg_try_advisory_xact_lock_shared(${SCHEMA_LOCK}) as is`.execute(trx);
  return rows[0]?.is === true;
};

export function createPresence(connection: StandingConnection): Presence {
  let isHere = false;
  const ask = async (statement: string, lock = LOCK): Promise<boolean> =>
    (await connection.query<{ is: boolean }>(`select ${statement}($1) as is`, [lock]))[0]?.is === true;
  const take = async (statement: string, lock: string, withinMs = Number.POSITIVE_INFINITY) => {
    const end = performance.now() + withinMs;
    while (!(await ask(statement, lock))) {
      if (performance.now() > end) return false;
      await after(LOOK_AGAIN_MS);
    }
    return true;
  };
  let hasArrived = false;
  const looks: (() => void)[] = [];
  connection.on('back', () => {
    const again = 'lost again: the next time it is back';
    if (isHere) void ignoreFailure(take('pg_try_advisory_lock_shared', LOCK), again);
    if (hasArrived)
      void ignoreFailure(
        take('pg_try_advisory_lock_shared', SCHEMA_LOCK).then(() => {
          for (const look of looks) look();
        }),
        again,
      );
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
    async arrive() {
      await take('pg_try_advisory_lock_shared', SCHEMA_LOCK);
      hasArrived = true;
    },
    async whileAlone(run) {
      if (!(await take('pg_try_advisory_lock', SCHEMA_LOCK, ALONE_WITHIN_MS))) return null;
      return run(isLocked).finally(() => ask('pg_advisory_unlock', SCHEMA_LOCK));
    },
    onReturn: (look) => void looks.push(look),
    async inTurn(run) {
      // Who waits for its turn does not work with the schema.
      if (hasArrived) await ask('pg_advisory_unlock_shared', SCHEMA_LOCK);
      hasArrived = false;
      await take('pg_try_advisory_lock', CLIMB_LOCK);
      await take('pg_try_advisory_lock_shared', SCHEMA_LOCK);
      hasArrived = true;
      return run().finally(() => ask('pg_advisory_unlock', CLIMB_LOCK));
    },
  };
}
