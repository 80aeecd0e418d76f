/**
 * Records in the database that somebody left this device. The browser writes localStorage, and so the lock's mark,
 * seconds later. A window closed before that would resume the session with its cookie, which stays valid until the
 * gateway is told.
 */
import { knownLeft, rememberLeft, type Left } from '../pipeline/queue/rows/device-notes.ts';
import type { LocalDatabase } from '../pipeline/queue/rows/local-database.ts';
import type { SessionTools } from '../net/session.ts';

/** A database that does not answer within this time is ignored, so that it keeps nobody from signing in or out. */
const WITHIN_MS = 3_000;

export interface LeftNote {
  /** How the last person left, if nobody has signed in since; null: nobody left, or the note cannot be read. */
  read(): Promise<Left | null>;
  /** Never rejects. */
  readonly keep: NonNullable<SessionTools['keepLeft']>;
}

/** `minutes`: the minutes that the lock's mark stands for (lock-mark.ts). `later`: calls `work` after `ms`. */
export function createLeftNote(
  database: LocalDatabase,
  minutes: () => number | null,
  later: (work: () => void, ms: number) => void,
): LeftNote {
  const inTime = <T>(work: Promise<T>): Promise<T | null> =>
    Promise.race([
      work.catch(() => null),
      new Promise<null>((resolve) => later(() => resolve(null), WITHIN_MS)),
    ]);
  return {
    read: () => inTime(knownLeft(database)),
    async keep(left) {
      const how = left && { minutes: left === 'locked' ? minutes() : null };
      await inTime(rememberLeft(database, how));
    },
  };
}
