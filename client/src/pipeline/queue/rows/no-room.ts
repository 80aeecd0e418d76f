/**
 * The device's disk is full: `QuotaExceededError`, wherever it stands. IndexedDB tells it of a request or,
 * later, of the transaction as a whole (Indexed Database API §5.4), and Dexie then wraps it.
 */
export function isNoRoom(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = 'inner' in each ? each.inner : each.cause) {
    if (each.name === 'QuotaExceededError') return true;
  }
  return false;
}
