/**
 * Where the filters of the list of studies (studies/day-list.ts) are kept, with the account, while the window is
 * open.
 */
export const KEPT_CHOICE = 'relaypacs-studies';

/**
 * Called after Send: a filter would hide the study that was just sent. Sorting and grouping stay as the person set
 * them.
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
