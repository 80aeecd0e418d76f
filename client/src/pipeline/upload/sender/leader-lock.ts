/**
 * One uploader for all tabs: the tab that holds the lock leads, and the others wait for it. The browser releases the
 * lock of a closed or killed tab (Web Locks API §2.3).
 */
export type Locks = Pick<LockManager, 'request'>;

const LEAD = 'relaypacs-uploader';

/** The lock of the page that writes this study into the queue. */
export const writingLock = (studyId: string): string => `relaypacs-writing-${studyId}`;

/** Runs `work` while this tab leads; resolves when `work` ends. Throws the signal's reason if aborted while waiting. */
export async function runAsLeader(
  locks: Locks,
  work: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await locks.request(LEAD, { signal }, work);
}

/** Whether another tab is waiting to lead. */
export async function isLeadWanted(locks: Pick<LockManager, 'query'>): Promise<boolean> {
  return (await locks.query()).pending?.some(({ name }) => name === LEAD) ?? false;
}

/** Holds a lock of this name while `work` runs, so that other tabs know about it. */
export async function holding<T>(locks: Locks, name: string, work: () => Promise<T>): Promise<T> {
  return (await locks.request(name, work)) as T;
}

/** Whether a tab that is still open holds the lock. */
export async function isHeld(locks: Locks, name: string): Promise<boolean> {
  return (await locks.request(name, { ifAvailable: true }, async (lock) => lock === null)) as boolean;
}
