/** Where the choice of the list of studies (studies/day-list.ts) is kept, with its person, while the window is open. */
export const KEPT_CHOICE = 'relaypacs-studies';

/**
 * After Send: what narrows the list would hide the study that was just sent. How it is ordered and grouped stays as a
 * person set it.
 */
export function endNarrowing(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>): void {
  try {
    const { sort, byPatient, account } = JSON.parse(storage.getItem(KEPT_CHOICE) ?? '{}') as Record<
      string,
      unknown
    >;
    storage.setItem(KEPT_CHOICE, JSON.stringify({ sort, byPatient, account }));
  } catch {
    storage.removeItem(KEPT_CHOICE);
  }
}
