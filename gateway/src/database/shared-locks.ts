/**
 * Locks by name that gateways on one PostgreSQL share, and the newest asker gets them: the holder is told to
 * let go. Session-level advisory locks on the standing connection, any number of them: a gateway that is
 * killed frees its own with its connection.
 *
 * It keeps gateways apart, not the requests of one gateway: a name may be asked for again here only after it
 * was freed (parcel-locker.ts).
 *
 * [Note: the newest asker] A lock that is free is taken with one question. Where it is held, the asker says
 * so to all (NOTIFY), and every gateway hears all askers in the same order. The holder lets go; an asker who
 * hears another one after it heard itself gives up. A gateway that takes the lock just then without having
 * asked is told to let go like any holder.
 */
import { randomUUID } from 'node:crypto';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { StandingConnection } from './standing-connection.ts';

export type SharedLocks = {
  /**
   * Resolves with a function that frees the lock, once it is held; with null if somebody newer wants it, or
   * `signal` ended the waiting. `letGo` is called when somebody newer wants it: what it protects must end
   * soon; and when it is lost with the connection: then it must end now, for another one may hold it. Waits
   * while the database is away.
   */
  take(name: string, letGo: LetGo, signal: AbortSignal): Promise<(() => Promise<void>) | null>;
};

export type LetGo = (because: 'wanted' | 'lost') => void;

type Asker = {
  readonly ticket: string;
  readonly letGo: LetGo;
  state: 'asking' | 'held' | 'given-up';
  /** The asker's announcement that it waits: `heard` once it heard its own. Any caller after that is newer. */
  call: 'none' | 'said' | 'heard';
  /** Another asker waits for the lock and is told when it is free. */
  isAwaited: boolean;
  wake(): void;
};

const WANTED = 'relaypacs_lock_wanted';
const FREE = 'relaypacs_lock_free';
/**
 * A killed gateway does not announce that its locks are free, so waiters ask again. Each waiter costs only
 * this many questions.
 */
const ASK_AGAIN_MS = 200;
/** A UUID; the rest of the message is the lock's name. */
const TICKET_LENGTH = 36;

/** Questions to the server. One that is lost with the connection counts as refused. */
type Questions = {
  lock(name: string): Promise<boolean>;
  unlock(name: string, isAwaited: boolean): Promise<void>;
  /** Says to all gateways that this asker waits. */
  call(name: string, asker: Asker): Promise<void>;
};

function questionsTo(connection: StandingConnection): Questions {
  return {
    async lock(name) {
      const rows = await connection
        .query<{ got: boolean }>('select pg_try_advisory_lock(hashtextextended($1, 0)) as got', [name])
        .catch(() => []);
      return rows[0]?.got === true;
    },
    async unlock(name, isAwaited) {
      const tell = isAwaited ? `, pg_notify('${FREE}', $1)` : '';
      const unlocked = connection.query(`select pg_advisory_unlock(hashtextextended($1, 0))${tell}`, [name]);
      await ignoreFailure(unlocked, 'the server frees it with the connection that was lost');
    },
    async call(name, asker) {
      asker.call = 'said';
      try {
        await connection.query('select pg_notify($1, $2)', [WANTED, `${asker.ticket}${name}`]);
      } catch {
        asker.call = 'none';
      }
    },
  };
}

/** Until somebody says that the lock is free, or it is time to ask again, or `ended`. */
async function waitToAskAgain(asker: Asker, called: Promise<void>, ended: Promise<void>): Promise<void> {
  const woken = new Promise<void>((resolve) => {
    asker.wake = resolve;
  });
  await Promise.race([called, ended]);
  const timer = setTimeout(() => asker.wake(), ASK_AGAIN_MS);
  await Promise.race([woken, ended]);
  clearTimeout(timer);
}

/** Asks once: true once the lock is held. Ends early with `ended`. */
async function ask(
  { lock, unlock, call }: Questions,
  name: string,
  asker: Asker,
  ended: Promise<void>,
): Promise<boolean> {
  const asked = lock(name);
  const got = await Promise.race([asked, ended]);
  if (got === undefined || (got && asker.state === 'given-up')) {
    void asked.then((late) => (late ? unlock(name, true) : undefined));
    return false;
  }
  if (got) return true;
  // The asker is newer than those who called before.
  asker.isAwaited = false;
  await waitToAskAgain(asker, asker.call === 'none' ? call(name, asker) : Promise.resolve(), ended);
  return false;
}

function createAsker(letGo: LetGo): Asker {
  return {
    ticket: randomUUID(),
    letGo,
    state: 'asking',
    call: 'none',
    isAwaited: false,
    wake: () => undefined,
  };
}

/** Keeps the askers of this gateway informed of what the others say, and of the loss of the connection. */
async function tellAskers(connection: StandingConnection, askers: Map<string, Asker>): Promise<void> {
  await connection.listen(WANTED, (message) => {
    const asker = askers.get(message.slice(TICKET_LENGTH));
    if (asker === undefined) return;
    if (message.startsWith(asker.ticket)) asker.call = 'heard';
    else hearAnother(asker);
  });
  await connection.listen(FREE, (name) => askers.get(name)?.wake());
  connection.on('lost', () => {
    for (const [name, asker] of askers) {
      // The asker's call may have reached nobody.
      asker.call = 'none';
      if (asker.state !== 'held') continue;
      askers.delete(name);
      asker.letGo('lost');
    }
  });
}

export async function createSharedLocks(connection: StandingConnection): Promise<SharedLocks> {
  const askers = new Map<string, Asker>();
  const questions = questionsTo(connection);
  await tellAskers(connection, askers);
  return {
    async take(name, letGo, signal) {
      const asker = createAsker(letGo);
      const ended = new Promise<void>((resolve) =>
        signal.addEventListener('abort', () => resolve(), { once: true }),
      );
      askers.set(name, asker);
      let isHeld = false;
      while (!isHeld && !signal.aborted && asker.state === 'asking')
        isHeld = await ask(questions, name, asker, ended);
      if (!isHeld) {
        askers.delete(name);
        return null;
      }
      asker.state = 'held';
      if (asker.isAwaited) letGo('wanted');
      return async () => {
        // Lost with the connection: there is nothing to free, and another one may hold it.
        if (askers.get(name) !== asker) return;
        askers.delete(name);
        await questions.unlock(name, asker.isAwaited);
      };
    },
  };
}

/** Somebody else said that they wait for what this one holds or asks for. */
function hearAnother(asker: Asker): void {
  if (asker.state === 'held' || asker.call === 'none') asker.isAwaited = true;
  if (asker.state === 'held') asker.letGo('wanted');
  if (asker.state !== 'asking' || asker.call !== 'heard') return;
  asker.state = 'given-up';
  asker.wake();
}
