/**
 * One request at a time on one parcel, and the newest wins: a tablet that lost its network comes back while the old connection still hangs,
 * and must not wait for it to die. Who holds the lock is told to let go; what it wrote stays.
 *
 * The locker that comes with @tus/server asks again and again while it waits, with one core fully busy for as long as the lock is held.
 */
import { ERRORS, type Lock, type Locker, type RequestRelease } from '@tus/server';

/** A holder that was told lets go within lockDrainTimeout; one that does not by now never will. */
const PATIENCE_MS = 30_000;

type Holder = { readonly release: RequestRelease; readonly gone: Promise<void>; readonly free: () => void };

/** `stopCurrent` gives what ends the request that takes the lock, for when another one wants it. */
export function createParcelLocker(stopCurrent: () => () => void): Locker {
  const holders = new Map<string, Holder>();
  return { newLock: (id) => createLock(id, holders, stopCurrent) };
}

function createLock(id: string, holders: Map<string, Holder>, stopCurrent: () => () => void): Lock {
  let own: Holder | null = null;
  return {
    async lock(signal, release) {
      const end = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
      for (let holder = holders.get(id); holder; holder = holders.get(id)) {
        await holder.release();
        await Promise.race([holder.gone, aborted(end)]);
        if (end.aborted) throw ERRORS.ERR_LOCK_TIMEOUT;
      }
      const { promise: gone, resolve: free } = Promise.withResolvers<void>();
      const stop = stopCurrent();
      const letGo: RequestRelease = () => {
        stop();
        return release();
      };
      own = { release: letGo, gone, free };
      holders.set(id, own);
    },
    async unlock() {
      if (own === null) return;
      if (holders.get(id) === own) holders.delete(id);
      own.free();
      own = null;
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
