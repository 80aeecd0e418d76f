/**
 * The moment at which this device locks, shared by all its tabs and kept over reloads. A tablet that slept past that
 * moment, or whose page the browser had closed, asks for a sign-in before anything is drawn. Auto-lock.ts moves the
 * mark with each touch. The browser may lose the last writes to localStorage, so the database also records that
 * somebody left (left-note.ts).
 */
import { effect } from '@preact/signals';
import type { SessionStore } from '../net/session.ts';
import type { LeftNote } from './left-note.ts';

const KEY = 'relaypacs-locks-at';
/** The value of the mark after somebody left: nobody continues without signing in. Only a sign-in overwrites it. */
export const LOCKED = 0;
/** Stored in place of minutes: the gateway had ended the session. */
const ENDED = -1;
/** Stored in place of minutes: a person locked the device. */
export const BY_HAND = -2;

export interface LockMark {
  /** Milliseconds since 1970; null: nobody has signed in here, or the site uses no lock. */
  read(): number | null;
  /**
   * The minutes without a touch after which the mark locks. Negative: the gateway ended the session, or a person locked
   * the device (`BY_HAND`). Null: the person signed out, or it is not known.
   */
  minutes(): number | null;
  /** Notes that the gateway, and neither the person nor the lock, has ended the session. */
  endSession(): void;
  write(at: number | null, minutes?: number | null): void;
  /** The instances chosen but not sent when the device locked, summed over all tabs; 0 once somebody signs in. */
  notSent(): number;
  /** Adds the instances that a tab has cleared. Has an effect only while the device is locked. */
  addNotSent(count: number): void;
}

export function lockMarkIn(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>): LockMark {
  const parts = (): readonly number[] => storage.getItem(KEY)?.split(' ').map(Number) ?? [];
  const notSent = (): number => parts()[2] ?? 0;
  return {
    read: () => parts()[0] ?? null,
    minutes: () => parts()[1] || null,
    endSession() {
      if (parts()[0]) storage.setItem(KEY, `${LOCKED} ${ENDED}`);
    },
    notSent,
    addNotSent(count) {
      const [at, minutes = 0] = parts();
      if (at === LOCKED && count > 0) storage.setItem(KEY, `${at} ${minutes} ${notSent() + count}`);
    },
    write(at, minutes = null) {
      if (at === null) storage.removeItem(KEY);
      // One entry holds both values, so that no tab reads the time of one lock with the minutes of another.
      else storage.setItem(KEY, minutes === null ? String(at) : `${at} ${minutes}`);
    },
  };
}

/** Locks this device at once, in all its tabs, as the automatic lock does (AutoLock.tsx). */
export function lockDevice(): void {
  lockMarkIn(localStorage).write(LOCKED, BY_HAND);
  // The browser sends `storage` events only to the other tabs, so this tab gets its own here.
  dispatchEvent(new StorageEvent('storage'));
}

interface StartTools {
  readonly session: Pick<SessionStore, 'state' | 'resume' | 'signOut'>;
  readonly mark: LockMark;
  readonly left: Pick<LeftNote, 'read'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Leaves the page that the last person had open. */
  readonly begin: () => void;
  /** Whether the gateway can be reached; nobody could sign in without it. */
  readonly canSignIn: () => Promise<boolean>;
}

/**
 * Resumes the last session, or ends it where the device is locked: the gateway still knows the session if it could not
 * be reached when the last person left. The next person starts on the first page.
 */
export function startSession(tools: StartTools): void {
  const { session, mark, begin } = tools;
  void resumeOrEnd(tools);
  let before = session.state.peek();
  effect(() => {
    const state = session.state.value;
    if (state === 'signed-out' && before !== 'unknown' && before !== state) {
      if (mark.read() !== LOCKED) mark.write(LOCKED);
      begin();
    }
    if (state === 'signed-in' && before === 'signed-out') mark.write(null);
    before = state;
  });
}

/** Nothing is drawn until this has decided. */
async function resumeOrEnd({ session, mark, left, now, begin, canSignIn }: StartTools): Promise<void> {
  const gone = mark.read() === LOCKED ? null : await left.read();
  if (gone !== null) mark.write(LOCKED, gone.minutes);
  const lockedAt = mark.read();
  const isDue = lockedAt !== null && lockedAt <= now();
  if (!isDue || (lockedAt !== LOCKED && !(await canSignIn()))) return session.resume();
  if (lockedAt !== LOCKED) mark.write(LOCKED, mark.minutes());
  begin();
  // The lock itself stored the reason before.
  await session.signOut((mark.minutes() ?? ENDED) !== ENDED);
}
