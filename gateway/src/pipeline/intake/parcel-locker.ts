/**
 * Each parcel takes one request at a time, and the newest wins: a tablet that lost its network comes back while
 * the old connection still hangs, and must not wait for it to die. The holder of the lock is told to let go; the
 * bytes it wrote stay, and those still flowing in are taken first. Where several gateways take parcels into one
 * folder, this holds for all their requests together.
 *
 * The locker that comes with @tus/server asks again and again while it waits, with one core fully busy for as long
 * as the lock is held.
 */
import { ERRORS, type Lock, type Locker, type RequestRelease } from '@tus/server';
import type { LetGo, SharedLocks } from '../../database/shared-locks.ts';

/** A holder that was told to let go does so within lockDrainTimeout; after that it never will. */
const PATIENCE_MS = 30_000;

type Holder = { readonly letGo: RequestRelease; readonly gone: Promise<void>; free(): void };
type Own = Holder & { unlock(): Promise<void> };

/**
 * `endCurrent` returns the means to end the request that takes the lock: soon if another request wants the lock, at
 * once if the lock is lost. `shared`: null where this gateway is alone.
 */
export function createParcelLocker(endCurrent: () => LetGo, shared: SharedLocks | null): Locker {
  const holders = new Map<string, Holder>();
  return { newLock: (id) => createLock(id, holders, endCurrent, shared) };
}

function createLock(
  id: string,
  holders: Map<string, Holder>,
  endCurrent: () => LetGo,
  shared: SharedLocks | null,
): Lock {
  let own: Own | null = null;
  return {
    async lock(signal, release) {
      const end = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
      const newer = new AbortController();
      const endThis = endCurrent();
      const letGo = (because: 'wanted' | 'lost') => {
        newer.abort();
        endThis(because);
        return release();
      };
      const holder = await takeTurn(id, holders, () => letGo('wanted'), end);
      const ending = AbortSignal.any([end, newer.signal]);
      const unlock =
        shared === null
          ? async () => undefined
          : await shared.take(`parcel ${id}`, (because) => void letGo(because), ending);
      if (unlock === null) {
        holder.free();
        throw ERRORS.ERR_LOCK_TIMEOUT;
      }
      own = { ...holder, unlock };
    },
    async unlock() {
      const held = own;
      own = null;
      await held?.unlock();
      held?.free();
    },
  };
}

/**
 * Takes the turn among this gateway's requests. It is taken in the same step in which it is found free, so only one of
 * two waiting requests gets it. Throws ERR_LOCK_TIMEOUT at `end`.
 */
async function takeTurn(
  id: string,
  holders: Map<string, Holder>,
  letGo: RequestRelease,
  end: AbortSignal,
): Promise<Holder> {
  for (let before = holders.get(id); before; before = holders.get(id)) {
    await before.letGo();
    await Promise.race([before.gone, aborted(end)]);
    if (end.aborted) throw ERRORS.ERR_LOCK_TIMEOUT;
  }
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  const holder: Holder = {
    letGo,
    gone,
    free() {
      if (holders.get(id) === holder) holders.delete(id);
      resolve();
    },
  };
  holders.set(id, holder);
  return holder;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
