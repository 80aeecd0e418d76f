/**
 * When this device locks, for all its tabs and over reloads: a tablet that slept through that moment, or whose page
 * the browser had closed, asks who is there before anything is drawn. Auto-lock.ts moves the mark with each touch.
 * The browser may lose what it was told last: that somebody left is kept in the database too (left-note.ts).
 */
import { effect } from '@preact/signals';
import type { SessionStore } from '../net/session.ts';
import type { LeftNote } from './left-note.ts';

const KEY = 'relaypacs-locks-at';
/** Somebody left: nobody continues here without signing in. Only a sign-in overwrites it. */
export const LOCKED = 0;
/** Instead of minutes: the gateway had ended the session. */
const ENDED = -1;
/** Instead of minutes: a person locked the device. */
export const BY_HAND = -2;

export interface LockMark {
  /** Milliseconds since 1970; null: nobody has signed in here, or the site wants no lock. */
  read(): number | null;
  /**
   * The minutes without a touch that the mark stands for; negative: the gateway ended the session, or a person locked
   * the device (`BY_HAND`); null: the person signed out, or it is not known.
   */
  minutes(): number | null;
  /** The gateway has ended the session of the person who is here: not their own doing, and not the lock's. */
  endSession(): void;
  write(at: number | null, minutes?: number | null): void;
  /** Instances that were chosen and not sent when the device locked, in all tabs together; 0 once somebody signs in. */
  notSent(): number;
  /** A tab has cleared so many. Counts while the device is locked. */
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
      // The entry holds both values: no tab sees the time of one lock with the minutes of another.
      else storage.setItem(KEY, minutes === null ? String(at) : `${at} ${minutes}`);
    },
  };
}

interface StartTools {
  readonly session: Pick<SessionStore, 'state' | 'resume' | 'signOut'>;
  readonly mark: LockMark;
  readonly left: Pick<LeftNote, 'read'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Leaves the page of the last person. */
  readonly begin: () => void;
  /** Whether the gateway can be reached: without it nobody could sign in. */
  readonly canSignIn: () => Promise<boolean>;
}

/**
 * Resumes the session of last time, or ends it where the device is locked: a gateway that could not be reached when
 * the last person left would still know it. The next person begins at the beginning.
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

/** Nothing is drawn until this is decided. */
async function resumeOrEnd({ session, mark, left, now, begin, canSignIn }: StartTools): Promise<void> {
  const gone = mark.read() === LOCKED ? null : await left.read();
  if (gone !== null) mark.write(LOCKED, gone.minutes);
  const lockedAt = mark.read();
  const isDue = lockedAt !== null && lockedAt <= now();
  if (!isDue || (lockedAt !== LOCKED && !(await canSignIn()))) return session.resume();
  if (lockedAt !== LOCKED) mark.write(LOCKED, mark.minutes());
  begin();
  // A lock notes how it came.
  await session.signOut((mark.minutes() ?? ENDED) !== ENDED);
}
