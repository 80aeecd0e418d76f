/** Locks this device at once, in all its tabs, as the automatic lock does (AutoLock.tsx). */
import { BY_HAND, LOCKED, lockMarkIn } from './lock-mark.ts';

export function lockDevice(): void {
  lockMarkIn(localStorage).write(LOCKED, BY_HAND);
  // The browser tells the other tabs alone.
  dispatchEvent(new StorageEvent('storage'));
}
