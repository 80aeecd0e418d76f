/**
 * Named locks that gateways on one PostgreSQL share. The newest asker gets the lock: the holder is told to let go. They
 * are session-level advisory locks on the standing connection, any number of them, so a killed gateway frees its locks
 * with its connection.
 *
 * They exclude other gateways, not requests of the same gateway: a name may be asked for again here only after it was
 * freed (parcel-locker.ts).
 *
 * [Note: the newest asker] A free lock is taken with one query. If it is held, the asker tells all gateways (NOTIFY),
 * and every gateway hears all askers in the same order. The holder lets go; an asker that hears another one after it
 * heard itself gives up. A gateway that takes the lock just then without having asked is told to let go like any
 * holder.
 */
import { randomUUID } from 'node:crypto';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { StandingConnection } from './standing-connection.ts';

export type SharedLocks = {
  /**
   * Resolves with a function that frees the lock, once it is held; with null if a newer asker wants it, or `signal`
   * ended the wait. `letGo` is called when a newer asker wants the lock: the protected work must then end soon. It is
   * also called when the lock is lost with the connection: the work must end at once, because another gateway may hold
   * the lock. Waits while the database is away.
   */
  take(name: string, letGo: LetGo, signal: AbortSignal): Promise<(() => Promise<void>) | null>;
};

export type LetGo = (because: 'wanted' | 'lost') => void;

type Asker = {
  readonly ticket: string;
  readonly letGo: LetGo;
  state: 'asking' | 'held' | 'given-up';
  /**
   * The state of the asker's announcement that it waits: `heard` once the asker has heard its own announcement. An
   * asker heard after that is newer.
   */
  call: 'none' | 'said' | 'heard';
  /** Whether another asker waits for the lock, and has to be told when it is free. */
  isAwaited: boolean;
  wake(): void;
};

const WANTED = 'relaypacs_lock_wanted';
const FREE = 'relaypacs_lock_free';
/**
 * A killed gateway does not announce that its locks are free, so waiting askers ask again. Each costs only this many
 * queries.
 */
const ASK_AGAIN_MS = 200;
/** A UUID; the rest of the message is the lock's name. */
const TICKET_LENGTH = 36;

/** Queries to the server. One that is lost with the connection counts as refused. */
type Questions = {
  lock(name: string): Promise<boolean>;
  unlock(name: string, isAwaited: boolean): Promise<void>;
  /** Tells all gateways that this asker waits. */
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

/** Waits until the lock is announced as free, or it is time to ask again, or `ended`. */
async function waitToAskAgain(asker: Asker, called: Promise<void>, ended: Promise<void>): Promise<void> {
  const woken = new Promise<void>((resolve) => {
    asker.wake = resolve;
  });
  await Promise.race([called, ended]);
  const timer = setTimeout(() => asker.wake(), ASK_AGAIN_MS);
  await Promise.race([woken, ended]);
  clearTimeout(timer);
}

/** Asks the server once; true if the lock is held now. Returns early when `ended` resolves. */
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
  // This asker is newer than those who called before.
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

/** Tells this gateway's askers what other gateways announce, and that the connection was lost. */
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
      // The asker's announcement may have reached nobody.
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
        // The lock was lost with the connection: there is nothing to free, and another gateway may hold it.
        if (askers.get(name) !== asker) return;
        askers.delete(name);
        await questions.unlock(name, asker.isAwaited);
      };
    },
  };
}

/** Another asker has announced that it waits for the lock that this one holds or asks for. */
function hearAnother(asker: Asker): void {
  if (asker.state === 'held' || asker.call === 'none') asker.isAwaited = true;
  if (asker.state === 'held') asker.letGo('wanted');
  if (asker.state !== 'asking' || asker.call !== 'heard') return;
  asker.state = 'given-up';
  asker.wake();
}
